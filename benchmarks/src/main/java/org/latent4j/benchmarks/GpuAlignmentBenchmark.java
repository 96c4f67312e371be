package org.latent4j.benchmarks;

import java.util.concurrent.TimeUnit;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.latent4j.Device;
import org.latent4j.latent.AlignmentKind;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What {@link AlignmentBenchmark} measures, on cuda:0, host to host. cuBLAS does the product, in f32, without rescaling
 * the rows.
 */
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 3, time = 1)
public class GpuAlignmentBenchmark {
    @Benchmark
    public float[] latent4j(Latent4j state) {
        return state.model.align(AlignmentKind.RIDGE, state.hidden);
    }

    @Benchmark
    public void cuda(Cublas state) {
        state.device.write(state.x, state.hidden, state.bytes);
        state.device.align(state.matrix, state.x, state.y, state.rows, state.d);
        state.device.read(state.aligned, state.y, state.bytes);
        state.device.finish();
    }

    /** latent4j's model and the hidden states. */
    @State(Scope.Benchmark)
    public static class Latent4j extends AlignmentBenchmark.Latent4j {
        @Override
        Device device() {
            return Device.cuda(0);
        }
    }

    /** A matrix on the device, hidden states on the host. */
    @State(Scope.Benchmark)
    public static class Cublas extends AlignmentBenchmark.Rows {
        CudaBaseline device;
        int d;
        long bytes;
        Pointer matrix;
        Pointer x;
        Pointer y;
        FloatPointer hidden;
        FloatPointer aligned;

        @Setup
        public void allocate() {
            device = new CudaBaseline(0);
            d = Shape.named(shape).dModel();
            bytes = 4L * rows * d;
            matrix = device.allocate(4L * d * d);
            try (FloatPointer numbers = new FloatPointer(Fixture.numbers(d * d))) {
                device.write(matrix, numbers, 4L * d * d);
                device.finish();
            }
            x = device.allocate(bytes);
            y = device.allocate(bytes);
            hidden = new FloatPointer(Fixture.numbers(rows * d));
            aligned = new FloatPointer((long) rows * d);
        }

        @TearDown
        public void free() {
            device.close();
            hidden.close();
            aligned.close();
        }
    }
}
