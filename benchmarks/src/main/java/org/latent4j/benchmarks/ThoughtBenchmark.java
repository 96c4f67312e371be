package org.latent4j.benchmarks;

import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.latent4j.LatentModel;
import org.latent4j.latent.AlignmentKind;
import org.latent4j.latent.Rollout;
import org.latent4j.latent.RolloutResult;
import org.latent4j.latent.Sampling;
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
 * What a latent step costs by soft and by identity beside a decoded token, each after {@value #POSITIONS} positions:
 * soft and a token take logits, identity does not. {@value #STEPS} of them in one call.
 */
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 1, time = 600, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 3, time = 600, timeUnit = TimeUnit.MILLISECONDS)
public class ThoughtBenchmark {
    static final int STEPS = 16;
    static final int POSITIONS = 512;

    @Benchmark
    @OperationsPerInvocation(STEPS)
    public RolloutResult identity(Thinker thinker) {
        return thinker.think(AlignmentKind.IDENTITY);
    }

    @Benchmark
    @OperationsPerInvocation(STEPS)
    public RolloutResult soft(Thinker thinker) {
        return thinker.think(AlignmentKind.SOFT);
    }

    /** One token more than steps: the first one needs no pass through the layers. */
    @Benchmark
    @OperationsPerInvocation(STEPS)
    public RolloutResult token(Thinker thinker) {
        try (Memory memory = thinker.memory.fork()) {
            return thinker.model.rollout(Rollout.builder().add(memory, new int[0])
                    .sampling(Sampling.greedy(STEPS + 1)).build());
        }
    }

    /** A model and its memory. */
    @State(Scope.Benchmark)
    public static class Thinker {
        @Param({Shape.SMOLLM2, Shape.QWEN3})
        String shape;
        LatentModel model;
        Memory memory;

        @Setup
        public void open() throws IOException {
            model = Fixture.open(Shape.named(shape), 0);
            memory = Fixture.memory(model, POSITIONS);
        }

        RolloutResult think(AlignmentKind kind) {
            try (Memory thinking = memory.fork()) {
                return model.rollout(Rollout.builder().add(thinking, new int[0]).latentSteps(STEPS).alignment(kind)
                        .build());
            }
        }

        @TearDown
        public void close() {
            memory.close();
            model.close();
        }
    }
}
