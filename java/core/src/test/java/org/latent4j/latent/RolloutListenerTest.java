package org.latent4j.latent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.latent4j.Golden.code;

import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.latent4j.ErrorCode;
import org.latent4j.Golden;
import org.latent4j.LatentException;
import org.latent4j.LatentModel;
import org.latent4j.memory.Memory;
import org.latent4j.memory.MemoryType;

/** Streaming, stopping, interrupting, and misuse of what a running rollout holds. */
class RolloutListenerTest {
    private static final int LONG = 3900;  // latent steps: far more than pass between a listener's two looks

    private final Golden golden = Golden.of("tiny-qwen3");
    private LatentModel model;
    private Memory memory;

    @BeforeEach
    void open() {
        model = LatentModel.open(golden.folder(),
                Golden.options().threads(2).memoryType(MemoryType.F32).memoryPositions(32768).build());
        memory = model.newMemory();
    }

    @AfterEach
    void close() {
        memory.close();
        model.close();
    }

    private Rollout.Builder longRollout() {
        return Rollout.builder().add(memory, golden.prompt(0)).latentSteps(LONG);
    }

    @Test
    void everyTokenIsToldOnceInOrderAndEveryPhaseToItsEnd() {
        List<List<Integer>> told = List.of(new ArrayList<>(), new ArrayList<>());
        Map<Phase, List<Integer>> steps = new EnumMap<>(Phase.class);
        try (Memory other = model.newMemory()) {
            RolloutResult result = model.rollout(Rollout.builder().add(memory, golden.prompt(3))
                    .add(other, golden.prompt(1)).latentSteps(7)
                    .sampling(Sampling.greedy(16)).build(), new RolloutListener() {
                        @Override
                        public void onProgress(Phase phase, int step) {
                            steps.computeIfAbsent(phase, key -> new ArrayList<>()).add(step);
                        }

                        @Override
                        public boolean onToken(int member, int token) {
                            told.get(member).add(token);
                            return true;
                        }
                    });
            for (int i = 0; i < 2; i++) {
                assertThat(told.get(i).stream().mapToInt(x -> x).toArray()).isEqualTo(result.tokens(i)).hasSize(16);
            }
        }
        assertThat(steps.keySet()).containsExactly(Phase.PREFILL, Phase.THINK, Phase.DECODE);
        steps.values().forEach(list -> assertThat(list).isSorted().doesNotHaveDuplicates());
        assertThat(steps.get(Phase.PREFILL)).endsWith(golden.prompt(3).length + golden.prompt(1).length);
        assertThat(steps.get(Phase.THINK)).endsWith(7);
        assertThat(steps.get(Phase.DECODE)).endsWith(16);
    }

    @Test
    void stoppedMembersKeepExactlyWhatTheListenerTook() {
        for (int round = 0; round < 20; round++) {
            int keep = 1 + round % 16;
            try (Memory a = model.newMemory(); Memory b = model.newMemory()) {
                int[] taken = {0};
                RolloutResult result = model.rollout(
                        Rollout.builder().add(a, golden.prompt(3)).add(b, golden.prompt(3))
                                .sampling(Sampling.greedy(200)).build(),
                        new RolloutListener() {
                            @Override
                            public boolean onToken(int member, int token) {
                                return member == 1 || ++taken[0] < keep;
                            }
                        });
                assertThat(result.tokens(0)).hasSize(keep)
                        .isEqualTo(java.util.Arrays.copyOf(golden.ints("single.tokens"), keep));
                assertThat(result.members().get(0).stopReason()).isEqualTo(StopReason.ASKED);
                assertThat(a.length()).isEqualTo(golden.prompt(3).length + keep - 1);
                assertThat(result.tokens(1)).hasSize(200).startsWith(golden.ints("single.tokens"));
                assertThat(result.members().get(1).stopReason()).isEqualTo(StopReason.LIMIT);
            }
        }
    }

