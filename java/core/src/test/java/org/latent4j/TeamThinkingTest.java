package org.latent4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.latent4j.agent.Agent;
import org.latent4j.agent.Compatibility;
import org.latent4j.agent.MemoryPolicy;
import org.latent4j.agent.Method;
import org.latent4j.agent.Topology;
import org.latent4j.agent.Turns;
import org.latent4j.latent.AlignmentChoice;
import org.latent4j.latent.AlignmentKind;
import org.latent4j.latent.Look;
import org.latent4j.latent.Phase;
import org.latent4j.latent.Soft;
import org.latent4j.latent.ThinkEnd;
import org.latent4j.latent.ThinkUntil;
import org.latent4j.latent.Thinking;
import org.latent4j.latent.Thought;
import org.latent4j.memory.MemoryType;

/** How a team thinks: by what, until when, and what its answers tell of it. */
class TeamThinkingTest {
    private static final String QUESTION = "what is 12 + 30?";
    private static final Agent PLANNER = Agent.of("planner", "Plan the steps for: {question}");
    private static final Agent CRITIC = Agent.of("critic", "Check: {question}");
    private static final Agent JUDGER = Agent.of("judger", "Now answer: {question}");
    private static final int STEPS = 5;

    private static LatentModel tied;
    private static LatentModel untied;

    @BeforeAll
    static void open() {
        tied = open("tiny-qwen3");
        untied = open("tiny-qwen3-untied");
    }

    @AfterAll
    static void close() {
        tied.close();
        untied.close();
    }

    private static LatentModel open(String name) {
        return LatentModel.open(Golden.of(name).folder().toString(),
            Golden.options().memoryType(MemoryType.F32).threads(2).build());
    }

    private static Team.Builder team(LatentModel model) {
        return Team.builder(model).agents(PLANNER, CRITIC, JUDGER).latentSteps(STEPS).temperature(0).maxNewTokens(8);
    }

    // --- by what

    @Test
    void byDefaultTheModelDecidesAndTheAnswerSaysWhy() {
        for (LatentModel model : List.of(tied, untied)) {
            Answer answer = team(model).build().ask(QUESTION);
            AlignmentChoice choice = model.autoAlignment();
            assertThat(answer.figures().alignment()).contains(choice);
            assertThat(choice.kind()).isEqualTo(model == tied ? AlignmentKind.SOFT : AlignmentKind.RIDGE);
            assertThat(answer.text()).isEqualTo(team(model).alignment(choice.kind()).build().ask(QUESTION).text());
            assertThat(answer.figures().toString()).contains(2 * STEPS + " latent steps by "
                + (model == tied ? "soft (embeddings are tied), soft of 10 tokens at temperature 0.5, "
                    : "ridge (output weights of their own, ridge is "));
        }
        assertThat(team(tied).alignment(AlignmentKind.ARGMAX).build().ask(QUESTION).figures().alignment())
            .contains(new AlignmentChoice(AlignmentKind.ARGMAX, "as asked"));
    }

    /** The published code's default is identity; what was asked for stays what was asked for. */
    @Test
    void asPublishedItIsIdentityUnlessAskedOtherwise() {
        for (LatentModel model : List.of(tied, untied)) {
            Team official = team(model).compatibility(Compatibility.OFFICIAL).build();
            assertThat(official.plan().thinking().alignment()).isEqualTo(AlignmentKind.IDENTITY);
            Answer answer = official.ask(QUESTION);
            assertThat(answer.figures().alignment())
                .contains(new AlignmentChoice(AlignmentKind.IDENTITY, "official"));
            assertThat(answer.text())
                .isEqualTo(team(model).alignment(AlignmentKind.IDENTITY).turns(Turns.SEPARATE).build().ask(QUESTION)
                    .text());
        }
        for (AlignmentKind kind : List.of(AlignmentKind.SOFT, AlignmentKind.RIDGE)) {
            assertThat(team(tied).alignment(kind).compatibility(Compatibility.OFFICIAL).build().plan().thinking()
                .alignment()).isEqualTo(kind);
        }
    }

