package org.latent4j.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.latent4j.Golden.code;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.junit.jupiter.api.Test;
import org.latent4j.ErrorCode;
import org.latent4j.Golden;
import org.latent4j.LatentException;
import org.latent4j.LatentModel;
import org.latent4j.latent.AlignmentKind;
import org.latent4j.latent.Look;
import org.latent4j.latent.Penalties;
import org.latent4j.latent.Rollout;
import org.latent4j.latent.RolloutListener;
import org.latent4j.latent.RolloutResult;
import org.latent4j.latent.Sampling;
import org.latent4j.latent.Soft;
import org.latent4j.latent.ThinkUntil;
import org.latent4j.latent.Thinking;

/**
 * Threads that read, fork, cut, think, write, stop, interrupt and close shared memories and models, in an order that a
 * seed decides. Each outcome is a right value or a code. What a memory holds is at any time what some run of tokens
 * leaves: the first layer's keys tell the tokens, and the last layer and the hidden state must be those of that run
 * alone. For minutes: {@code -Dlatent4j.stress.seconds=600}, another order: {@code -Dlatent4j.stress.seed=7}.
 */
class MemoryStressTest {
    private static final int THREADS = 4;
    private static final int ROUNDS = 250;
    private static final int LONGEST = 40;    // positions that a writer starts from
    private static final int POSITIONS = 100; // more than two writers in a row reach
    private static final float CLOSE = 1e-4f; // a prompt's rows and a token's alone are summed in another order
    private static final Set<ErrorCode> ALLOWED = EnumSet.of(ErrorCode.MEMORY_BUSY, ErrorCode.CLOSED,
            ErrorCode.CANCELLED, ErrorCode.NO_HIDDEN_STATE, ErrorCode.OUT_OF_PAGES, ErrorCode.BAD_ARGUMENT,
            ErrorCode.UNSUPPORTED);

    private final Golden golden = Golden.of("tiny-qwen3");
    private final AtomicInteger checked = new AtomicInteger();
    private final AtomicInteger thought = new AtomicInteger();
    private final Map<ErrorCode, AtomicInteger> refused = Collections.synchronizedMap(new HashMap<>());
    private final AtomicReferenceArray<Memory> slots = new AtomicReferenceArray<>(5);
    private float[][][] known;  // [position][token] the first layer's keys, all heads
    private LatentModel model;

    private LatentModel open() {
        return LatentModel.open(golden.folder(),
                Golden.options().threads(1).memoryType(MemoryType.F32).memoryPositions(8192).build());
    }