    /** After a prompt, thoughts, or neither: what the next rollout goes on from is what exactly these tokens leave. */
    @ParameterizedTest
    @CsvSource({"prompt, 0", "prompt, 3", "nothing, 0", "nothing, 3"})
    void aStoppedMembersMemoryKeepsItsLastHiddenState(String before, int thoughts) {
        for (int keep : new int[] {1, 2, 7}) {
            try (Memory stopped = model.newMemory(); Memory exact = model.newMemory()) {
                int[] prompt = before.equals("prompt") ? golden.prompt(3) : new int[0];
                if (prompt.length == 0) {
                    List.of(stopped, exact)
                            .forEach(each -> model.rollout(Rollout.builder().add(each, golden.prompt(3)).build()));
                }
                int[] taken = {0};
                RolloutResult result = model.rollout(Rollout.builder().add(stopped, prompt).latentSteps(thoughts)
                        .sampling(Sampling.greedy(300)).build(), new RolloutListener() {
                            @Override
                            public boolean onToken(int member, int token) {
                                return ++taken[0] < keep;
                            }
                        });
                RolloutResult expected = model.rollout(Rollout.builder().add(exact, prompt).latentSteps(thoughts)
                        .sampling(Sampling.greedy(keep)).build());
                assertThat(result.tokens(0)).isEqualTo(expected.tokens(0)).hasSize(keep);
                assertThat(result.members().get(0).latentHidden()).as("not asked for").isNull();
                assertThat(stopped.length()).isEqualTo(exact.length());
                assertThat(stopped.hidden()).isEqualTo(exact.hidden());
            }
        }
    }

    @Test
    void anInterruptCancelsAndLeavesTheMemoryAsItWas() {
        model.rollout(Rollout.builder().add(memory, golden.prompt(1)).build());
        int length = memory.length();
        float[] hidden = memory.hidden();
        long free = model.freePages();
        Thread caller = Thread.currentThread();
        AtomicReference<Integer> reached = new AtomicReference<>(0);
        assertThatThrownBy(() -> model.rollout(longRollout().build(), new RolloutListener() {
            @Override
            public void onProgress(Phase phase, int step) {
                if (phase == Phase.THINK && reached.compareAndSet(0, step)) {
                    caller.interrupt();
                }
            }
        })).isInstanceOf(LatentException.class).extracting(e -> ((LatentException) e).code())
                .isEqualTo(ErrorCode.CANCELLED);
        assertThat(Thread.interrupted()).as("the interrupt flag stays set").isTrue();
        assertThat(reached.get()).isBetween(1, LONG - 1);
        assertThat(memory.length()).isEqualTo(length);
        assertThat(memory.hidden()).isEqualTo(hidden);
        assertThat(model.freePages()).isEqualTo(free);
        assertThat(model.rollout(Rollout.builder().add(memory, golden.prompt(0)).latentSteps(2).build()).figures()
                .latentSteps())
                .isEqualTo(2);
    }