    @Test
    void whoThinksInNoStepsThinksByNothing() {
        for (Team team : List.of(team(tied).latentSteps(0).build(), Team.builder(tied, Method.SINGLE).temperature(0)
                .maxNewTokens(4).build(), Team.builder(tied, Method.TEXT).temperature(0).maxNewTokens(4).build())) {
            Answer answer = team.ask(QUESTION);
            assertThat(answer.figures().alignment()).isEmpty();
            assertThat(answer.figures().thoughtCosine()).isNaN();
            assertThat(answer.figures().toString()).contains(" 0 latent steps, ");
            assertThat(answer.figures().thinking()).isEmpty();
            assertThat(answer.agents()).allSatisfy(trace -> {
                assertThat(trace.latentSteps()).isZero();
                assertThat(trace.thoughts()).isEmpty();
                assertThat(trace.thinkEnd()).isEmpty();
            });
            assertThat(answer.warnings()).noneMatch(warning ->
                warning.kind() == AnswerWarning.Kind.THOUGHTS_LEFT_EMBEDDINGS);
        }
    }

    @Test
    void aSeedOfTheTeamIsItsThoughts() {
        Thinking noisy = Thinking.of(STEPS).alignment(AlignmentKind.SOFT).soft(new Soft(10, 1, 1)).look(Look.ALL);
        List<Thought> one = thoughts(team(tied).thinking(noisy).seed(1));
        assertThat(thoughts(team(tied).thinking(noisy).seed(1))).isEqualTo(one);
        assertThat(thoughts(team(tied).thinking(noisy).seed(2))).isNotEqualTo(one);
    }

    private static List<Thought> thoughts(Team.Builder team) {
        return team.build().ask(QUESTION).agents().get(0).thoughts();
    }

    // --- what is told of it

    @Test
    void explainedEveryStepIsTold() {
        Answer brief = team(tied).build().ask(QUESTION);
        Answer explained = team(tied).explain(true).build().ask(QUESTION);
        assertThat(explained.text()).isEqualTo(brief.text());
        for (int agent = 0; agent < 2; agent++) {
            List<Thought> all = explained.agents().get(agent).thoughts();
            assertThat(all).extracting(Thought::step).containsExactly(0, 1, 2, 3, 4);
            assertThat(brief.agents().get(agent).thoughts()).containsExactly(all.get(STEPS - 1));
        }
        assertThat(explained.agents().get(2).thoughts()).as("the judger writes").isEmpty();
        assertThat(brief.figures().thoughtCosine()).isEqualTo(brief.agents().stream()
            .flatMap(trace -> trace.thoughts().stream()).mapToDouble(Thought::nearestCosine).min().orElseThrow());
        assertThat(team(tied).explain(true).explain(false).build().plan().thinking().look()).isEqualTo(Look.NONE);
    }

    /** Whether thoughts left the embeddings is not told otherwise because somebody looks at all of them. */
    @Test
    void whatIsSaidOfThoughtsDoesNotDependOnBeingWatched() {
        for (AlignmentKind kind : List.of(AlignmentKind.SOFT, AlignmentKind.IDENTITY, AlignmentKind.RIDGE)) {
            for (String question : List.of(QUESTION, "and why?", "who was it?")) {
                Answer brief = team(untied).alignment(kind).build().ask(question);
                Answer explained = team(untied).alignment(kind).explain(true).build().ask(question);
                assertThat(explained.figures().thoughtCosine()).isEqualTo(brief.figures().thoughtCosine());
                assertThat(explained.warnings()).isEqualTo(brief.warnings());
            }
        }
    }

    @Test
    void whatWasSaidOfThinkingIsKept() {
        ThinkUntil until = ThinkUntil.STEPS_ARE_DONE.orCosineAbove(0.99).orEndToken();
        Thinking thinking = new Thinking(7, AlignmentKind.RIDGE, Optional.of(new Soft(3, 0.5f, 0.25f)), 0.5f,
            until, Look.NONE);
        assertThat(team(tied).thinking(thinking).build().plan().thinking()).isEqualTo(thinking);
        assertThat(team(tied).thinking(thinking).latentSteps(9).explain(true).build().plan().thinking())
            .isEqualTo(thinking.latentSteps(9).look(Look.ALL));
    }

