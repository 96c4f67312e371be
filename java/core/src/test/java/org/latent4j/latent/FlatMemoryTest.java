package org.latent4j.latent;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.latent4j.Golden;
import org.latent4j.LatentModel;
import org.latent4j.memory.Memory;

/** A thousand questions through one model: after the first hundred, resident memory stays where it is. */
class FlatMemoryTest {
    @Test
    @EnabledOnOs(OS.LINUX)
    void aThousandQuestionsTakeNoMoreThanAHundred() throws IOException {
        Golden golden = Golden.of("tiny-qwen3");
        try (LatentModel model = LatentModel.open(golden.folder(), Golden.options().threads(2)
                .memoryPositions(1024).build())) {
            long free = model.freePages();
            long after = 0;
            for (int question = 1; question <= 1000; question++) {
                ask(model, golden, question);
                if (question == 100) {
                    System.gc();
                    after = residentBytes();
                }
            }
            System.gc();
            assertThat(model.freePages()).isEqualTo(free);
            assertThat(residentBytes()).isLessThan(after + after / 10 + (8 << 20));
        }
    }

    private static void ask(LatentModel model, Golden golden, int question) {
        try (Memory memory = model.newMemory(); Memory expert = model.newMemory()) {
            RolloutListener listener = question % 2 == 0 ? null : new RolloutListener() { };
            model.rollout(Rollout.builder().add(memory, golden.prompt(0)).add(expert, golden.prompt(1)).latentSteps(2)
                    .captureLatents()
                    .build(), listener);
            try (Memory merged = model.merge(java.util.List.of(memory, expert))) {
                assertThat(model.rollout(Rollout.builder().add(merged, golden.prompt(3), question).captureLogits()
                        .sampling(new Sampling(4, 1, 0.9f, 0, new int[0])).build(), listener).tokens(0)).hasSize(4);
            }
        }
    }

    private static long residentBytes() throws IOException {
        String line = Files.readAllLines(Path.of("/proc/self/status")).stream().filter(l -> l.startsWith("VmRSS:"))
                .findFirst()
                .orElseThrow();
        return Long.parseLong(line.replaceAll("\\D", "")) << 10;
    }
}
