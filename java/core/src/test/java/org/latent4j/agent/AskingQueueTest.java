package org.latent4j.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.latent4j.Answer;
import org.latent4j.ErrorCode;
import org.latent4j.Golden;
import org.latent4j.LatentException;
import org.latent4j.LatentModel;
import org.latent4j.Team;
import org.latent4j.TeamListener;
import org.latent4j.latent.Phase;
import org.latent4j.latent.Rollout;
import org.latent4j.memory.Memory;
import org.latent4j.model.ModelOptions;

/** Askings on one model whose pages do not hold them side by side. */
@Timeout(60)
class AskingQueueTest {
    private static final Agent PLANNER = Agent.of("planner", "Plan: {question}");
    private static final Agent JUDGER = Agent.of("judger", "Answer: {question}");
    private static final String LONG_QUESTION = "who holds? please please please";
    /** What {@link #LONG_QUESTION} fills; a short one needs more than half of it. */
    private static final long ONE_ASKING = 128;
    private static final long ONE_ASKING_IN_TEXT = 96;
    private static final long ROOMY = 40_000;

    private final ExecutorService threads = Executors.newCachedThreadPool();

    @AfterEach
    void end() {
        threads.shutdownNow();
    }

    private static LatentModel open(long positions) {
        return open(positions, ModelOptions.defaults().waitForMemory());
    }

    private static LatentModel open(long positions, Duration wait) {
        return LatentModel.open(Golden.of("tiny-qwen3").folder().toString(), Golden.options()
            .memoryPositions(positions).waitForMemory(wait).build());
    }

    private static Team team(LatentModel model, Method method) {
        return Team.builder(model, method).agents(PLANNER, JUDGER).latentSteps(8).maxNewTokens(16).build();
    }

    /** Holds all the memory that it needs until it is told to go on. */
    private final class Holder extends CountDownLatch implements TeamListener {
        private final CountDownLatch holds = new CountDownLatch(1);
        private Future<List<Answer>> answers;

        Holder() {
            super(1);
        }

        /** Asks, and returns when the asking holds them. */
        Holder ask(Team team) throws InterruptedException {
            answers = threads.submit(() -> team.askAll(List.of(LONG_QUESTION), this));
            holds.await();
            return this;
        }

        @Override
        public void onProgress(List<String> agents, Phase phase, int step, int steps) {
            if (phase != Phase.DECODE || !agents.contains("judger")) {
                return;
            }
            holds.countDown();
            try {
                await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        List<Answer> goOn() throws Exception {
            countDown();
            return answers.get();
        }
    }

    private static void awaitWaiting(LatentModel model, int n) throws InterruptedException {
        while (AskingQueue.of(model).waiting() < n) {
            Thread.sleep(1);
        }
    }

    @Test
    void whoeverFindsNoMemoryWaitsAndAnswersAsAlone() throws Exception {
        List<String> questions = IntStream.range(0, 16).mapToObj(i -> "what is " + i + " + 3?").toList();
        for (Method method : List.of(Method.LATENT, Method.TEXT)) {
            long positions = method == Method.LATENT ? ONE_ASKING : ONE_ASKING_IN_TEXT;
            try (LatentModel roomy = open(ROOMY); LatentModel tight = open(positions)) {
                List<String> alone = questions.stream().map(q -> team(roomy, method).ask(q).text()).toList();
                long free = tight.freePages();
                Holder holder = new Holder().ask(team(tight, method));
                List<Future<String>> answers = new ArrayList<>();
                for (String question : questions) {
                    answers.add(threads.submit(() -> team(tight, method).ask(question).text()));
                }
                awaitWaiting(tight, questions.size());
                holder.goOn();
                for (int i = 0; i < questions.size(); i++) {
                    assertThat(answers.get(i).get()).isEqualTo(alone.get(i));
                }
                assertThat(AskingQueue.of(tight).waiting()).isZero();
                assertThat(tight.freePages()).isEqualTo(free);
            }
        }
    }

    /** Each begins with room enough and needs more than that later on, when the others hold it. */
    @Test
    void askingsThatEachHoldAPartDoNotBlockEachOther() throws Exception {
        Agent[] agents = {PLANNER, Agent.of("critic", "Check: {question}"), Agent.of("refiner", "Refine: {question}"),
            JUDGER};
        try (LatentModel roomy = open(ROOMY); LatentModel tight = open(2 * ONE_ASKING)) {
            List<Callable<String>> askings = new ArrayList<>();
            List<String> alone = new ArrayList<>();
            for (int i = 0; i < 24; i++) {
                String question = "what is " + i % 6 + " + 3?";
                alone.add(Team.builder(roomy).agents(agents).latentSteps(8).maxNewTokens(16).build().ask(question)
                    .text());
                askings.add(() -> Team.builder(tight).agents(agents).latentSteps(8).maxNewTokens(16).build()
                    .ask(question).text());
            }
            List<String> answers = new ArrayList<>();
            for (Future<String> each : threads.invokeAll(askings)) {
                answers.add(each.get());
            }
            assertThat(answers).isEqualTo(alone);
        }
    }

    @Test
    void theirTurnComesInTheOrderOfArrival() throws Exception {
        try (LatentModel tight = open(ONE_ASKING)) {
            Holder holder = new Holder().ask(team(tight, Method.LATENT));
            List<String> order = Collections.synchronizedList(new ArrayList<>());
            List<Future<?>> askings = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                String question = "what is " + i + "?";
                askings.add(threads.submit(() -> order.add(team(tight, Method.LATENT).ask(question).question())));
                awaitWaiting(tight, i + 1);
            }
            holder.goOn();
            for (Future<?> each : askings) {
                each.get();
            }
            assertThat(order).hasSize(6).isSorted();
        }
    }