    // --- until when

    /** Every entropy is below the bound: each agent stops once it has been so for {@code steps} looks. */
    private static Thinking stoppingAt(int steps) {
        return Thinking.of(40).until(ThinkUntil.STEPS_ARE_DONE.orEntropyBelow(1000, steps + 1));
    }

    @Test
    void agentsThatStopAreMeteredByWhatTheyDid() {
        for (Topology topology : List.of(Topology.SEQUENTIAL, Topology.HIERARCHICAL)) {
            Answer stopped = team(tied).topology(topology).thinking(stoppingAt(3)).build().ask(QUESTION);
            Answer exact = team(tied).topology(topology).thinking(Thinking.of(3)).build().ask(QUESTION);
            assertThat(stopped.text()).isEqualTo(exact.text());
            assertThat(stopped.figures().latentSteps()).isEqualTo(6);
            assertThat(stopped.figures().handedOverBytes()).isEqualTo(exact.figures().handedOverBytes());
            assertThat(stopped.agents()).extracting(AgentTrace::latentSteps).containsExactly(3, 3, 0);
            assertThat(stopped.agents()).extracting(AgentTrace::thinkEnd)
                .containsExactly(Optional.of(ThinkEnd.ENTROPY), Optional.of(ThinkEnd.ENTROPY), Optional.empty());
            assertThat(stopped.agents()).extracting(AgentTrace::memoryPositions)
                .isEqualTo(exact.agents().stream().map(AgentTrace::memoryPositions).toList());
            assertThat(stopped.agents().get(0).thoughts()).isEqualTo(exact.agents().get(0).thoughts()).hasSize(1);
        }
    }

    @Test
    void agentsThatStopAtOnceHandOnNoThought() {
        Answer answer = team(tied).thinking(stoppingAt(0)).memory(MemoryPolicy.LATENT_ONLY).build().ask(QUESTION);
        assertThat(answer.agents()).extracting(AgentTrace::memoryPositions).containsExactly(0, 0, 0);
        assertThat(answer.figures().latentSteps()).isZero();
        assertThat(answer.figures().alignment()).contains(tied.autoAlignment());
        assertThat(answer.figures().thoughtCosine()).isNaN();
        ThinkingFigures asked = answer.figures().thinking().orElseThrow();
        assertThat(asked.askedSteps()).isEqualTo(80);
        assertThat(asked.ends()).containsExactly(ThinkEnd.ENTROPY, ThinkEnd.ENTROPY);
        assertThat(answer.figures().toString()).contains(" 0 of 80 latent steps by soft (embeddings are tied), soft of"
            + " 10 tokens at temperature 0.5, 2 agents stopped early: entropy below 1000.0, ");
    }

    /** Whoever stopped before the first thought said nothing: the next prompt does not follow on an answer. */
    @Test
    void whoStopsBeforeTheFirstThoughtHandsOnAPromptAlone() {
        for (Topology topology : List.of(Topology.SEQUENTIAL, Topology.HIERARCHICAL)) {
            Team.Builder chat = team(tied).topology(topology).turns(Turns.CHAT);
            Answer stopped = chat.thinking(stoppingAt(0)).build().ask(QUESTION);
            Answer none = chat.latentSteps(0).build().ask(QUESTION);
            assertThat(stopped.text()).isEqualTo(none.text());
            assertThat(stopped.agents()).extracting(AgentTrace::promptTokens)
                .isEqualTo(none.agents().stream().map(AgentTrace::promptTokens).toList());
            Answer thought = chat.thinking(stoppingAt(1)).build().ask(QUESTION);
            assertThat(thought.agents().get(2).promptTokens()).as("closes the thought's turn first")
                .isNotEqualTo(none.agents().get(2).promptTokens());
        }
    }

