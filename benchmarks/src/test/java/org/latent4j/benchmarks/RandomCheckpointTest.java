package org.latent4j.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.latent4j.LatentModel;
import org.latent4j.latent.Rollout;
import org.latent4j.memory.Memory;

class RandomCheckpointTest {
    @TempDir
    Path folder;

    private static Shape tiny(String family) {
        return new Shape("tiny-" + family, family, 3, 64, 4, 2, 32, 160, 511, 1024, 10_000, 1e-6);
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "qwen3"})
    void loadsAsACheckpoint(String family) throws IOException {
        Path checkpoint = RandomCheckpoint.write(tiny(family), folder);

        try (LatentModel model = LatentModel.open(checkpoint); Memory memory = model.newMemory()) {
            assertThat(model.info().family()).isEqualTo(family);
            assertThat(model.info().nLayers()).isEqualTo(3);
            assertThat(model.info().dFf()).isEqualTo(160);
            model.rollout(Rollout.builder().add(memory, new int[] {1, 2, 510}).latentSteps(2).build());
            assertThat(memory.length()).isEqualTo(5);
        }
    }

    @Test
    void sameShapeGivesTheSameBytes() throws IOException {
        Path one = RandomCheckpoint.write(tiny("qwen3"), folder.resolve("one"));
        Path two = RandomCheckpoint.write(tiny("qwen3"), folder.resolve("two"));

        for (String file : new String[] {"config.json", "model.safetensors"}) {
            assertThat(one.resolve(file)).hasSameBinaryContentAs(two.resolve(file));
        }
    }

    @Test
    void weightsAreNormallyDistributedAndTensorsDiffer() throws IOException {
        Path weights = RandomCheckpoint.write(tiny("llama"), folder).resolve("model.safetensors");
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(weights)).order(ByteOrder.LITTLE_ENDIAN);
        int data = 8 + (int) bytes.getLong(0);
        int n = 511 * 64;
        double sum = 0;
        double squares = 0;
        int sameAsNext = 0;
        for (int i = 0; i < n; i++) {
            float weight = bf16(bytes, data, i);
            sum += weight;
            squares += weight * weight;
            sameAsNext += weight == bf16(bytes, data, n + 64 + i) ? 1 : 0;
        }

        assertThat(sum / n).isBetween(-0.0005, 0.0005);
        assertThat(Math.sqrt(squares / n)).isBetween(0.0195, 0.0205);
        assertThat(sameAsNext).isLessThan(n / 50);
    }

    private static float bf16(ByteBuffer bytes, int data, int index) {
        return Float.intBitsToFloat(bytes.getShort(data + 2 * index) << 16);
    }

    @Test
    void whatIsThereIsUsedAgain() throws IOException {
        Path weights = RandomCheckpoint.write(tiny("llama"), folder).resolve("model.safetensors");
        FileTime old = FileTime.fromMillis(1_000_000);
        Files.setLastModifiedTime(weights, old);

        RandomCheckpoint.write(tiny("llama"), folder);

        assertThat(Files.getLastModifiedTime(weights)).isEqualTo(old);
    }

    @Test
    void halfAFileIsWrittenAgain() throws IOException {
        Path weights = RandomCheckpoint.write(tiny("llama"), folder).resolve("model.safetensors");
        long size = Files.size(weights);
        try (var channel = Files.newByteChannel(weights, StandardOpenOption.WRITE)) {
            channel.truncate(size / 2);
        }

        RandomCheckpoint.write(tiny("llama"), folder);

        assertThat(weights).hasSize(size);
    }

    @Test
    void namedShapesHaveTheSizesOfTheirModels() {
        assertThat(Shape.named(Shape.SMOLLM2).tensors().values().stream().mapToLong(Shape::count).sum())
                .isEqualTo(134_515_008);
        assertThat(Shape.named(Shape.QWEN3).tensors().values().stream().mapToLong(Shape::count).sum())
                .isEqualTo(596_049_920);
    }
}
