package org.latent4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.latent4j.latent.Rollout;
import org.latent4j.latent.Sampling;
import org.latent4j.latent.StopReason;
import org.latent4j.memory.Memory;
import org.latent4j.memory.MemoryType;
import org.latent4j.model.ModelOptions;

/** Opening, describing, refusing, closing. */
class LatentModelTest {
    private final Golden golden = Golden.of("tiny-qwen3");

    private static ModelOptions.Builder small() {
        return Golden.options().threads(1).memoryPositions(4096).memoryType(MemoryType.F32);
    }

    private static void refused(ErrorCode code, Runnable body, String... parts) {
        assertThatThrownBy(body::run).isInstanceOfSatisfying(LatentException.class, e -> {
            assertThat(e.code()).isEqualTo(code);
            assertThat(e).hasMessageStartingWith("[" + code + "] ");
            for (String part : parts) {
                assertThat(e).hasMessageContaining(part);
            }
        });
    }

    @Test
    void theShapeIsTheCheckpoints() {
        try (LatentModel model = LatentModel.open(golden.folder(), small().pageSize(32).build())) {
            assertThat(model.info()).extracting("family", "nLayers", "dModel", "nHeads", "nKvHeads", "headDim", "dFf",
                    "vocabularySize", "maxPositions").containsExactly("qwen3", 3, 64, 4, 2, 32, 160, 512, 4096);
            assertThat(model.info().json()).contains("\"page_size\":32", "\"memory_type\":\"F32\"",
                    "\"tied_embeddings\":true");
            assertThat(model.freePages()).isEqualTo(128);
            assertThat(model.path()).isEqualTo(golden.folder());
            assertThat(model.generation()).isNotNull();
            assertThat(model.tokenizer().vocabularySize()).isPositive();
            assertThat(model.tokenizer()).isSameAs(model.tokenizer());
            assertThat(model.chatTemplate()).isNotNull();
        }
    }

    @Test
    void theDeviceIsNamed() {
        try (LatentModel model = LatentModel.open(golden.folder(), Golden.device())) {
            assertThat(model.info().device()).isEqualTo(Golden.device());
            assertThat(model.info().deviceName()).isNotBlank();
        }
        try (LatentModel model = LatentModel.open(golden.folder().toString())) {
            assertThat(model.info().device()).isEqualTo(Device.best());
        }
    }

    @Test
    void aDeviceThatIsNotThereIsAnError() {
        Machine machine = Machine.current();
        refused(ErrorCode.NO_DEVICE, () -> LatentModel.open(golden.folder(), Device.cuda(99)), "cuda:99", "present: cpu",
                machine.noCuda().map(why -> "(no CUDA: " + why + ")").orElse(", cuda:0 ("));
    }

    @Test
    void ticketsAreForMemoriesOnGpus() {
        try (LatentModel model = LatentModel.open(golden.folder(), Golden.options().memoryPositions(256).build());
                Memory memory = model.newMemory()) {
            model.rollout(Rollout.builder().add(memory, new int[] {1, 2, 3}).build());
            if (Golden.device().isCuda()) {
                assertThat(memory.ticket()).contains("handle");
                refused(ErrorCode.BAD_ARGUMENT, () -> model.adopt("no ticket"), "ticket");
            } else {
                refused(ErrorCode.UNSUPPORTED, memory::ticket, "cpu");
                refused(ErrorCode.UNSUPPORTED, () -> model.adopt("{}"), "cpu");
            }
        }
    }

