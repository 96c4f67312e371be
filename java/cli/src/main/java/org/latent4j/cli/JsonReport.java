package org.latent4j.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Locale;
import java.util.function.IntFunction;
import org.latent4j.AgentTrace;
import org.latent4j.Answer;
import org.latent4j.Device;
import org.latent4j.Figures;
import org.latent4j.Team;
import org.latent4j.agent.Method;
import org.latent4j.agent.TeamPlan;
import org.latent4j.latent.AlignmentChoice;
import org.latent4j.latent.Penalties;
import org.latent4j.latent.Soft;
import org.latent4j.latent.ThinkUntil;
import org.latent4j.latent.Thinking;
import org.latent4j.latent.Thought;

/** Answers for programs. Keys are in snake_case; times are seconds, sizes bytes. */
final class JsonReport {
    static final ObjectMapper JSON = new ObjectMapper();

    private JsonReport() {
    }

    /** @param texts the text of a token */
    static ObjectNode answer(String model, Device device, Team team, Answer answer, IntFunction<String> texts) {
        ObjectNode node = JSON.createObjectNode();
        node.put("question", answer.question());
        node.put("text", answer.text());
        node.put("answer", answer.extracted().orElse(null));
        node.put("stop_reason", answer.stopReason().name().toLowerCase(Locale.ROOT));
        node.put("model", model);
        node.put("device", device.id());
        settings(node.putObject("settings"), team.plan());
        figures(node.putObject("figures"), answer.figures());
        ArrayNode warnings = node.putArray("warnings");
        answer.warnings().forEach(warning -> warnings.addObject().put("kind", Words.of(warning.kind()))
            .put("message", warning.message()));
        ArrayNode agents = node.putArray("agents");
        answer.agents().forEach(trace -> agent(agents.addObject(), trace, texts));
        return node;
    }

    static String line(JsonNode node) {
        try {
            return JSON.writeValueAsString(node);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree that was built here cannot be written", e);
        }
    }

    static String pretty(JsonNode node) {
        return node.toPrettyString();
    }

    private static void settings(ObjectNode node, TeamPlan plan) {
        node.put("method", Words.of(plan.method()));
        node.put("team", plan.topology().name());
        node.put("task", Words.of(plan.task()));
        if (plan.method() == Method.LATENT) {
            thinking(node, plan.thinking());
            node.put("memory", Words.of(plan.memory()));
            node.put("turns", Words.of(plan.turns()));
        }
        node.put("compat", Words.of(plan.compatibility()));
        node.put("max_new_tokens", plan.sampling().maxNewTokens());
        node.put("temperature", plan.sampling().temperature());
        node.put("top_p", plan.sampling().topP());
        node.put("top_k", plan.sampling().topK());
        node.put("min_p", plan.sampling().minP());
        Penalties penalties = plan.sampling().penalties();
        node.put("repetition_penalty", penalties.repetition());
        node.put("presence_penalty", penalties.presence());
        node.put("frequency_penalty", penalties.frequency());
        node.put("no_repeat_ngram", penalties.noRepeatNgram());
        node.set("suppress_tokens", JSON.valueToTree(penalties.suppressed()));
        node.set("begin_suppress_tokens", JSON.valueToTree(penalties.suppressedFirst()));
        node.put("seed", plan.seed());
        node.set("stop", JSON.valueToTree(plan.stops()));
        node.set("template_options", JSON.valueToTree(plan.templateOptions()));
        node.put("allow_control_tokens", plan.allowControlTokens());
    }

    private static void thinking(ObjectNode node, Thinking thinking) {
        node.put("latent_steps", thinking.latentSteps());
        node.put("align", Words.of(thinking.alignment()));
        mixture(node, thinking);
        ThinkUntil until = thinking.until();
        node.putObject("until").put("entropy_below", until.entropyBelow()).put("entropy_steps", until.entropySteps())
            .put("cosine_above", until.cosineAbove()).put("at_end_token", until.atEndToken());
    }

    private static void mixture(ObjectNode node, Thinking thinking) {
        Soft soft = thinking.mixture();
        node.putObject("soft").put("top_k", soft.topK()).put("temperature", soft.temperature())
            .put("noise", soft.noise());
        node.put("blend", thinking.blend());
    }

    private static void thought(ObjectNode node, Thought thought, IntFunction<String> texts) {
        node.put("step", thought.step());
        number(node, "entropy", thought.entropy());
        number(node, "norm", thought.norm());
        number(node, "step_cosine", thought.stepCosine());
        number(node, "nearest_cosine", thought.nearestCosine());
        node.put("nearest_token_id", thought.nearestToken());
        node.put("nearest_token", texts.apply(thought.nearestToken()));
        ArrayNode likeliest = node.putArray("likeliest");
        thought.likeliest().forEach(likely -> likeliest.addObject().put("token", likely.token())
            .put("text", texts.apply(likely.token())).put("probability", likely.probability()));
    }

    /** JSON has no NaN. */
    private static void number(ObjectNode node, String key, double value) {
        if (Double.isNaN(value)) {
            node.putNull(key);
        } else {
            node.put(key, value);
        }
    }

    private static void figures(ObjectNode node, Figures figures) {
        node.put("prompt_tokens", figures.promptTokens());
        node.put("latent_steps", figures.latentSteps());
        node.put("alignment", figures.alignment().map(choice -> Words.of(choice.kind())).orElse(null));
        node.put("alignment_why", figures.alignment().map(AlignmentChoice::why).orElse(null));
        figures.thinking().ifPresent(thinking -> {
            node.put("asked_latent_steps", thinking.askedSteps());
            node.set("think_ends", JSON.valueToTree(thinking.ends().stream().map(Words::of).toList()));
            mixture(node, thinking.settings());
            node.put("alignment_seconds", thinking.alignmentSeconds());
        });
        number(node, "thought_cosine", figures.thoughtCosine());
        node.put("decoded_tokens", figures.decodedTokens());
        node.put("reader_tokens", figures.readerTokens());
        node.put("distinct_runs", figures.distinctRuns());
        node.put("cycle_tokens", figures.cycleTokens());
        node.put("handed_over_bytes", figures.handedOverBytes());
        node.put("prefill_seconds", figures.prefillSeconds());
        node.put("think_seconds", figures.thinkSeconds());
        node.put("decode_seconds", figures.decodeSeconds());
        node.put("first_token_seconds", figures.firstTokenSeconds());
        node.put("total_seconds", figures.totalSeconds());
        node.put("peak_memory_bytes", figures.peakMemoryBytes());
    }

    private static void agent(ObjectNode node, AgentTrace trace, IntFunction<String> texts) {
        node.put("name", trace.name());
        node.put("memory_positions", trace.memoryPositions());
        node.put("prompt_tokens", trace.promptTokens());
        node.put("latent_steps", trace.latentSteps());
        trace.thinkEnd().ifPresent(end -> {
            node.put("think_end", Words.of(end));
            ArrayNode thoughts = node.putArray("thoughts");
            trace.thoughts().forEach(thought -> thought(thoughts.addObject(), thought, texts));
        });
        node.put("decoded_tokens", trace.decodedTokens());
        node.put("text", trace.text().orElse(null));
        node.put("prefill_seconds", trace.prefillSeconds());
        node.put("think_seconds", trace.thinkSeconds());
        node.put("decode_seconds", trace.decodeSeconds());
    }
}