    @Test
    void anInterruptEndsTheWaiting() throws Exception {
        try (LatentModel tight = open(ONE_ASKING)) {
            Holder holder = new Holder().ask(team(tight, Method.LATENT));
            AtomicReference<Throwable> thrown = new AtomicReference<>();
            AtomicReference<Boolean> flag = new AtomicReference<>();
            Thread waiter = new Thread(() -> {
                thrown.set(catchThrowable(() -> team(tight, Method.LATENT).ask("q")));
                flag.set(Thread.currentThread().isInterrupted());
            });
            waiter.start();
            awaitWaiting(tight, 1);
            waiter.interrupt();
            waiter.join();
            assertThat(thrown.get()).isInstanceOfSatisfying(LatentException.class,
                e -> assertThat(e.code()).isEqualTo(ErrorCode.CANCELLED));
            assertThat(flag.get()).isTrue();
            assertThat(AskingQueue.of(tight).waiting()).isZero();
            assertThat(holder.goOn()).hasSize(1);
            assertThat(team(tight, Method.LATENT).ask("q").text()).isNotEmpty();
        }
    }

    @Test
    void whoWaitsTooLongLearnsWhoHoldsTheMemory() throws Exception {
        try (LatentModel tight = open(ONE_ASKING, Duration.ofMillis(20))) {
            Holder holder = new Holder().ask(team(tight, Method.LATENT));
            assertThatThrownBy(() -> team(tight, Method.LATENT).ask("q"))
                .hasMessageMatching("\\[OUT_OF_PAGES\\] agent 'planner': need \\d+, free \\d+ .*; waited 0\\.02 s "
                    + "\\(waitForMemory\\) behind 0 other waiting askings and 1 at work; \\d of 8 pages are held, by "
                    + "thread 'pool-\\d+-thread-1' at least \\d");
            holder.goOn();
            assertThat(team(tight, Method.LATENT).ask("q").text()).isNotEmpty();
        }
    }

    @Test
    void whoMustNotWaitFailsAtOnce() throws Exception {
        try (LatentModel tight = open(ONE_ASKING, Duration.ZERO); Memory own = tight.newMemory()) {
            Holder holder = new Holder().ask(team(tight, Method.LATENT));
            assertThatThrownBy(() -> team(tight, Method.LATENT).ask("q"))
                .hasMessageStartingWith("[OUT_OF_PAGES] agent");
            assertThatThrownBy(() -> tight.rollout(Rollout.builder().add(own, new int[120]).build()))
                .hasMessageStartingWith("[OUT_OF_PAGES] need 8, free ");
            holder.goOn();
        }
    }

    /** An asking waits for its listener, which would wait for the asking. */
    @Test
    void anAskingInsideAListenerDoesNotWait() {
        try (LatentModel tight = open(ONE_ASKING)) {
            AtomicReference<Throwable> inside = new AtomicReference<>();
            Answer answer = team(tight, Method.LATENT).askAll(List.of("outside"), new TeamListener() {
                @Override
                public void onText(int question, String piece) {
                    inside.compareAndSet(null, catchThrowable(() -> team(tight, Method.LATENT).ask("inside")));
                }
            }).get(0);
            assertThat(answer.text()).isNotEmpty();
            assertThat(inside.get()).isInstanceOfSatisfying(LatentException.class,
                e -> assertThat(e.code()).isEqualTo(ErrorCode.OUT_OF_PAGES));
        }
    }

    /** Nobody else asks, so there is nobody to wait for. */
    @Test
    void whatDoesNotEvenFitAloneFailsAtOnce() throws Exception {
        try (LatentModel tight = open(ONE_ASKING); Memory own = tight.newMemory()) {
            tight.rollout(Rollout.builder().add(own, new int[100]).build());
            assertThatThrownBy(() -> team(tight, Method.LATENT).ask("q")).hasMessageStartingWith("[OUT_OF_PAGES]");
        }
        assertThatThrownBy(() -> ModelOptions.builder().waitForMemory(Duration.ofSeconds(-1)).build())
            .hasMessage("waitForMemory is PT-1S, must be PT0S (do not wait) to PT8760H");
    }
}