    @Test
    void anInterruptBeforeTheCallCancelsToo() {
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> model.rollout(longRollout().build())).hasMessageStartingWith("[CANCELLED] ");
        assertThat(Thread.interrupted()).isTrue();
        assertThat(memory.length()).isZero();
    }

    @Test
    void aListenersExceptionCancelsAndComesOut() {
        IllegalStateException mine = new IllegalStateException("mine");
        assertThatThrownBy(() -> model.rollout(longRollout().build(), new RolloutListener() {
            @Override
            public void onProgress(Phase phase, int step) {
                throw mine;
            }
        })).isSameAs(mine);
        assertThat(memory.length()).isZero();
        assertThatThrownBy(() -> model.rollout(
                Rollout.builder().add(memory, golden.prompt(3)).sampling(Sampling.greedy(2)).build(),
                        new RolloutListener() {
                    @Override
                    public boolean onToken(int member, int token) {
                        throw mine;
                    }
                })).isSameAs(mine);
        assertThat(memory.length()).isZero();
    }

    /** The listener is told of the last token after native code is done: it may still say no. */
    @Test
    void aListenersExceptionAtTheVeryEndLeavesTheMemoryAsItWas() {
        model.rollout(Rollout.builder().add(memory, golden.prompt(1)).build());
        int length = memory.length();
        float[] hidden = memory.hidden();
        long free = model.freePages();
        int[] told = {0};
        assertThatThrownBy(() -> model.rollout(
                Rollout.builder().add(memory, golden.prompt(3)).sampling(Sampling.greedy(8)).build(),
                new RolloutListener() {
                    @Override
                    public boolean onToken(int member, int token) {
                        if (++told[0] == 8) {
                            throw new IllegalStateException("at the end");
                        }
                        return true;
                    }
                })).hasMessage("at the end");
        assertThat(memory.length()).isEqualTo(length);
        assertThat(memory.hidden()).isEqualTo(hidden);
        assertThat(model.freePages()).isEqualTo(free);
    }

    static Stream<Throwable> whateverAListenerThrowsComesOutAsItIs() {
        return Stream.of(new IOException("checked"), new RuntimeException("[MEMORY_BUSY] as native code would say it"),
                new AssertionError("an error"), new LatentException(ErrorCode.UNSUPPORTED, "one of this library's"));
    }

    @ParameterizedTest
    @MethodSource
    void whateverAListenerThrowsComesOutAsItIs(Throwable mine) {
        assertThatThrownBy(() -> model.rollout(
                Rollout.builder().add(memory, golden.prompt(3)).sampling(Sampling.greedy(2)).build(),
                new RolloutListener() {
                    @Override
                    public boolean onToken(int member, int token) {
                        throw RolloutListenerTest.<RuntimeException>undeclared(mine);
                    }
                })).isSameAs(mine);
        assertThat(memory.length()).isZero();
    }

    @SuppressWarnings("unchecked")
    private static <T extends Throwable> T undeclared(Throwable thrown) throws T {
        throw (T) thrown;
    }

    @ParameterizedTest
    @ValueSource(ints = {8_000_000, Integer.MAX_VALUE})
    void moreLatentStepsThanAContextHoldsTakeNoRoom(int steps) {
        RolloutListener listener = new RolloutListener() { };
        for (boolean captures : new boolean[] {false, true}) {
            Rollout.Builder rollout = Rollout.builder().add(memory, golden.prompt(3)).latentSteps(steps)
                    .sampling(Sampling.greedy(Integer.MAX_VALUE));
            if (captures) {
                rollout.captureLatents();
            }
            assertThat(code(() -> model.rollout(rollout.build(), listener))).isEqualTo(ErrorCode.CONTEXT_EXCEEDED);
        }
    }

    /** Who writes while the listener that stopped a rollout is still being told is refused, and loses nothing. */
    @Test
    void aMemoryIsHeldUntilTheListenerHasHeardTheLastToken() {
        int[] other = {9, 9, 9, 9, 9, 9, 9};
        List<ErrorCode> codes = new ArrayList<>();
        int[] taken = {0};
        RolloutResult result = model.rollout(Rollout.builder().add(memory, golden.prompt(3))
                .sampling(Sampling.greedy(20)).build(), new RolloutListener() {
                    @Override
                    public boolean onToken(int member, int token) {
                        // By the second look native code, which decodes 20 tokens in no time, is long done.
                        LockSupport.parkNanos(50_000_000);
                        codes.add(code(() -> model.rollout(Rollout.builder().add(memory, other).build())));
                        codes.add(code(() -> memory.truncate(0)));
                        return ++taken[0] < 3;
                    }
                });
        assertThat(codes).hasSize(6).containsOnly(ErrorCode.MEMORY_BUSY);
        try (Memory exact = model.newMemory()) {
            model.rollout(Rollout.builder().add(exact, golden.prompt(3)).sampling(Sampling.greedy(3)).build());
            assertThat(result.tokens(0)).hasSize(3);
            assertThat(memory.length()).isEqualTo(exact.length());
            assertThat(memory.readLayer(2).keys()).isEqualTo(exact.readLayer(2).keys());
            assertThat(memory.hidden()).isEqualTo(exact.hidden());
        }
    }

    /** Native code is done long before: what the interrupt ends is the telling, and a listener that never returns. */
    @Test
    @Timeout(60)
    void anInterruptEndsACallWhoseListenerBlocks() {
        model.rollout(Rollout.builder().add(memory, golden.prompt(1)).build());
        int length = memory.length();
        float[] hidden = memory.hidden();
        Thread caller = Thread.currentThread();
        CountDownLatch end = new CountDownLatch(1);
        AtomicInteger told = new AtomicInteger();
        try {
            assertThatThrownBy(() -> model.rollout(Rollout.builder().add(memory, golden.prompt(3))
                    .sampling(Sampling.greedy(3)).build(), new RolloutListener() {
                        @Override
                        public boolean onToken(int member, int token) {
                            told.incrementAndGet();
                            caller.interrupt();
                            boolean ended = false;
                            while (!ended) {
                                try {
                                    ended = end.await(1, TimeUnit.HOURS);
                                } catch (InterruptedException e) {
                                    continue; // as some code does
                                }
                            }
                            return true;
                        }
                    })).hasMessageStartingWith("[CANCELLED] ");
            assertThat(Thread.interrupted()).isTrue();
            assertThat(told.get()).as("nothing is told after the interrupt").isEqualTo(1);
            assertThat(memory.length()).isEqualTo(length);
            assertThat(memory.hidden()).isEqualTo(hidden);
            assertThat(model.rollout(Rollout.builder().add(memory, golden.prompt(0)).sampling(Sampling.greedy(4))
                    .build()).tokens(0)).hasSize(4);
        } finally {
            end.countDown();
        }
    }

    /** Readers in the way of a writer: it does all or nothing, and says MEMORY_BUSY. */
    @Test
    void whoeverIsRefusedLosesNothing() throws InterruptedException {
        AtomicBoolean over = new AtomicBoolean();
        List<Throwable> unexpected = java.util.Collections.synchronizedList(new ArrayList<>());
        Thread reader = new Thread(() -> {
            while (!over.get()) {
                try {
                    memory.fork().close();
                } catch (LatentException e) {
                    if (e.code() != ErrorCode.MEMORY_BUSY) {
                        unexpected.add(e);
                    }
                }
            }
        });
        reader.start();
        int ran = 0;
        for (int round = 0; round < 400 || ran == 0; round++) {
            int before = memory.length();
            int[] told = {0};
            ErrorCode code = code(() -> model.rollout(Rollout.builder().add(memory, new int[] {1, 2, 3})
                    .sampling(Sampling.greedy(6)).build(), new RolloutListener() {
                        @Override
                        public boolean onToken(int member, int token) {
                            return ++told[0] < 3;
                        }
                    }));
            assertThat(code).isIn(null, ErrorCode.MEMORY_BUSY);
            assertThat(memory.length()).isEqualTo(code == null ? before + 5 : before);
            ran += code == null ? 1 : 0;
            while (code(() -> memory.truncate(0)) != null) {
                Thread.onSpinWait();
            }
        }
        over.set(true);
        reader.join();
        assertThat(unexpected).isEmpty();
    }

    @Test
    void twoThreadsOnOneMemoryAreToldSo() {
        List<ErrorCode> codes = new ArrayList<>();
        model.rollout(longRollout().build(), new RolloutListener() {
            @Override
            public void onProgress(Phase phase, int step) {
                if (phase == Phase.THINK && codes.isEmpty()) {
                    codes.add(code(() -> memory.truncate(0)));
                    codes.add(code(() -> memory.fork()));
                    codes.add(code(() -> memory.hidden()));
                    codes.add(code(() -> memory.readLayer(0)));
                    codes.add(code(() -> model.adopt(memory)));
                    codes.add(code(() -> model.rollout(Rollout.builder().add(memory, golden.prompt(1)).build())));
                }
            }
        });
        assertThat(codes).hasSize(6).containsOnly(ErrorCode.MEMORY_BUSY);
        assertThat(memory.length()).isEqualTo(golden.prompt(0).length + LONG);
    }

    @Test
    void closingDuringACallWaitsForIt() {
        List<Boolean> closed = new ArrayList<>();
        RolloutResult result = model.rollout(longRollout().sampling(Sampling.greedy(3)).build(), new RolloutListener() {
            @Override
            public void onProgress(Phase phase, int step) {
                if (closed.isEmpty()) {
                    memory.close();
                    model.close();
                    closed.add(memory.isClosed() && model.isClosed());
                }
            }
        });
        assertThat(closed).containsExactly(true);
        assertThat(result.tokens(0)).hasSize(3);
        assertThatThrownBy(() -> memory.length()).hasMessage("[CLOSED] this memory was closed");
        assertThatThrownBy(() -> model.freePages()).hasMessage("[CLOSED] this model was closed");
    }

    @Test
    void manyThreadsShareOneModel() throws InterruptedException {
        int[] expected = golden.ints("single.tokens");
        List<Throwable> failures = java.util.Collections.synchronizedList(new ArrayList<>());
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            Thread thread = new Thread(() -> {
                for (int round = 0; round < 10; round++) {
                    try (Memory mine = model.newMemory()) {
                        assertThat(model.rollout(
                                Rollout.builder().add(mine, golden.prompt(3)).sampling(Sampling.greedy(16)).build(),
                                new RolloutListener() { }).tokens(0)).isEqualTo(expected);
                    }
                }
            });
            thread.setUncaughtExceptionHandler((t, e) -> failures.add(e));
            threads.add(thread);
            thread.start();
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(failures).isEmpty();
    }
}
