package org.latent4j.agent;

import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.latent4j.internal.NonNull;
import org.latent4j.latent.Penalties;
import org.latent4j.latent.Sampling;
import org.latent4j.latent.Thinking;

/**
 * Everything that says how a team works; {@link org.latent4j.Team.Builder} makes it.
 *
 * @param method how agents tell each other what they think
 * @param topology who goes on from whom
 * @param compatibility which meaning where paper and published code differ
 * @param agents at least one, names unique, the answering agent last
 * @param task the kind of answer that is wanted
 * @param thinking how each thinking agent of a latent team thinks; always says what it mixes
 * @param memory what the next agent gets
 * @param sampling how every decoding agent chooses tokens, and its limit
 * @param seed of every decoding agent's random numbers
 * @param stops strings before which a text ends
 * @param templateOptions passed on to the chat template, such as {@code enable_thinking}
 * @param turns how an agent's prompt follows on the thoughts that it is handed
 * @param allowControlTokens whether control tokens that a question or a prompt holds count as such
 */
public record TeamPlan(Method method, Topology topology, Compatibility compatibility, List<Agent> agents, TaskKind task,
        Thinking thinking, MemoryPolicy memory, Sampling sampling, long seed, List<String> stops,
        Map<String, Object> templateOptions, Turns turns, boolean allowControlTokens) {

    /** @throws IllegalArgumentException if a value is outside its range */
    public TeamPlan {
        Objects.requireNonNull(method, "method");
        Objects.requireNonNull(topology, "topology");
        Objects.requireNonNull(compatibility, "compatibility");
        Objects.requireNonNull(task, "task");
        Objects.requireNonNull(thinking, "thinking");
        thinking = thinking.soft(thinking.mixture());
        Objects.requireNonNull(memory, "memory");
        Objects.requireNonNull(turns, "turns");
        Objects.requireNonNull(sampling, "sampling");
        agents = NonNull.list(agents, "agents");
        stops = NonNull.list(stops, "stops");
        templateOptions = Map.copyOf(Objects.requireNonNull(templateOptions, "templateOptions"));
        require(!agents.isEmpty(), "a team needs at least one agent, has 0");
        Set<String> names = new HashSet<>();
        for (Agent agent : agents) {
            require(names.add(agent.name()), "two agents are named '" + agent.name() + "'");
        }
        require(sampling.maxNewTokens() > 0, "maxNewTokens is " + sampling.maxNewTokens() + ", must be at least 1");
        require(stops.stream().noneMatch(String::isEmpty), "a stop string must not be empty");
        boolean thinks = method == Method.LATENT && thinking.latentSteps() > 0 && agents.size() > 1;
        require(!thinks || !thinking.until().atEndToken() || sampling.endTokens().length > 0,
            "thinking is to end at an end token (until.atEndToken), but the model's generation config names none");
    }

    /** All of it on one line, in words: agents by their names, prompts left out, token ids counted. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(word(method));
        text.append(method == Method.SINGLE ? " agent: " : " team, " + topology.name() + ": ");
        text.append(String.join(", ", agents.stream().map(Agent::name).toList())).append("; task ").append(word(task));
        if (method == Method.LATENT) {
            text.append("; ").append(thinking).append(", ").append(word(memory)).append(" memory, ")
                .append(word(turns)).append(" turns");
        }
        text.append("; at most ").append(sampling.maxNewTokens()).append(" new tokens, temperature ")
            .append(sampling.temperature()).append(", top-p ").append(sampling.topP()).append(", top-k ")
            .append(sampling.topK() == 0 ? "all" : sampling.topK()).append(", min-p ").append(sampling.minP())
            .append(penalties(sampling.penalties())).append(", seed ").append(seed);
        if (!stops.isEmpty()) {
            text.append("; stops before ").append(stops);
        }
        if (!templateOptions.isEmpty()) {
            text.append("; template options ").append(new TreeMap<>(templateOptions));
        }
        if (allowControlTokens) {
            text.append("; control tokens in questions count as such");
        }
        return compatibility == Compatibility.CORRECTED ? text.toString()
            : text.append("; as the paper's published code").toString();
    }

    /** Those that are on; tokens are counted. */
    private static String penalties(Penalties given) {
        StringBuilder text = new StringBuilder();
        if (given.repetition() != 1) {
            text.append(", repetition penalty ").append(given.repetition());
        }
        if (given.presence() != 0) {
            text.append(", presence penalty ").append(given.presence());
        }
        if (given.frequency() != 0) {
            text.append(", frequency penalty ").append(given.frequency());
        }
        if (given.noRepeatNgram() > 0) {
            text.append(", no ").append(given.noRepeatNgram()).append("-gram twice");
        }
        return text + counted(given.suppressed(), " suppressed")
            + counted(given.suppressedFirst(), " suppressed at the beginning");
    }

    private static String counted(List<Integer> tokens, String what) {
        return tokens.isEmpty() ? "" : ", " + tokens.size() + (tokens.size() == 1 ? " token" : " tokens") + what;
    }

    private static String word(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private static void require(boolean condition, String message) {
        if (!condition) {
            throw new IllegalArgumentException(message);
        }
    }
}
