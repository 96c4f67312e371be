package org.latent4j.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SameWorkTest {
    @BeforeEach
    void keepCheckpointsIn(@TempDir Path folder) {
        System.setProperty("latent4j.benchmarks.checkpoints", folder.toString());
    }

    @AfterEach
    void forget() {
        System.clearProperty("latent4j.benchmarks.checkpoints");
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "qwen3"})
    void latent4jAndLibtorchComputeTheSame(String family) throws IOException {
        Shape shape = new Shape("tiny", family, 3, 64, 4, 2, 32, 160, 512, 1024, 10_000, 1e-6);

        assertThat(SameWork.check(shape)).contains("latent steps", "alignment", "merged keys");
    }

    @Test
    void distanceIsRelative() {
        assertThat(SameWork.distance(new float[] {3, 4.5f}, new float[] {3, 4})).isEqualTo(0.1, within(1e-9));
    }
}
