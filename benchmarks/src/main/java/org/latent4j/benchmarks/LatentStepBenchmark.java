package org.latent4j.benchmarks;

import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.latent4j.LatentModel;
import org.latent4j.latent.AlignmentKind;
import org.latent4j.latent.Rollout;
import org.latent4j.latent.RolloutResult;
import org.latent4j.memory.Memory;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * One latent step, align and forward pass, after a memory of {@code kvLength} positions. An invocation forks the memory
 * and runs {@value #STEPS} steps, as a thinking agent does. The limit reads the layers' weights and the memory once.
 */
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 1, time = 600, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 3, time = 600, timeUnit = TimeUnit.MILLISECONDS)
public class LatentStepBenchmark {
    static final int STEPS = 4;
    static final String KV_LENGTH = "512";

    @Benchmark
    @OperationsPerInvocation(STEPS)
    public RolloutResult latent4j(Latent4j state) {
        try (Memory memory = state.memory.fork()) {
            return state.model.rollout(Rollout.builder().add(memory, new int[0]).latentSteps(STEPS)
                    .alignment(AlignmentKind.RIDGE).build());
        }
    }

    @Benchmark
    @OperationsPerInvocation(STEPS)
    public void libtorch(Libtorch state) {
        try (TorchMemory memory = state.memory.fork()) {
            Tensor hidden = state.hidden;
            for (int step = 0; step < STEPS; step++) {
                try (Tensor input = TorchDecoder.align(hidden, state.matrix, 1)) {
                    if (step > 0) {
                        hidden.close();
                    }
                    hidden = state.decoder.forward(input, memory);
                }
            }
            hidden.close();
        }
    }

    @Benchmark
    public void limit(Limit state) {
        state.limit.read();
    }

    /** latent4j's model and memory. */
    @State(Scope.Benchmark)
    public static class Latent4j {
        @Param({Shape.SMOLLM2, Shape.QWEN3})
        String shape;
        @Param(KV_LENGTH)
        int kvLength;
        LatentModel model;
        Memory memory;

        @Setup
        public void open() throws IOException {
            model = Fixture.open(Shape.named(shape), 0);
            memory = Fixture.memory(model, kvLength);
        }

        @TearDown
        public void close() {
            memory.close();
            model.close();
        }
    }

    /** libtorch's model and memory: bf16 as the checkpoint is stored, or widened to f32. */
    @State(Scope.Benchmark)
    public static class Libtorch {
        @Param({Shape.SMOLLM2, Shape.QWEN3})
        String shape;
        @Param(KV_LENGTH)
        int kvLength;
        @Param({"BFloat16", "Float"})
        ScalarType type;
        TorchDecoder decoder;
        TorchMemory memory;
        Tensor hidden;
        Tensor matrix;

        @Setup
        public void open() throws IOException {
            Shape named = Shape.named(shape);
            int d = named.dModel();
            Fixture.prepareTorch();
            decoder = new TorchDecoder(named, RandomCheckpoint.of(named), type);
            memory = TorchMemory.random(named, type, kvLength);
            hidden = TorchMemory.tensor(Fixture.numbers(d), type, 1, 1, d);
            matrix = TorchMemory.tensor(Fixture.numbers(d * d), ScalarType.Float, d, d);
        }
    }

    /** A streaming read of what a step has to read. */
    @State(Scope.Benchmark)
    public static class Limit {
        @Param({Shape.SMOLLM2, Shape.QWEN3})
        String shape;
        @Param(KV_LENGTH)
        int kvLength;
        MachineLimit limit;

        @Setup
        public void allocate() {
            limit = MachineLimit.reading(bytes(Shape.named(shape), kvLength), Fixture.threads());
        }

        @TearDown
        public void free() {
            limit.close();
        }
    }

    static long bytes(Shape shape, int kvLength) {
        return shape.layerBytes() + shape.memoryBytes(kvLength);
    }
}
