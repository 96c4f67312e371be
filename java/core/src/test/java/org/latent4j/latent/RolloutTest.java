package org.latent4j.latent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.latent4j.Golden;
import org.latent4j.LatentException;
import org.latent4j.LatentModel;
import org.latent4j.memory.Memory;
import org.latent4j.memory.MemoryType;
import org.latent4j.model.ModelOptions;

/** What a rollout refuses before it begins, and what sampling promises. */
class RolloutTest {
    private final Golden golden = Golden.of("tiny-qwen3");

    private LatentModel open(int threads) {
        return LatentModel.open(golden.folder(),
                Golden.options().threads(threads).memoryType(MemoryType.F32).memoryPositions(16384).build());
    }

    @Test
    void valuesOutOfRangeAreRefusedWithTheValue() {
        assertThatThrownBy(() -> Rollout.builder().latentSteps(-1)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("-1");
        assertThatThrownBy(() -> Rollout.builder().build()).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Sampling(-5, 0, 1, 0, new int[0])).hasMessageContaining("-5");
        assertThatThrownBy(() -> new Sampling(1, -0.5f, 1, 0, new int[0])).hasMessageContaining("-0.5");
        assertThatThrownBy(() -> new Sampling(1, Float.NaN, 1, 0, new int[0])).hasMessageContaining("NaN");
        assertThatThrownBy(() -> new Sampling(1, 1, 0, 0, new int[0])).hasMessageContaining("topP is 0.0");
        assertThatThrownBy(() -> new Sampling(1, 1, 1.5f, 0, new int[0])).hasMessageContaining("1.5");
        assertThatThrownBy(() -> new Sampling(1, 1, 1, -3, new int[0])).hasMessageContaining("-3");
        assertThatThrownBy(() -> ModelOptions.builder().pageSize(12).build()).hasMessageContaining("12");
        assertThatThrownBy(() -> ModelOptions.builder().threads(-2).build()).hasMessageContaining("-2");
        assertThatThrownBy(() -> ModelOptions.builder().memoryPositions(-7).build()).hasMessageContaining("-7");
    }

    @Test
    void oneMemoryTwiceIsRefused() {
        try (LatentModel model = open(1); Memory memory = model.newMemory()) {
            assertThatThrownBy(() -> Rollout.builder().add(memory, new int[] {1}).add(memory, new int[] {2}).build())
                    .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("0 and 1");
            assertThatThrownBy(() -> Rollout.builder().add(memory, new int[] {1}).captureLogits().build())
                    .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("maxNewTokens");
        }
    }

    @Test
    void aSeedDecidesAlone() {
        int[] one = sample(1, 7);
        assertThat(sample(1, 7)).isEqualTo(one).hasSize(32);
        assertThat(sample(2, 7)).isEqualTo(one);
        assertThat(sample(1, 8)).isNotEqualTo(one);
    }

    private int[] sample(int threads, long seed) {
        try (LatentModel model = open(threads); Memory memory = model.newMemory()) {
            return model.rollout(Rollout.builder().add(memory, golden.prompt(3), seed).latentSteps(3)
                    .sampling(new Sampling(32, 1.5f, 0.95f, 0, new int[0])).build()).tokens(0);
        }
    }

    @Test
    void anEndTokenIsTheLast() {
        int[] greedy = golden.ints("single.tokens");
        int end = greedy[5];
        int first = 0;
        while (greedy[first] != end) {
            first++;
        }
        try (LatentModel model = open(1); Memory memory = model.newMemory()) {
            RolloutResult result = model.rollout(
                    Rollout.builder().add(memory, golden.prompt(3)).sampling(Sampling.greedy(16, 511, end)).build());
            assertThat(result.tokens(0)).hasSize(first + 1).startsWith(greedy[0]).endsWith(end);
            assertThat(result.members().get(0).stopReason()).isEqualTo(StopReason.END_TOKEN);
            assertThat(memory.length()).isEqualTo(golden.prompt(3).length + first);
        }
    }

    @Test
    void figuresSumOverMembers() {
        try (LatentModel model = open(2); Memory a = model.newMemory(); Memory b = model.newMemory()) {
            RolloutFigures figures = model.rollout(Rollout.builder().add(a, golden.prompt(0)).add(b, golden.prompt(2))
                    .latentSteps(5)
                    .sampling(Sampling.greedy(4)).build()).figures();
            assertThat(figures.promptTokens()).isEqualTo(golden.prompt(0).length + golden.prompt(2).length);
            assertThat(figures.latentSteps()).isEqualTo(10);
            assertThat(figures.newTokens()).isEqualTo(8);
            assertThat(figures.prefill()).isPositive();
            assertThat(figures.think()).isPositive();
            assertThat(figures.decode()).isPositive();
            assertThat(figures.firstToken()).isGreaterThan(figures.prefill());
        }
    }

