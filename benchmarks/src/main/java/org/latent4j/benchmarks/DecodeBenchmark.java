package org.latent4j.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.latent4j.LatentModel;
import org.latent4j.latent.Rollout;
import org.latent4j.latent.RolloutResult;
import org.latent4j.latent.Sampling;
import org.latent4j.memory.Memory;
import org.latent4j.memory.MemoryType;
import org.latent4j.smollm2.SmolLM2;
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
 * One decoded token: a forward pass, the logits, the greedy choice; on the embedded model (Q4_1) and on a bf16
 * checkpoint that no cache holds. An invocation prefills one token and decodes {@value #TOKENS}, which is as many
 * passes. The limit reads every weight once.
 */
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 1, time = 600, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 3, time = 600, timeUnit = TimeUnit.MILLISECONDS)
public class DecodeBenchmark {
    static final int TOKENS = 16;
    static final String EMBEDDED = "SmolLM2-135M.Q4_1";
    private static final int KV_LENGTH = 64;

    @Benchmark
    @OperationsPerInvocation(TOKENS)
    public RolloutResult latent4j(Latent4j state) {
        try (Memory memory = state.memory.fork()) {
            return state.model.rollout(Rollout.builder().add(memory, Fixture.tokens(1))
                    .sampling(Sampling.greedy(TOKENS)).build());
        }
    }

    @Benchmark
    public void limit(Limit state) {
        state.limit.read();
    }

    /** The model and a short memory. */
    @State(Scope.Benchmark)
    public static class Latent4j {
        @Param({EMBEDDED, Shape.QWEN3})
        String shape;
        LatentModel model;
        Memory memory;

        @Setup
        public void open() throws IOException {
            model = model(shape);
            memory = Fixture.memory(model, KV_LENGTH);
        }

        @TearDown
        public void close() {
            memory.close();
            model.close();
        }
    }

    /** A streaming read of all weights. */
    @State(Scope.Benchmark)
    public static class Limit {
        @Param({EMBEDDED, Shape.QWEN3})
        String shape;
        MachineLimit limit;

        @Setup
        public void allocate() throws IOException {
            limit = MachineLimit.reading(bytes(shape), Fixture.threads());
        }

        @TearDown
        public void free() {
            limit.close();
        }
    }

    private static LatentModel model(String shape) throws IOException {
        return shape.equals(EMBEDDED) ? Fixture.open(SmolLM2.path(), 0, MemoryType.BF16)
                : Fixture.open(Shape.named(shape), 0);
    }

    /** Every weight is read once per token: the embeddings are tied, so the input embedding's table is the output's. */
    static long bytes(String shape) throws IOException {
        try (LatentModel model = model(shape)) {
            long bytes = 0;
            for (JsonNode ofType : new ObjectMapper().readTree(model.info().json()).get("dtype_bytes")) {
                bytes += ofType.asLong();
            }
            return bytes;
        }
    }
}
