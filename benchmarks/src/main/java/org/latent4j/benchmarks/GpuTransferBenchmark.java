package org.latent4j.benchmarks;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.bytedeco.javacpp.Pointer;
import org.latent4j.Device;
import org.latent4j.LatentModel;
import org.latent4j.memory.Memory;
import org.latent4j.memory.MemoryType;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * Memory goes from an instance on cuda:0 to another with a pool of its own, on device {@code target}: {@code parts} 1 is a hand-off, 3 the
 * merge of three memories, the later ones' keys rotated on. CUDA copies as many bytes in one piece, rotating nothing.
 */
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class GpuTransferBenchmark {
    static final String HERE = "0";
    static final String PEER = "1";
    private static final int PAGE_SIZE = 16;
    private static final int OTHER_PAGE_SIZE = 64;

    @Benchmark
    public int latent4j(Latent4j state) {
        try (Memory memory = state.parts == 1 ? state.receiver.adopt(state.memories.get(0)) : state.receiver.merge(state.memories)) {
            return memory.length();
        }
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

    /** The sender's memories and the receiving instance. */
    @State(Scope.Benchmark)
    public static class Latent4j {
        @Param({Shape.SMOLLM2, Shape.QWEN3})
        String shape;
        @Param({HandOffBenchmark.HAND_OFF, HandOffBenchmark.MERGE})
        int parts;
        @Param({HERE, PEER})
        int target;
        LatentModel receiver;
        List<Memory> memories = new ArrayList<>();
        private LatentModel sender;

        @Setup
        public void open() throws IOException {
            Shape named = Shape.named(shape);
            sender = Fixture.open(RandomCheckpoint.of(named), Device.cuda(0), PAGE_SIZE, MemoryType.BF16);
            receiver = Fixture.open(RandomCheckpoint.of(named), Device.cuda(target), OTHER_PAGE_SIZE, MemoryType.BF16);
            for (int i = 0; i < parts; i++) {
                memories.add(Fixture.memory(sender, GpuForwardBenchmark.POSITIONS));
            }
        }

        @TearDown
        public void close() {
            memories.forEach(Memory::close);
            receiver.close();
            sender.close();
        }
    }

    /** As many bytes in one piece. */
    @State(Scope.Benchmark)
    public static class Copy {
        @Param({Shape.SMOLLM2, Shape.QWEN3})
        String shape;
        @Param({HandOffBenchmark.HAND_OFF, HandOffBenchmark.MERGE})
        int parts;
        @Param({HERE, PEER})
        int target;
        CudaBaseline sender;
        CudaBaseline receiver;
        Pointer from;
        Pointer to;
        long bytes;

        @Setup
        public void allocate() {
            sender = new CudaBaseline(0);
            receiver = target == 0 ? sender : new CudaBaseline(target);
            bytes = HandOffBenchmark.bytes(Shape.named(shape), parts, GpuForwardBenchmark.POSITIONS);
            to = receiver.allocate(bytes);
            from = sender.random(bytes / 2);
            if (receiver != sender) {
                sender.reach(receiver);
            }
        }

        @TearDown
        public void free() {
            if (receiver != sender) {
                receiver.close();
            }
            sender.close();
        }
    }
}
