package org.latent4j.benchmarks;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.global.torch;
import org.latent4j.Device;
import org.latent4j.LatentModel;
import org.latent4j.Machine;
import org.latent4j.latent.Rollout;
import org.latent4j.memory.Memory;
import org.latent4j.memory.MemoryType;
import org.latent4j.memory.Span;
import org.latent4j.model.ModelOptions;

/** What every benchmark sets up alike: threads, models, memories of some length. */
final class Fixture {
    /** Prefilled in earnest; longer memories repeat these positions. */
    private static final int PREFIX = 32;
    private static final int MEMORY_POSITIONS = 16_384;

    private Fixture() {
    }

    /** One per physical core, for latent4j, libtorch and the limits alike. */
    static int threads() {
        return Machine.current().cores();
    }

    /** Tells libtorch the number of threads and to record nothing for gradients. */
    static void prepareTorch() {
        torch.set_num_threads(threads());
        GradMode.set_enabled(false);
    }

    static LatentModel open(Path path, int pageSize, MemoryType type) {
        return open(path, Device.cpu(), pageSize, type);
    }

    static LatentModel open(Path path, Device device, int pageSize, MemoryType type) {
        return LatentModel.open(path, ModelOptions.builder().device(device).threads(threads()).pageSize(pageSize)
                .memoryType(type).memoryPositions(MEMORY_POSITIONS).build());
    }

    static LatentModel open(Shape shape, int pageSize) throws IOException {
        return open(RandomCheckpoint.of(shape), pageSize, MemoryType.BF16);
    }

    /** A memory of so many positions, more than 1, that has a last hidden state. */
    static Memory memory(LatentModel model, int length) {
        int prefix = Math.min(PREFIX, length - 1);
        try (Memory part = model.newMemory()) {
            model.rollout(Rollout.builder().add(part, tokens(prefix)).build());
            List<Span> spans = new ArrayList<>(Collections.nCopies((length - 1) / prefix, part.all()));
            spans.add(part.span(0, (length - 1) % prefix));
            Memory memory = model.assemble(spans, true);
            model.rollout(Rollout.builder().add(memory, tokens(1)).build());
            return memory;
        }
    }

    /** The same random tokens each time. */
    static int[] tokens(int n) {
        return new SplittableRandom(1).ints(n, 0, 256).toArray();
    }

    /** The same random numbers each time, between -1 and 1. */
    static float[] numbers(int n) {
        SplittableRandom random = new SplittableRandom(2);
        float[] numbers = new float[n];
        for (int i = 0; i < n; i++) {
            numbers[i] = (float) random.nextDouble(-1, 1);
        }
        return numbers;
    }
}
