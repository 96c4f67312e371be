package org.latent4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.latent4j.agent.Agent;
import org.latent4j.agent.MemoryPolicy;
import org.latent4j.agent.Method;
import org.latent4j.latent.Phase;

/** What goes wrong in a team names the agent, gives back what it took and leaves model and team usable. */
class TeamErrorsTest {
    private static final Agent PLANNER = Agent.of("planner", "Plan: {question}");
    private static final Agent LONG_CRITIC = Agent.of("critic", "Check: {question} " + "again and again ".repeat(200));
    private static final Agent JUDGER = Agent.of("judger", "Answer: {question}");

    private static LatentModel open(long positions) {
        return LatentModel.open(Golden.of("tiny-qwen3").folder().toString(), Golden.options()
            .memoryPositions(positions).build());
    }

    private static Team team(LatentModel model, Agent... agents) {
        return Team.builder(model).agents(agents).latentSteps(4).temperature(0).maxNewTokens(4).build();
    }

    @Test
    void outOfPagesNamesTheAgent() {
        try (LatentModel model = open(256)) {
            long free = model.freePages();
            assertThatThrownBy(() -> team(model, PLANNER, LONG_CRITIC, JUDGER).ask("q"))
                .isInstanceOfSatisfying(LatentException.class, e -> assertThat(e.code())
                .isEqualTo(ErrorCode.OUT_OF_PAGES))
                .hasMessageStartingWith("[OUT_OF_PAGES] agent 'critic': ")
                .hasMessageContainingAll("ModelOptions.memoryPositions", "--memory-positions");
            assertThat(model.freePages()).isEqualTo(free);
            assertThat(team(model, PLANNER, JUDGER).ask("q").figures().decodedTokens()).isPositive();
        }
    }

    /** Tokens that the model has no embedding for are the checkpoint's fault, not the caller's. */
    @Test
    void aTokenizerOfAnotherModelIsNamed(@TempDir Path folder) throws IOException {
        ObjectMapper json = new ObjectMapper();
        try (Stream<Path> files = Files.list(Golden.of("tiny-qwen3").folder())) {
            for (Path file : files.toList()) {
                Files.copy(file, folder.resolve(file.getFileName()));
            }
        }
        ObjectNode tokenizer = (ObjectNode) json.readTree(folder.resolve("tokenizer.json").toFile());
        for (int i = 0; i < 100; i++) {
            ((ArrayNode) tokenizer.get("added_tokens")).addObject().put("id", 600 + i).put("content", "<z" + i + ">")
                .put("special", false); // special ones are text in a question
        }
        json.writeValue(folder.resolve("tokenizer.json").toFile(), tokenizer);
        try (LatentModel model = LatentModel.open(folder, Golden.options().memoryPositions(256).build())) {
            assertThatThrownBy(() -> team(model, PLANNER, JUDGER).ask("what is <z99>?"))
                .hasMessageStartingWith("[BAD_TOKENIZER] agent 'planner': the tokenizer gives token ")
                .hasMessageContaining("the model has embeddings for 0 to 511");
        }
    }

    /** Ten million spaces once ended the process; that they cannot fit shows before they are tokens. */
    @Test
    void aQuestionThatNoContextHoldsIsRefused() {
        try (LatentModel model = open(256)) {
            String question = "What is this?" + " ".repeat(10_500_000) + "x";
            assertThatThrownBy(() -> team(model, PLANNER, JUDGER).ask(question))
                .hasMessageStartingWith("[CONTEXT_EXCEEDED] agent 'planner': a prompt of 105");
        }
    }

    @Test
    void moreQuestionsThanThePagesHoldAreAnsweredBatchByBatch() {
        List<String> questions = IntStream.range(0, 40).mapToObj(i -> "what is " + i + " + 30?"
                + " please".repeat(i % 3)).toList();
        for (Method method : new Method[] {Method.LATENT, Method.TEXT}) {
            try (LatentModel roomy = open(40_000); LatentModel tight = open(400)) {
                List<Answer> expected = team(roomy, method).askAll(questions);
                long free = tight.freePages();
                String[] told = new String[questions.size()];
                Arrays.fill(told, "");
                List<Answer> answers = team(tight, method).askAll(questions, new TeamListener() {
                    @Override
                    public void onText(int question, String piece) {
                        told[question] += piece;
                    }
                });
                assertThat(answers).extracting(Answer::question).isEqualTo(questions);
                assertThat(answers).extracting(Answer::text).isEqualTo(expected.stream().map(Answer::text).toList());
                assertThat(told).containsExactly(expected.stream().map(Answer::text).toArray(String[]::new));
                assertThat(tight.freePages()).isEqualTo(free);
            }
        }
    }