    @Test
    void badFilesAreRefusedByName(@TempDir Path folder) throws IOException {
        refused(ErrorCode.FILE_NOT_FOUND, () -> LatentModel.open(folder.resolve("nowhere")), "nowhere");
        refused(ErrorCode.FILE_NOT_FOUND, () -> LatentModel.open(folder), folder.toString());
        Files.copy(golden.folder().resolve("config.json"), folder.resolve("config.json"));
        byte[] weights = Files.readAllBytes(golden.folder().resolve("model.safetensors"));
        Files.write(folder.resolve("model.safetensors"), java.util.Arrays.copyOf(weights, weights.length - 100));
        refused(ErrorCode.BAD_CHECKPOINT, () -> LatentModel.open(folder), "model.safetensors");
        Files.write(folder.resolve("x.gguf"), new byte[] {'G', 'G', 'U', 'F', 3, 0, 0, 0, -1, -1, -1, -1, -1, -1, -1,
                -1});
        refused(ErrorCode.BAD_CHECKPOINT, () -> LatentModel.open(folder.resolve("x.gguf")), "x.gguf");
        Files.write(folder.resolve("model.safetensors"), weights);
        Files.writeString(folder.resolve("config.json"), Files.readString(folder.resolve("config.json"))
                .replace("Qwen3ForCausalLM", "FancyForCausalLM").replace("\"qwen3\"", "\"fancy\""));
        refused(ErrorCode.UNSUPPORTED, () -> LatentModel.open(folder), "ancy");
    }

    @Test
    void aPathWithAnyLettersOpens(@TempDir Path folder) throws IOException {
        Path copy = Files.createDirectory(folder.resolve("with space and quote'"));
        for (String name : List.of("config.json", "model.safetensors")) {
            Files.copy(golden.folder().resolve(name), copy.resolve(name));
        }
        try (LatentModel model = LatentModel.open(copy, small().build())) {
            assertThat(model.info().nLayers()).isEqualTo(3);
        }
    }

    /** A tokenizer may have more tokens than the model has embeddings. */
    @Test
    void aCheckpointMaySuppressTokensThatTheModelLacks(@TempDir Path folder) throws IOException {
        for (String name : List.of("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")) {
            Files.copy(golden.folder().resolve(name), folder.resolve(name));
        }
        String config = Files.readString(folder.resolve("tokenizer_config.json"));
        String more = IntStream.range(0, 50).mapToObj(i -> "\"<image " + i + ">\"").toList().toString();
        Files.writeString(folder.resolve("tokenizer_config.json"),
                config.replaceFirst("\\{", "{\"additional_special_tokens\": " + more + ", "));
        Files.writeString(folder.resolve("generation_config.json"), "{\"suppress_tokens\": [512, 5]}");
        try (LatentModel model = LatentModel.open(folder, small().build())) {
            assertThat(model.tokenizer().vocabularySize()).isEqualTo(471 + 50);
            assertThat(model.generation().penalties().suppressed()).containsExactly(5);
            assertThat(Team.builder(model).latentSteps(2).maxNewTokens(4).build().ask("a?").text()).isNotNull();
        }
    }

    @Test
    void anInstructionSetThatIsNotThereIsAnError() {
        refused(ErrorCode.UNSUPPORTED, () -> LatentModel.open(golden.folder(), small().cpuLevel("sse9").build()),
                "sse9", "plain");
    }

    @Test
    void aPoolLargerThanAnyAddressSpaceIsRefusedWithItsSize() {
        refused(ErrorCode.BAD_ARGUMENT,
                () -> LatentModel.open(golden.folder(), small().memoryPositions(Long.MAX_VALUE).build()),
                "576460752303423488 pages");
    }

