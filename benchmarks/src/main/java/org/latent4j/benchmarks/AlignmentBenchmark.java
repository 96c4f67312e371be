package org.latent4j.benchmarks;

import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.latent4j.Device;
import org.latent4j.LatentModel;
import org.latent4j.latent.AlignmentKind;
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
 * The alignment matmul: hidden states of {@code rows} agents times the ridge matrix, each row rescaled; f32, Java array
 * to Java array. The limit reads the matrix and moves the rows once, by then all of it in cache.
 */
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 1, time = 600, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 3, time = 600, timeUnit = TimeUnit.MILLISECONDS)
public class AlignmentBenchmark {
    static final String ONE = "1";
    static final String MANY = "64";

    @Benchmark
    public float[] latent4j(Latent4j state) {
        return state.model.align(AlignmentKind.RIDGE, state.hidden);
    }

    @Benchmark
    public void libtorch(Libtorch state) {
        TorchDecoder.align(state.hidden, state.matrix, 1).close();
    }

    @Benchmark
    public void limit(Limit state) {
        state.limit.read();
    }

    /** How many hidden states of which model. */
    @State(Scope.Benchmark)
    public static class Rows {
        @Param({Shape.SMOLLM2, Shape.QWEN3})
        String shape;
        @Param({ONE, MANY})
        int rows;
    }

    /** latent4j's model and the hidden states. */
    @State(Scope.Benchmark)
    public static class Latent4j extends Rows {
        LatentModel model;
        float[] hidden;

        @Setup
        public void open() throws IOException {
            Shape named = Shape.named(shape);
            model = Fixture.open(RandomCheckpoint.of(named), device(), 0, MemoryType.BF16);
            hidden = Fixture.numbers(rows * named.dModel());
            model.align(AlignmentKind.RIDGE, hidden); // solves the matrix
        }

        Device device() {
            return Device.cpu();
        }

        @TearDown
        public void close() {
            model.close();
        }
    }

    /** libtorch's matrix and the hidden states. */
    @State(Scope.Benchmark)
    public static class Libtorch extends Rows {
        Tensor hidden;
        Tensor matrix;

        @Setup
        public void open() {
            int d = Shape.named(shape).dModel();
            Fixture.prepareTorch();
            hidden = TorchMemory.tensor(Fixture.numbers(rows * d), ScalarType.Float, 1, rows, d);
            matrix = TorchMemory.tensor(Fixture.numbers(d * d), ScalarType.Float, d, d);
        }
    }

    /** A read of what has to be moved. */
    @State(Scope.Benchmark)
    public static class Limit extends Rows {
        MachineLimit limit;

        @Setup
        public void allocate() {
            limit = MachineLimit.reading(bytes(Shape.named(shape), rows), Fixture.threads());
        }

        @TearDown
        public void free() {
            limit.close();
        }
    }

    static long bytes(Shape shape, int rows) {
        return 4L * shape.dModel() * shape.dModel() + 8L * rows * shape.dModel();
    }
}
