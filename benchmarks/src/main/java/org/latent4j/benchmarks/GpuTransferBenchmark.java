package org.latent4j.benchmarks;

import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.bytedeco.javacpp.Pointer;
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
 * What {@link HandOffBenchmark} measures, from an instance on cuda:0 to another on device {@code target}. CUDA copies
 * as many bytes in one piece, rotating nothing.
 */
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 3, time = 1)
public class GpuTransferBenchmark {
    static final String HERE = "0";
    static final String PEER = "1";

    @Benchmark
    public int latent4j(Latent4j state) {
        return state.handOff.run();
    }

    @Benchmark
    public void cuda(Copy state) {
        if (state.receiver == state.sender) {
            state.sender.copy(state.to, state.from, state.bytes);
        } else {
            state.sender.copyToPeer(state.to, state.receiver, state.from, state.bytes);
        }
        state.sender.finish();
    }

    /** What is handed over, and where to. */
    @State(Scope.Benchmark)
    public static class Transfer extends HandOffBenchmark.Memories {
        @Param({HERE, PEER})
        int target;
    }

    /** The sender's memories and the receiving instance. */
    @State(Scope.Benchmark)
    public static class Latent4j extends Transfer {
        HandOff handOff;

        @Setup
        public void open() throws IOException {
            handOff = new HandOff(Shape.named(shape), Device.cuda(0), Device.cuda(target), parts, positions);
        }

        @TearDown
        public void close() {
            handOff.close();
        }
    }

    /** As many bytes in one piece. */
    @State(Scope.Benchmark)
    public static class Copy extends Transfer {
        CudaBaseline sender;
        CudaBaseline receiver;
        Pointer from;
        Pointer to;
        long bytes;

        @Setup
        public void allocate() {
            sender = new CudaBaseline(0);
            receiver = target == 0 ? sender : new CudaBaseline(target);
            bytes = HandOffBenchmark.bytes(Shape.named(shape), parts, positions);
            to = receiver.allocate(bytes);
            from = sender.random(bytes / 2);
            if (receiver != sender) {
                sender.reach(receiver);
            }
        }

        @TearDown
        public void free() {
            sender.close();
            if (receiver != sender) {
                receiver.close();
            }
        }
    }
}
