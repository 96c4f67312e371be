package org.latent4j.benchmarks;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.latent4j.Device;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Memory goes from one instance of a model to another, which has a pool of its own with pages of another size:
 * {@code parts} 1 is a plain hand-off, {@code parts} 3 the merge of three experts' memories, the later ones' keys
 * rotated on. libtorch does it with {@code torch.cat} per layer, after rotating. Both sides free what they made. The
 * limit is {@code memcpy} of as many bytes.
 */
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 1, time = 600, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 3, time = 600, timeUnit = TimeUnit.MILLISECONDS)
public class HandOffBenchmark {
    static final String POSITIONS = "512";
    static final String HAND_OFF = "1";
    static final String MERGE = "3";

    @Benchmark
    public int latent4j(Latent4j state) {
        return state.handOff.run();
    }

    @Benchmark
    public int libtorch(Libtorch state) {
        try (TorchMemory memory = TorchMemory.joined(state.memories, true)) {
            return memory.length();
        }
    }

    @Benchmark
    public void limit(Limit state) {
        state.limit.copy();
    }

    /** What is handed over. */
    @State(Scope.Benchmark)
    public static class Memories {
        @Param({Shape.SMOLLM2, Shape.QWEN3})
        String shape;
        @Param({HAND_OFF, MERGE})
        int parts;
        @Param(POSITIONS)
        int positions;
    }

    /** The sender's memories and the receiving instance. */
    @State(Scope.Benchmark)
    public static class Latent4j extends Memories {
        HandOff handOff;

        @Setup
        public void open() throws IOException {
            handOff = new HandOff(Shape.named(shape), Device.cpu(), Device.cpu(), parts, positions);
        }

        @TearDown
        public void close() {
            handOff.close();
        }
    }

    /** The same memories as tensors, bf16. */
    @State(Scope.Benchmark)
    public static class Libtorch extends Memories {
        List<TorchMemory> memories = new ArrayList<>();

        @Setup
        public void allocate() {
            Fixture.prepareTorch();
            for (int i = 0; i < parts; i++) {
                memories.add(TorchMemory.random(Shape.named(shape), ScalarType.BFloat16, positions));
            }
        }

        @TearDown
        public void free() {
            memories.forEach(TorchMemory::close);
        }
    }

    /** A copy of as many bytes. */
    @State(Scope.Benchmark)
    public static class Limit extends Memories {
        MachineLimit limit;

        @Setup
        public void allocate() {
            limit = MachineLimit.copying(bytes(Shape.named(shape), parts, positions), Fixture.threads());
        }

        @TearDown
        public void free() {
            limit.close();
        }
    }

    static long bytes(Shape shape, int parts, int positions) {
        return shape.memoryBytes(parts * positions);
    }
}