    private static Team team(LatentModel model, Method method) {
        return Team.builder(model, method).agents(PLANNER, JUDGER).latentSteps(4).maxNewTokens(8).build();
    }

    @Test
    void shuffledMemoriesAreNeverPartedIntoBatches() {
        try (LatentModel model = open(400)) {
            Team team = Team.builder(model).agents(PLANNER, JUDGER).memory(MemoryPolicy.SHUFFLED).maxNewTokens(4)
                    .build();
            assertThatThrownBy(() -> team.askAll(Collections.nCopies(40, "q"))).isInstanceOf(LatentException.class)
                .hasMessageStartingWith("[OUT_OF_PAGES]");
        }
    }

    @Test
    void aFullContextNamesTheAgent() {
        try (LatentModel model = open(20_000)) {
            long free = model.freePages();
            String question = "0 1 2 3 4 5 6 7 8 9 ".repeat(210);
            assertThatThrownBy(() -> team(model, PLANNER, JUDGER).ask(question))
                .isInstanceOfSatisfying(LatentException.class, e -> assertThat(e.code())
                .isEqualTo(ErrorCode.CONTEXT_EXCEEDED))
                .hasMessageContaining("agent 'judger'").hasMessageNotContaining("agent 'planner'");
            assertThat(model.freePages()).isEqualTo(free);
        }
    }

    @Test
    void anInterruptCancelsWhoeverIsAtWork() throws InterruptedException {
        try (LatentModel model = open(0)) {
            long free = model.freePages();
            Team team = Team.builder(model).agents(PLANNER, JUDGER).latentSteps(3_900).build();
            CountDownLatch thinking = new CountDownLatch(1);
            AtomicReference<Throwable> thrown = new AtomicReference<>();
            Thread asking = new Thread(() ->
                thrown.set(catchThrowable(() -> team.askAll(List.of("a", "b", "c"), new TeamListener() {
                @Override
                public void onProgress(List<String> agents, Phase phase, int step, int steps) {
                    if (phase == Phase.THINK) {
                        thinking.countDown();
                    }
                }
            }))));
            asking.start();
            assertThat(thinking.await(30, TimeUnit.SECONDS)).isTrue();
            asking.interrupt();
            asking.join(TimeUnit.SECONDS.toMillis(30));
            assertThat(thrown.get()).isInstanceOfSatisfying(LatentException.class, e -> assertThat(e.code())
                .isEqualTo(ErrorCode.CANCELLED))
                .hasMessageContaining("agent 'planner'");
            assertThat(model.freePages()).isEqualTo(free);
            assertThat(team(model, PLANNER, JUDGER).ask("q").text()).isNotNull();
        }
    }

    @Test
    void whatAListenerThrowsComesOut() {
        try (LatentModel model = open(0)) {
            long free = model.freePages();
            IllegalStateException own = new IllegalStateException("enough");
            assertThatThrownBy(() -> team(model, PLANNER, JUDGER).ask("q", piece -> {
                throw own;
            })).isSameAs(own);
            assertThat(model.freePages()).isEqualTo(free);
        }
    }

    @Test
    void settingsAndQuestionsAreChecked() {
        try (LatentModel model = open(0)) {
            assertRefused("latentSteps is -1", () -> Team.builder(model).latentSteps(-1));
            assertRefused("maxNewTokens is 0", Team.builder(model).maxNewTokens(0)::build);
            assertRefused("temperature is -1.0", Team.builder(model).temperature(-1)::build);
            assertRefused("topP is 0.0", Team.builder(model).topP(0)::build);
            assertRefused("two agents are named 'planner'", Team.builder(model).agents(PLANNER, PLANNER)::build);
            assertRefused("stop string", Team.builder(model).stopStrings("")::build);
            assertRefused("no question", () -> Team.latent(model).askAll(List.of()));
            assertRefused("question 1 is blank", () -> Team.latent(model).askAll(List.of("a", " ")));
            assertRefused("question 0 is blank", () -> Team.latent(model).ask("\u00a0\u3000"));
        }
    }

    private static void assertRefused(String message, Runnable call) {
        assertThatThrownBy(call::run).isInstanceOf(IllegalArgumentException.class).hasMessageContaining(message);
    }

    @Test
    void aClosedModelSaysSo() {
        LatentModel model = open(0);
        Team team = team(model, PLANNER, JUDGER);
        model.close();
        assertThatThrownBy(() -> team.ask("q"))
            .isInstanceOfSatisfying(LatentException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CLOSED));
    }
}
