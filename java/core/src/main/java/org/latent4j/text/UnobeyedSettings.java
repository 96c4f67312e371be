package org.latent4j.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.latent4j.internal.Printable;

/**
 * What a {@code generation_config.json} asks for and nobody here does. Everything counts that is neither obeyed nor
 * known to leave the tokens of one answer as they are, so that a key of tomorrow is named too.
 */
final class UnobeyedSettings {
    private static final int LONGEST = 80; // characters of a key or value
    private static final int MOST = 20;

    /** {@link GenerationConfig} reads them. */
    private static final Set<String> OBEYED = Set.of("temperature", "top_p", "top_k", "min_p", "do_sample",
            "repetition_penalty", "presence_penalty", "frequency_penalty", "no_repeat_ngram_size", "suppress_tokens",
            "begin_suppress_tokens", "eos_token_id");

    /** About caches, outputs, padding, drafts, and details of what another key switches on and so names. */
    private static final Set<String> WITHOUT_EFFECT = Set.of("bos_token_id", "pad_token_id", "decoder_start_token_id",
            "transformers_version", "_from_model_config", "_commit_hash", "use_cache", "cache_implementation",
            "cache_config", "return_legacy_cache", "prefill_chunk_size", "output_attentions", "output_hidden_states",
            "output_scores", "output_logits", "return_dict_in_generate", "low_memory", "early_stopping",
            "length_penalty", "renormalize_logits", "compile_config", "disable_compile", "is_assistant",
            "num_assistant_tokens", "num_assistant_tokens_schedule", "assistant_confidence_threshold",
            "prompt_lookup_num_tokens", "max_matching_ngram_size", "assistant_early_exit", "assistant_lookbehind",
            "target_lookbehind", "general.sampling.xtc_threshold", "general.sampling.mirostat_tau",
            "general.sampling.mirostat_eta");

    /** Values that ask for nothing, of keys for which that is another than null, false, 0 or nothing at all. */
    private static final Map<String, Double> NEUTRAL = Map.of("num_beams", 1.0, "num_beam_groups", 1.0,
            "num_return_sequences", 1.0, "typical_p", 1.0, "encoder_repetition_penalty", 1.0, "guidance_scale", 1.0);

    private UnobeyedSettings() {}

    /** Each as {@code key: value}, in the file's order; what is long is cut, and of very many the last are counted. */
    static List<String> of(JsonNode config) {
        List<String> settings = new ArrayList<>();
        config.fields().forEachRemaining(field -> {
            String key = field.getKey();
            if (!OBEYED.contains(key) && !WITHOUT_EFFECT.contains(key) && asksForSomething(key, field.getValue())) {
                settings.add(shown(key) + ": " + shown(field.getValue().toString()));
            }
        });
        if (settings.size() <= MOST) {
            return settings;
        }
        List<String> some = new ArrayList<>(settings.subList(0, MOST));
        some.add("and " + (settings.size() - MOST) + " more");
        return some;
    }

    private static boolean asksForSomething(String key, JsonNode value) {
        if (value.isNumber()) {
            return value.doubleValue() != NEUTRAL.getOrDefault(key, 0.0);
        }
        return !value.isNull() && !(value.isContainerNode() && value.isEmpty())
                && !(value.isBoolean() && !value.booleanValue());
    }

    /** A key or a value for people: on one line, cut if it is long, and without what would steer a terminal. */
    static String shown(String text) {
        boolean isLong = text.codePointCount(0, text.length()) > LONGEST;
        String begin = isLong ? text.substring(0, text.offsetByCodePoints(0, LONGEST)) + "..." : text;
        return Printable.of(begin, "?");
    }
}
