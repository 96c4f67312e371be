package org.latent4j.benchmarks;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.bytedeco.cuda.cudart.CUgraphExec_st;
import org.bytedeco.javacpp.Pointer;
import org.latent4j.Device;
import org.latent4j.LatentModel;
import org.latent4j.latent.AlignmentKind;
import org.latent4j.latent.Rollout;
import org.latent4j.memory.Memory;
import org.latent4j.memory.MemoryType;
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
 * Forward passes on cuda:0: {@code rows} 1 is a rollout of {@value #STEPS} latent steps after {@value #POSITIONS}
 * positions, more is a prompt of so many tokens. cuBLAS computes the layers' matrix products alone, in bf16, a pass
 * recorded as one CUDA graph as latent4j's steps are: less work than the forward pass, and coarser. The limit of latent
 * steps is a copy that moves as many bytes; prompts have none.
 */
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 3, time = 1)
public class GpuForwardBenchmark {
    static final String STEP = "1";
    static final String PROMPT = "512";
    static final int STEPS = 32;
    static final int POSITIONS = 512;

    @Benchmark
    public int latent4j(Latent4j state) {
        if (state.rows > 1) {
            try (Memory memory = state.model.newMemory()) {
                state.model.rollout(Rollout.builder().add(memory, Fixture.tokens(state.rows)).build());
                return memory.length();
            }
        }
        try (Memory memory = state.memory.fork()) {
            state.model.rollout(Rollout.builder().add(memory, new int[0]).latentSteps(STEPS)
                    .alignment(AlignmentKind.RIDGE).build());
            return memory.length();
        }
    }

    @Benchmark
    public void cuda(Cublas state) {
        for (int step = 0; step < (state.rows == 1 ? STEPS : 1); step++) {
            state.device.start(state.pass);
        }
        state.device.finish();
    }

    @Benchmark
    public void limit(Limit state) {
        for (int step = 0; step < STEPS; step++) {
            state.device.copy(state.to, state.from, state.bytes);
        }
        state.device.finish();
    }

    /** How many rows of which model. */
    @State(Scope.Benchmark)
    public static class Pass {
        @Param({Shape.SMOLLM2, Shape.QWEN3})
        String shape;
        @Param({STEP, PROMPT})
        int rows;
    }

    /** latent4j's model and memory. */
    @State(Scope.Benchmark)
    public static class Latent4j extends Pass {
        LatentModel model;
        Memory memory;

        @Setup
        public void open() throws IOException {
            model = Fixture.open(RandomCheckpoint.of(Shape.named(shape)), Device.cuda(0), 0, MemoryType.BF16);
            model.alignment(AlignmentKind.RIDGE);
            memory = Fixture.memory(model, POSITIONS);
        }

        @TearDown
        public void close() {
            memory.close();
            model.close();
        }
    }

    private record Product(Pointer weight, int m, int k) {
    }

    /** Every layer's matrices. */
    @State(Scope.Benchmark)
    public static class Cublas extends Pass {
        CudaBaseline device;
        CUgraphExec_st pass;
        private final List<Product> products = new ArrayList<>();
        private Pointer x;
        private Pointer y;

        @Setup
        public void allocate() {
            device = new CudaBaseline(0);
            Shape named = Shape.named(shape);
            named.tensors().forEach((name, size) -> {
                if (size.length == 2 && name.startsWith("model.layers.")) {
                    products.add(new Product(device.random(Shape.count(size)), (int) size[0], (int) size[1]));
                }
            });
            x = device.random((long) rows * products.stream().mapToInt(Product::k).max().orElseThrow());
            y = device.allocate(4L * rows * products.stream().mapToInt(Product::m).max().orElseThrow());
            pass = device.record(this::multiply);
        }

        private void multiply() {
            for (Product product : products) {
                device.matmul(product.weight(), x, y, product.m(), rows, product.k());
            }
        }

        @TearDown
        public void free() {
            device.close();
        }
    }

    /** A copy that reads and writes half of what a step moves, so that it moves as much. */
    @State(Scope.Benchmark)
    public static class Limit extends Pass {
        CudaBaseline device;
        Pointer from;
        Pointer to;
        long bytes;

        @Setup
        public void allocate() {
            device = new CudaBaseline(0);
            bytes = bytes(Shape.named(shape)) / 2;
            from = device.random(bytes / 2);
            to = device.allocate(bytes);
        }

        @TearDown
        public void free() {
            device.close();
        }
    }

    /** Bytes that one latent step has to read. */
    static long bytes(Shape shape) {
        return LatentStepBenchmark.bytes(shape, POSITIONS);
    }
}
