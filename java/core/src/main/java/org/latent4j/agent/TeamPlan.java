package org.latent4j.agent;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.latent4j.latent.AlignmentKind;
import org.latent4j.latent.Sampling;

/**
 * Everything that says how a team works; {@link org.latent4j.Team.Builder} makes it.
 *
 * @param method how agents tell each other what they think
 * @param topology who goes on from whom
 * @param compatibility which meaning where paper and published code differ
 * @param agents at least one, names unique, the answering agent last
 * @param task the kind of answer that is wanted
 * @param latentSteps of each thinking agent in a latent team, 0 or more
 * @param alignment how a hidden state becomes the next input
 * @param memory what the next agent gets
 * @param sampling how every decoding agent chooses tokens, and its limit
 * @param seed of every decoding agent's random numbers
 * @param stops strings before which a text ends
 * @param templateOptions passed on to the chat template, such as {@code enable_thinking}
 * @param allowControlTokens whether control tokens that a question or a prompt holds count as such
 */
public record TeamPlan(Method method, Topology topology, Compatibility compatibility, List<Agent> agents, TaskKind task,
        int latentSteps, AlignmentKind alignment, MemoryPolicy memory, Sampling sampling, long seed, List<String> stops,
        Map<String, Object> templateOptions, boolean allowControlTokens) {

    /** @throws IllegalArgumentException if a value is outside its range */
    public TeamPlan {
        Objects.requireNonNull(method, "method");
        Objects.requireNonNull(topology, "topology");
        Objects.requireNonNull(compatibility, "compatibility");
        Objects.requireNonNull(task, "task");
        Objects.requireNonNull(alignment, "alignment");
        Objects.requireNonNull(memory, "memory");
        agents = List.copyOf(agents);
        stops = List.copyOf(stops);
        templateOptions = Map.copyOf(templateOptions);
        require(!agents.isEmpty(), "a team needs at least one agent, has 0");
        Set<String> names = new HashSet<>();
        for (Agent agent : agents) {
            require(names.add(agent.name()), "two agents are named '" + agent.name() + "'");
        }
        require(latentSteps >= 0, "latentSteps is " + latentSteps + ", must not be negative");
        require(sampling.maxNewTokens() > 0, "maxNewTokens is " + sampling.maxNewTokens() + ", must be at least 1");
        require(stops.stream().noneMatch(String::isEmpty), "a stop string must not be empty");
    }

    private static void require(boolean condition, String message) {
        if (!condition) {
            throw new IllegalArgumentException(message);
        }
    }
}