    @Test
    void everyOutcomeIsARightValueOrACode() throws InterruptedException {
        long seconds = Long.getLong("latent4j.stress.seconds", 0);
        long seed = Long.getLong("latent4j.stress.seed", 1);
        long end = System.nanoTime() + seconds * 1_000_000_000L;
        model = open();
        long free = model.freePages();
        learnTokens();
        for (int slot = 0; slot < slots.length(); slot++) {
            slots.set(slot, model.newMemory());
        }
        List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());
        AtomicInteger done = new AtomicInteger();
        List<Thread> threads = new ArrayList<>();
        for (int t = 0; t < THREADS; t++) {
            Random random = new Random(seed * 1000 + t);
            threads.add(new Thread(() -> {
                for (int round = 0; failures.isEmpty()
                        && (seconds > 0 ? System.nanoTime() < end : round < ROUNDS); round++) {
                    act(random, threads, done, failures);
                }
            }, "actor " + t));
        }
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            thread.join();
        }
        for (Throwable failure : failures) {
            throw new AssertionError("with seed " + seed, failure);
        }
        for (int slot = 0; slot < slots.length(); slot++) {
            slots.get(slot).close();
        }
        assertThat(model.freePages()).as("pages were lost").isEqualTo(free);
        assertThat(checked.get()).isPositive();
        assertThat(thought.get()).isPositive();
        System.out.println("seed " + seed + ": " + done + " calls done, refused " + refused + ", " + checked
                + " memories checked, " + thought + " thoughts thought twice");
        model.close();
    }

    private void act(Random random, List<Thread> threads, AtomicInteger done, List<Throwable> failures) {
        try {
            once(random, threads);
            done.incrementAndGet();
        } catch (LatentException e) {
            refused.computeIfAbsent(e.code(), key -> new AtomicInteger()).incrementAndGet();
            if (!ALLOWED.contains(e.code())) {
                failures.add(e);
            }
            if (e.code() == ErrorCode.CANCELLED && !Thread.currentThread().isInterrupted()) {
                failures.add(new AssertionError("cancelled, and no interrupt flag", e));
            }
        } catch (IllegalArgumentException e) {
            // a length or a span that another thread made wrong
        } catch (Throwable e) {
            failures.add(e);
        } finally {
            Thread.interrupted();
        }
    }

    private void once(Random random, List<Thread> threads) {
        int slot = random.nextInt(slots.length());
        Memory memory = slots.get(slot);
        switch (random.nextInt(11)) {
            case 0 -> memory.readLayer(random.nextInt(3));
            case 1 -> {
                try (Memory fork = memory.fork()) {
                    check(fork);
                    replace(random, fork.fork());
                }
            }
            case 2 -> memory.truncate(random.nextInt(memory.length() + 2));
            case 3 -> {
                try (Memory part = model.assemble(List.of(memory.span(0, random.nextInt(memory.length() + 1))), true)) {
                    check(part);
                }
            }
            case 4 -> model.merge(List.of(memory, slots.get(random.nextInt(slots.length())))).close();
            case 5 -> replace(random, model.newMemory());
            case 6 -> threads.get(random.nextInt(threads.size())).interrupt();
            case 7 -> {
                try (LatentModel other = open(); Memory adopted = other.adopt(memory)) {
                    other.close();
                    assertThat(adopted.length()).isGreaterThanOrEqualTo(0);
                    memory.hidden();
                }
            }
            case 8 -> thinkTwice(random, memory);
            default -> rollOut(random, memory);
        }
    }

    private void replace(Random random, Memory memory) {
        slots.getAndSet(random.nextInt(slots.length()), memory).close();
    }

    private void rollOut(Random random, Memory memory) {
        if (memory.length() > LONGEST) {
            memory.truncate(random.nextInt(LONGEST));
            return;
        }
        int[] prompt = random.ints(random.nextInt(7), 1, 512).toArray(); // 0 pads: all of it is zero
        int keep = 1 + random.nextInt(8);
        int[] told = {0};
        // A thought is a token's embedding: memories hold nothing but what tokens leave.
        Rollout rollout = Rollout.builder().add(memory, prompt, random.nextLong()).sampling(sampling(random))
                .thinking(thinking(random).alignment(AlignmentKind.ARGMAX)).build();
        boolean throwing = random.nextInt(8) == 0;
        RolloutListener listener = new RolloutListener() {
            @Override
            public boolean onToken(int member, int token) {
                if (throwing && told[0] == keep) {
                    throw new LatentException(ErrorCode.UNSUPPORTED, "the listener's own");
                }
                return ++told[0] < keep || throwing;
            }
        };
        model.rollout(rollout, random.nextInt(3) == 0 ? null : listener);
    }

    /** Of nobody else's memories, for thoughts of other kinds are no tokens: both have to think and say the same. */
    private void thinkTwice(Random random, Memory memory) {
        if (memory.length() > LONGEST) {
            return;
        }
        AlignmentKind kind = AlignmentKind.values()[random.nextInt(AlignmentKind.values().length)];
        Thinking thinking = thinking(random).alignment(kind).soft(new Soft(1 + random.nextInt(Soft.MOST_TOKENS),
                1 + random.nextFloat(), random.nextInt(3) * 0.5f));
        if (kind.compareTo(AlignmentKind.NONE) <= 0) {
            thinking = thinking.blend(random.nextInt(3) * 0.5);
        }
        Sampling sampling = sampling(random);
        long seed = random.nextLong();
        List<RolloutResult.Member> results = new ArrayList<>();
        try (Memory one = memory.fork(); Memory twin = one.fork()) {
            for (Memory each : List.of(one, twin)) {
                results.addAll(model.rollout(Rollout.builder().add(each, new int[] {5, 6, 7}, seed).thinking(thinking)
                        .sampling(sampling).captureLatents().build()).members());
            }
            assertThat(twin.hidden()).isEqualTo(one.hidden());
        }
        RolloutResult.Member first = results.get(0);
        RolloutResult.Member again = results.get(1);
        assertThat(again.tokens()).isEqualTo(first.tokens());
        assertThat(again.thoughts()).isEqualTo(first.thoughts());
        assertThat(again.latents()).isEqualTo(first.latents());
        assertThat(again.thinkEnd()).isEqualTo(first.thinkEnd());
        thought.incrementAndGet();
    }

    private static Thinking thinking(Random random) {
        ThinkUntil until = new ThinkUntil(random.nextInt(7), 1 + random.nextInt(2), random.nextInt(2) * 0.9f,
                random.nextBoolean());
        return Thinking.of(random.nextInt(4)).until(until).look(Look.values()[random.nextInt(3)]);
    }

    /** Token 0 pads: all of it is zero, so that it is not drawn. */
    private static Sampling sampling(Random random) {
        int[] ends = random.ints(random.nextInt(100), 0, 512).toArray();
        if (random.nextBoolean()) {
            return Sampling.greedy(random.nextInt(9), ends);
        }
        return new Sampling(random.nextInt(9), random.nextInt(2) * 0.8f, 0.9f, random.nextInt(3) * 20, 0.01f,
                new Penalties(1 + random.nextInt(4) * 0.1f, random.nextInt(5) * 0.5f - 1, random.nextInt(5) * 0.5f - 1,
                        random.nextInt(4), List.of(0, 1 + random.nextInt(500)), List.of(7)), ends);
    }

    private void learnTokens() {
        known = new float[POSITIONS][512][];
        for (int token = 0; token < 512; token++) {
            int[] prompt = new int[POSITIONS];
            Arrays.fill(prompt, token);
            try (Memory memory = model.newMemory()) {
                model.rollout(Rollout.builder().add(memory, prompt).build());
                KeysAndValues layer = memory.readLayer(0);
                for (int position = 0; position < POSITIONS; position++) {
                    known[position][token] = at(layer, position);
                }
            }
        }
    }

    private static float[] at(KeysAndValues layer, int position) {
        float[] all = new float[layer.nKvHeads() * layer.headDim()];
        for (int head = 0; head < layer.nKvHeads(); head++) {
            System.arraycopy(layer.keys(), (head * layer.length() + position) * layer.headDim(), all,
                    head * layer.headDim(), layer.headDim());
        }
        return all;
    }

    /** All of a memory that is nobody else's. */
    private void check(Memory memory) {
        KeysAndValues first = memory.readLayer(0);
        int[] tokens = new int[first.length()];
        for (int position = 0; position < tokens.length; position++) {
            tokens[position] = tokenAt(first, position);
        }
        if (tokens.length == 0) {
            return;
        }
        try (Memory alone = model.newMemory()) {
            model.rollout(Rollout.builder().add(alone, tokens).build());
            same(memory.readLayer(2).keys(), alone.readLayer(2).keys());
            same(memory.readLayer(2).values(), alone.readLayer(2).values());
            if (code(memory::hidden) == null) {
                same(memory.hidden(), alone.hidden());
            }
        }
        checked.incrementAndGet();
    }

    private int tokenAt(KeysAndValues layer, int position) {
        float[] keys = at(layer, position);
        for (int token = 0; token < known[position].length; token++) {
            if (distance(keys, known[position][token]) < CLOSE) {
                return token;
            }
        }
        throw new AssertionError("position " + position + " of " + layer.length() + " holds no token's keys");
    }

    private static void same(float[] actual, float[] expected) {
        assertThat(actual).hasSameSizeAs(expected);
        assertThat(distance(actual, expected)).isLessThan(CLOSE);
    }

    private static float distance(float[] actual, float[] expected) {
        float worst = 0;
        float largest = 0;
        for (int i = 0; i < expected.length; i++) {
            float difference = Math.abs(actual[i] - expected[i]);
            worst = difference <= worst ? worst : difference; // NaN is the worst
            largest = Math.max(largest, Math.abs(expected[i]));
        }
        return worst / largest;
    }
}