    /**
     * Latent steps after an earlier call's go on from the hidden state that it left, so cutting a rollout in two
     * changes nothing.
     */
    @Test
    void withoutPromptItGoesOnFromTheHiddenState() {
        try (LatentModel model = open(1); Memory whole = model.newMemory(); Memory parts = model.newMemory()) {
            float[] once = model.rollout(Rollout.builder().add(whole, golden.prompt(0)).latentSteps(6).captureLatents()
                    .build()).members()
                    .get(0).latentHidden();
            model.rollout(Rollout.builder().add(parts, golden.prompt(0)).latentSteps(2).build());
            float[] rest = model.rollout(Rollout.builder().add(parts, new int[0]).latentSteps(4).captureLatents()
                    .build()).members().get(0)
                    .latentHidden();
            assertThat(rest).isEqualTo(java.util.Arrays.copyOfRange(once, 2 * model.info().dModel(), once.length));
            assertThat(parts.hidden()).isEqualTo(whole.hidden())
                    .isEqualTo(java.util.Arrays.copyOfRange(once, 5 * model.info().dModel(), once.length));
        }
    }

    /** The controls differ from the two real alignments, and `none` feeds back what came out. */
    @Test
    void everyAlignmentDoesItsOwn() {
        try (LatentModel model = open(1); Memory memory = model.newMemory()) {
            RolloutResult.Member none = model.rollout(Rollout.builder().add(memory, golden.prompt(0)).latentSteps(2)
                    .alignment(AlignmentKind.NONE).captureLatents().capturePromptHidden().build()).members().get(0);
            int d = model.info().dModel();
            float[] prompt = none.promptHidden();
            assertThat(java.util.Arrays.copyOf(none.latents(), d))
                    .isEqualTo(java.util.Arrays.copyOfRange(prompt, prompt.length - d, prompt.length));
            assertThat(java.util.Arrays.copyOfRange(none.latents(), d, 2 * d))
                    .isEqualTo(java.util.Arrays.copyOf(none.latentHidden(), d));
            float[] hidden = memory.hidden();
            assertThat(model.align(AlignmentKind.NONE, hidden)).isEqualTo(hidden);
            float[] random = model.align(AlignmentKind.RANDOM, hidden);
            float[] identity = model.align(AlignmentKind.IDENTITY, hidden);
            assertThat(norm(random)).isCloseTo(norm(identity), org.assertj.core.data.Percentage.withPercentage(0.1));
            assertThat(norm(identity)).isCloseTo(model.alignment(AlignmentKind.IDENTITY).targetNorm(),
                    org.assertj.core.data.Percentage.withPercentage(0.1));
            assertThat(random).isNotEqualTo(identity);
            assertThat(model.alignment(AlignmentKind.RANDOM).distanceFromIdentity()).isGreaterThan(0.5);
            assertThat(model.alignment(AlignmentKind.IDENTITY).distanceFromIdentity()).isZero();
            assertThatThrownBy(() -> model.align(AlignmentKind.RIDGE, new float[d + 1]))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(String.valueOf(d + 1));
        }
    }

    /** Solving an alignment ends as a rollout does, and the model solves it when asked again. */
    @Test
    void anInterruptEndsTheSolving(@TempDir Path folder) throws IOException {
        for (String file : List.of("config.json", "model.safetensors")) {  // files that no other test's model has open
            Files.copy(golden.folder().resolve(file), folder.resolve(file));
        }
        try (LatentModel model = LatentModel.open(folder)) {
            float[] hidden = new float[model.info().dModel()];
            for (AlignmentKind kind : List.of(AlignmentKind.IDENTITY, AlignmentKind.RIDGE, AlignmentKind.RANDOM)) {
                Thread.currentThread().interrupt();
                assertThatThrownBy(() -> model.alignment(kind)).isInstanceOf(LatentException.class)
                        .hasMessageStartingWith("[CANCELLED] ");
                assertThatThrownBy(() -> model.align(kind, hidden)).hasMessageStartingWith("[CANCELLED] ");
                assertThat(Thread.interrupted()).as("the interrupt flag stays set").isTrue();
                assertThat(model.alignment(kind).targetNorm()).isPositive();
            }
        }
    }

    private static double norm(float[] row) {
        double sum = 0;
        for (float x : row) {
            sum += (double) x * x;
        }
        return Math.sqrt(sum);
    }
}
