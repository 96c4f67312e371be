package org.latent4j.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.latent4j.latent.AlignmentKind;
import org.latent4j.latent.Sampling;
import org.latent4j.latent.Thinking;

/** How a plan reads. */
class TeamPlanTest {
    private static final Prompts PROMPTS = Prompts.builtIn();

    @Test
    void aLatentTeamIsReadOnOneLine() {
        assertThat(plan(Method.LATENT, List.of("END"), Map.of("enable_thinking", true))).hasToString("latent team,"
            + " sequential: planner, judger; task math; 20 latent steps, identity alignment, latent-only memory, chat turns;"
            + " at most 512 new tokens, temperature 0.6, top-p 0.95, top-k 40, seed 42; stops before [END];"
            + " template options {enable_thinking=true}");
    }

    @Test
    void otherMethodsHaveNoLatentSteps() {
        assertThat(plan(Method.TEXT, List.of(), Map.of())).hasToString("text team, sequential: planner, judger;"
            + " task math; at most 512 new tokens, temperature 0.6, top-p 0.95, top-k 40, seed 42");
        assertThat(plan(Method.SINGLE, List.of(), Map.of()).toString()).startsWith("single agent: ")
            .doesNotContain("\n", "@", "{question}");
    }

    private static TeamPlan plan(Method method, List<String> stops, Map<String, Object> options) {
        List<Agent> agents = List.of(PROMPTS.agent("planner", TaskKind.MATH), PROMPTS.agent("judger", TaskKind.MATH));
        return new TeamPlan(method, Topology.SEQUENTIAL, Compatibility.CORRECTED, agents, TaskKind.MATH,
            Thinking.of(20).alignment(AlignmentKind.IDENTITY), MemoryPolicy.LATENT_ONLY,
            new Sampling(512, 0.6f, 0.95f, 40, new int[] {2}), 42, stops, options, Turns.CHAT, false);
    }
}