    /** Solved before an asking's clock starts, once, and told. */
    @Test
    void theAlignmentIsSolvedOnceBeforeTheFirstRollout() {
        for (AlignmentKind kind : List.of(AlignmentKind.AUTO, AlignmentKind.RANDOM, AlignmentKind.IDENTITY)) {
            try (LatentModel model = open("tiny-qwen3-untied")) {
                Team team = team(model).alignment(kind).build();
                List<Phase> phases = new ArrayList<>();
                TeamListener listener = new TeamListener() {
                    @Override
                    public void onProgress(List<String> agents, Phase phase, int step, int steps) {
                        phases.add(phase);
                        assertThat(phase != Phase.ALIGN || agents.equals(List.of("planner", "critic"))).isTrue();
                    }
                };
                Figures first = team.askAll(List.of(QUESTION), listener).get(0).figures();
                assertThat(phases).startsWith(Phase.ALIGN).containsOnlyOnce(Phase.ALIGN);
                assertThat(first.thinking().orElseThrow().alignmentSeconds()).isPositive();
                phases.clear();
                Figures second = team.askAll(List.of(QUESTION), listener).get(0).figures();
                assertThat(phases).doesNotContain(Phase.ALIGN);
                assertThat(second.thinking().orElseThrow().alignmentSeconds()).isZero();
                assertThat(second.toString()).doesNotContain("alignment solved in");
            }
        }
        Figures soft = team(tied).alignment(AlignmentKind.SOFT).build().ask(QUESTION).figures();
        assertThat(soft.thinking().orElseThrow().alignmentSeconds()).isZero();
    }

    /** One default for everybody who asks a team; what is said is kept, the alignment's own default included. */
    @Test
    void aTeamsMixtureIsItsOwnUntilItIsSaid() {
        for (Team.Builder builder : List.of(team(tied), team(tied).thinking(Thinking.of(20)),
                team(tied).thinking(Thinking.of(5).alignment(AlignmentKind.SOFT)).latentSteps(7))) {
            assertThat(builder.build().plan().thinking().soft()).contains(Team.Builder.SOFT);
            assertThat(builder.build().toString()).contains(", soft of 10 tokens at temperature 0.5");
        }
        assertThat(team(tied).thinking(Thinking.of(20)).build().plan().thinking())
            .isEqualTo(Team.latent(tied).plan().thinking());
        Team said = team(tied).thinking(Thinking.of(20).soft(Soft.DEFAULT)).build();
        assertThat(said.plan().thinking().soft()).contains(Soft.DEFAULT);
        assertThat(said.toString()).contains(", soft of 10 tokens at temperature 1.0");
        assertThat(Thinking.of(20).mixture()).isEqualTo(Soft.DEFAULT);
    }

    /** A team's end tokens are its model's: thinking ends where the agent would have ended its text. */
    @Test
    void thinkingEndsAtTheModelsEndTokens(@TempDir Path folder) throws IOException {
        Thinking argmax = Thinking.of(STEPS).alignment(AlignmentKind.ARGMAX).look(Look.ALL);
        List<Integer> tokens = thoughts(team(tied).thinking(argmax)).stream()
            .map(seen -> seen.likeliest().get(0).token()).toList();
        int end = tokens.get(3);
        for (String file : List.of("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")) {
            Files.copy(Golden.of("tiny-qwen3").folder().resolve(file), folder.resolve(file));
        }
        Files.writeString(folder.resolve("generation_config.json"), "{\"eos_token_id\": [" + end + "]}");
        try (LatentModel model = LatentModel.open(folder, Golden.options().memoryType(MemoryType.F32).build())) {
            AgentTrace trace = team(model).thinking(argmax.until(ThinkUntil.STEPS_ARE_DONE.orEndToken())).build()
                .ask(QUESTION).agents().get(0);
            assertThat(trace.latentSteps()).isEqualTo(tokens.indexOf(end));
            assertThat(trace.thinkEnd()).contains(ThinkEnd.END_TOKEN);
        }
    }

    @Test
    void progressEndsWithTheStepsThatWereDone() {
        List<Integer> told = new ArrayList<>();
        team(tied).thinking(stoppingAt(4)).topology(Topology.HIERARCHICAL).build().askAll(List.of("q", "and so on?"),
            new TeamListener() {
                @Override
                public void onProgress(List<String> agents, Phase phase, int step, int steps) {
                    if (phase == Phase.THINK) {
                        assertThat(steps).isEqualTo(40);
                        told.add(step);
                    }
                }
            });
        assertThat(told).isSorted().endsWith(4);
    }
}
