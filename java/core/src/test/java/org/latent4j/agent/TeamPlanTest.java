package org.latent4j.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.latent4j.latent.AlignmentKind;
import org.latent4j.latent.Penalties;
import org.latent4j.latent.Sampling;
import org.latent4j.latent.Soft;
import org.latent4j.latent.ThinkUntil;
import org.latent4j.latent.Thinking;

/** How a plan reads. */
class TeamPlanTest {
    private static final Prompts PROMPTS = Prompts.builtIn();
    private static final Sampling SAMPLING = new Sampling(512, 0.6f, 0.95f, 40, new int[] {2});

    @Test
    void aLatentTeamIsReadOnOneLine() {
        assertThat(plan(Method.LATENT, List.of("END"), Map.of("enable_thinking", true))).hasToString("latent team,"
            + " sequential: planner, judger; task math; 20 latent steps, identity alignment, soft of 10 tokens at"
            + " temperature 1.0, latent-only memory, chat turns;"
            + " at most 512 new tokens, temperature 0.6, top-p 0.95, top-k 40, min-p 0.0, seed 42; stops before [END];"
            + " template options {enable_thinking=true}");
    }

    @Test
    void otherMethodsHaveNoLatentSteps() {
        assertThat(plan(Method.TEXT, List.of(), Map.of())).hasToString("text team, sequential: planner, judger;"
            + " task math; at most 512 new tokens, temperature 0.6, top-p 0.95, top-k 40, min-p 0.0, seed 42");
        assertThat(plan(Method.SINGLE, List.of(), Map.of()).toString()).startsWith("single agent: ")
            .doesNotContain("\n", "@", "{question}");
    }

    /** Whatever is not as it is by default is read. */
    @Test
    void whatChangesTheChoiceOfTokensIsRead() {
        Penalties all = new Penalties(1.1f, 0.5f, -0.25f, 3, List.of(5, 6), List.of(7));
        assertThat(plan(Method.SINGLE, List.of(), Map.of(), SAMPLING.withMinP(0.05f).withPenalties(all)).toString())
            .endsWith("top-k 40, min-p 0.05, repetition penalty 1.1, presence penalty 0.5, frequency penalty -0.25,"
                + " no 3-gram twice, 2 tokens suppressed, 1 token suppressed at the beginning, seed 42");
        Thinking thinking = Thinking.of(3).alignment(AlignmentKind.RANDOM).blend(0.5).soft(new Soft(7, 0.5f, 1))
            .until(ThinkUntil.STEPS_ARE_DONE.orEndToken());
        assertThat(thinking).hasToString("3 latent steps, random alignment blended with 0.5 of soft, soft of 7 tokens"
            + " at temperature 0.5 with noise 1.0, until an end token");
    }

    /** An end token that is none would never end anything. */
    @Test
    void anEndTokenThatIsNoneIsRefused() {
        Thinking thinking = Thinking.of(3).until(ThinkUntil.STEPS_ARE_DONE.orEndToken());
        TeamPlan plan = plan(Method.LATENT, List.of(), Map.of());
        assertThatIllegalArgumentException().isThrownBy(() -> new TeamPlan(Method.LATENT, plan.topology(),
            plan.compatibility(), plan.agents(), plan.task(), thinking, plan.memory(), Sampling.greedy(5), 42,
            List.of(), Map.of(), plan.turns(), false)).withMessageContaining("until.atEndToken");
    }

    private static TeamPlan plan(Method method, List<String> stops, Map<String, Object> options) {
        return plan(method, stops, options, SAMPLING);
    }

    private static TeamPlan plan(Method method, List<String> stops, Map<String, Object> options,
            Sampling sampling) {
        List<Agent> agents = List.of(PROMPTS.agent("planner", TaskKind.MATH), PROMPTS.agent("judger", TaskKind.MATH));
        return new TeamPlan(method, Topology.SEQUENTIAL, Compatibility.CORRECTED, agents, TaskKind.MATH,
            Thinking.of(20).alignment(AlignmentKind.IDENTITY), MemoryPolicy.LATENT_ONLY,
            sampling, 42, stops, options, Turns.CHAT, false);
    }
}