    @Test
    void badRolloutsLeaveEverythingUsable() {
        try (LatentModel model = LatentModel.open(golden.folder(), small().memoryPositions(64).build());
                Memory memory = model.newMemory()) {
            long free = model.freePages();
            assertThatThrownBy(() -> model.rollout(Rollout.builder().add(memory, new int[] {1, 2, 512}).build()))
                    .isInstanceOf(IllegalArgumentException.class).hasMessageContainingAll("512", "index 2", "0 to 511");
            assertThatThrownBy(() -> model.rollout(Rollout.builder().add(memory, new int[] {-1}).build()))
                    .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("-1");
            refused(ErrorCode.NO_HIDDEN_STATE, () -> model.rollout(Rollout.builder().add(memory, new int[0])
                    .latentSteps(1).build()));
            refused(ErrorCode.CONTEXT_EXCEEDED, () -> model.rollout(Rollout.builder().add(memory, new int[5000])
                    .build()), "4096");
            refused(ErrorCode.CONTEXT_EXCEEDED,
                    () -> model.rollout(Rollout.builder().add(memory, new int[1]).latentSteps(4096).build()), "4096");
            refused(ErrorCode.OUT_OF_PAGES, () -> model.rollout(Rollout.builder().add(memory, new int[100]).build()),
                    "need 7", "free 4");
            assertThat(memory.length()).isZero();
            assertThat(model.freePages()).isEqualTo(free);
            assertThat(model.rollout(Rollout.builder().add(memory, golden.prompt(3)).sampling(Sampling.greedy(16))
                    .build()).tokens(0))
                    .isEqualTo(golden.ints("single.tokens"));
            try (Memory stolen = Memories.notOurs()) {
                assertThatThrownBy(() -> model.rollout(Rollout.builder().add(stolen, new int[] {1}).build()))
                        .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("LatentModel");
            }
        }
    }

    /** A Memory that somebody else implemented. */
    private static final class Memories {
        static Memory notOurs() {
            return (Memory) java.lang.reflect.Proxy.newProxyInstance(Memory.class.getClassLoader(),
                    new Class<?>[] {Memory.class},
                    (proxy, method, arguments) -> null);
        }
    }

    @Test
    void aFullContextEndsDecoding() {
        try (LatentModel model = LatentModel.open(golden.folder(), small().memoryPositions(8192).build());
                Memory memory = model.newMemory()) {
            int[] prompt = new int[4090];
            java.util.Arrays.fill(prompt, 7);
            var member = model.rollout(
                    Rollout.builder().add(memory, prompt).sampling(Sampling.greedy(Integer.MAX_VALUE)).build())
                            .members().get(0);
            assertThat(member.stopReason()).isEqualTo(StopReason.CONTEXT);
            assertThat(member.tokens()).hasSize(7);
            assertThat(memory.length()).isEqualTo(4096);
        }
    }

    @Test
    void weightsAreSharedAndPoolsAreNot() {
        try (LatentModel one = LatentModel.open(golden.folder(), small().build());
                LatentModel two = LatentModel.open(golden.folder(), small().build());
                Memory memory = one.newMemory()) {
            one.rollout(Rollout.builder().add(memory, golden.prompt(0)).build());
            assertThat(one.freePages()).isEqualTo(256 - 3);
            assertThat(two.freePages()).isEqualTo(256);
            assertThat(one.peakMemoryBytes()).isEqualTo(3 * 16 * 3 * 2 * 2 * 32 * 4);
        }
    }

    @Test
    void aClosedModelSaysSo() {
        LatentModel model = LatentModel.open(golden.folder(), small().build());
        Memory memory = model.newMemory();
        Memory closed = model.newMemory();
        closed.close();
        refused(ErrorCode.CLOSED, () -> model.rollout(Rollout.builder().add(closed, new int[] {1}).build()), "memory");
        refused(ErrorCode.CLOSED, () -> model.assemble(List.of(new org.latent4j.memory.Span(closed, 0, 1)), true),
                "memory");
        model.close();
        model.close();
        assertThat(model.isClosed()).isTrue();
        refused(ErrorCode.CLOSED, model::newMemory, "model");
        refused(ErrorCode.CLOSED, model::freePages, "model");
        refused(ErrorCode.CLOSED, () -> model.rollout(Rollout.builder().add(memory, new int[] {1}).build()), "model");
        refused(ErrorCode.CLOSED, () -> model.adopt(memory), "model");
        memory.close();
    }
}
