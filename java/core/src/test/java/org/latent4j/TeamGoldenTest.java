package org.latent4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.latent4j.agent.Agent;
import org.latent4j.agent.Compatibility;
import org.latent4j.agent.Method;
import org.latent4j.agent.Topology;
import org.latent4j.agent.Turns;
import org.latent4j.latent.AlignmentKind;
import org.latent4j.latent.Soft;
import org.latent4j.latent.Thinking;
import org.latent4j.memory.MemoryType;

/**
 * Teams against the golden numbers: from a question to the judger's tokens, prompts rendered and encoded on the way.
 */
class TeamGoldenTest {
    private static final String QUESTION = "what is 12 + 30?";
    private static final int LATENT_STEPS = 6;
    private static final int TOKENS = 16;
    private static final List<Agent> AGENTS = List.of(
        Agent.of("planner", "Plan the steps for: {question}"),
        Agent.of("critic", "Check the plan for: {question}"),
        Agent.of("refiner", "Improve the plan for: {question}"),
        Agent.of("judger", "Now answer: {question}"));

    static Stream<Arguments> cases() {
        List<String> levels = Golden.device().isCuda() ? Collections.singletonList(null) : Machine.current().levels();
        return Golden.NAMES.stream().flatMap(name ->
            Stream.of(AlignmentKind.IDENTITY, AlignmentKind.RIDGE, AlignmentKind.SOFT).flatMap(kind ->
                levels.stream().flatMap(level -> Stream.of(1, 2).map(threads ->
                    Arguments.of(name, kind, level, threads)))));
    }

    private static LatentModel open(Golden golden, String level, int threads) {
        return LatentModel.open(golden.folder().toString(), Golden.options().memoryType(MemoryType.F32)
            .cpuLevel(level).threads(threads).build());
    }

    private static Team.Builder team(LatentModel model, AlignmentKind kind) {
        return Team.builder(model).agents(AGENTS).turns(Turns.SEPARATE)
            .thinking(Thinking.of(LATENT_STEPS).alignment(kind).soft(Soft.DEFAULT)).temperature(0)
            .maxNewTokens(TOKENS);
    }

    /** Golden decoding goes on past an end token; a team's does not. */
    private static void assertTokens(LatentModel model, Answer answer, int[] golden) {
        List<Integer> ends = Arrays.stream(model.generation().endTokens()).boxed().toList();
        int n = 0;
        while (n < golden.length && !ends.contains(golden[n])) {
            n++;
        }
        assertThat(answer.text()).isEqualTo(model.tokenizer().decode(Arrays.copyOf(golden, n)));
        assertThat(answer.figures().readerTokens()).isEqualTo(n);
        assertThat(answer.figures().decodedTokens()).isEqualTo(Math.min(n + 1, golden.length));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void sequentialTeamsFollowTheChain(String name, AlignmentKind kind, String level, int threads) {
        Golden golden = Golden.of(name);
        try (LatentModel model = open(golden, level, threads)) {
            Answer answer = team(model, kind).build().ask(QUESTION);
            assertTokens(model, answer, golden.ints(tag(kind) + ".chain.judger_tokens"));
            int before = 0;
            for (int agent = 0; agent < AGENTS.size(); agent++) {
                AgentTrace trace = answer.agents().get(agent);
                assertThat(trace.name()).isEqualTo(AGENTS.get(agent).name());
                assertThat(trace.promptTokens()).isEqualTo(golden.prompt(agent).length);
                assertThat(trace.memoryPositions()).isEqualTo(before);
                before += trace.promptTokens() + LATENT_STEPS;
            }
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void hierarchicalTeamsMergeTheirExperts(String name, AlignmentKind kind, String level, int threads) {
        Golden golden = Golden.of(name);
        try (LatentModel model = open(golden, level, threads)) {
            Answer answer = team(model, kind).topology(Topology.HIERARCHICAL).build().ask(QUESTION);
            assertTokens(model, answer, golden.ints(tag(kind) + ".merge.judger_tokens"));
            assertThat(answer.agents()).extracting(AgentTrace::memoryPositions).startsWith(0, 0, 0);
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void thePublishedCodeRunsExpertsAsAChain(String name, AlignmentKind kind, String level, int threads) {
        Golden golden = Golden.of(name);
        try (LatentModel model = open(golden, level, threads)) {
            Team team = team(model, kind).topology(Topology.HIERARCHICAL).compatibility(Compatibility.OFFICIAL).build();
            assertTokens(model, team.ask(QUESTION), golden.ints(tag(kind) + ".chain.judger_tokens"));
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void membersOfABatchGetWhatTheyGetAlone(String name, AlignmentKind kind, String level, int threads) {
        Golden golden = Golden.of(name);
        try (LatentModel model = open(golden, level, threads)) {
            List<Answer> answers = team(model, kind).build()
                .askAll(List.of("?", QUESTION, QUESTION + " " + "Think of it again. ".repeat(9)));
            assertTokens(model, answers.get(1), golden.ints(tag(kind) + ".chain.judger_tokens"));
        }
    }

    @Test
    void aSingleAgentAnswersFromItsPromptAlone() {
        for (String name : Golden.NAMES) {
            Golden golden = Golden.of(name);
            try (LatentModel model = open(golden, null, 2)) {
                Team single = Team.builder(model, Method.SINGLE).agents(AGENTS.get(3)).temperature(0)
                    .maxNewTokens(TOKENS).build();
                assertTokens(model, single.ask(QUESTION), golden.ints("single.tokens"));
                Team official = team(model, AlignmentKind.RIDGE).compatibility(Compatibility.OFFICIAL).latentSteps(0)
                    .build();
                assertTokens(model, official.ask(QUESTION), golden.ints("single.tokens"));
            }
        }
    }

    private static String tag(AlignmentKind kind) {
        return kind.name().toLowerCase(Locale.ROOT);
    }
}
