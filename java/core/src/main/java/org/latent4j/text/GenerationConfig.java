package org.latent4j.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.DoublePredicate;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;
import org.latent4j.internal.LocalPath;
import org.latent4j.internal.Log;
import org.latent4j.latent.Penalties;

/**
 * How the model's makers decode it: the defaults of sampling.
 *
 * @param temperature 0.6 where the checkpoint says nothing, 0 (greedy) where it says {@code do_sample: false} beside a
 *     temperature
 * @param topP in (0, 1], 0.95 where the checkpoint says nothing
 * @param topK 0 (off) where the checkpoint says nothing
 * @param minP in [0, 1], 0 (off) where the checkpoint says nothing
 * @param penalties what earlier tokens do to the next one, and tokens never to decode
 * @param endTokens ids that end an answer, ascending; empty if the checkpoint names none
 * @param ignored settings of {@code generation_config.json}, or of a GGUF file's {@code general.sampling}, that would
 *     change which tokens are chosen, or how many, and that nothing here obeys, as {@code key: value}; they are also
 *     logged, once for each file
 */
public record GenerationConfig(float temperature, float topP, int topK, float minP, Penalties penalties,
        int[] endTokens, List<String> ignored) {
    private static final Set<String> SAID = ConcurrentHashMap.newKeySet();
    private static final float TEMPERATURE = 0.6f;
    private static final float TOP_P = 0.95f;

    private static final String GGUF_SAMPLING = "general.sampling.";
    private static final Map<String, String> GGUF_NAMES = Map.of("temp", "temperature", "top_k", "top_k", "top_p",
            "top_p", "min_p", "min_p", "penalty_repeat", "repetition_penalty");

    /** Tokens that end a turn in the families that are run, wherever their vocabulary has them as control tokens. */
    private static final List<String> END_OF_TURN = List.of("<|im_end|>", "<|endoftext|>", "<|eot_id|>");

    public GenerationConfig {
        Objects.requireNonNull(penalties, "penalties");
        endTokens = endTokens.clone();
        ignored = List.copyOf(ignored);
    }

    /** Without min-p, penalties and anything ignored. */
    public GenerationConfig(float temperature, float topP, int topK, int[] endTokens) {
        this(temperature, topP, topK, 0, Penalties.none(), endTokens, List.of());
    }

    @Override
    public int[] endTokens() {
        return endTokens.clone();
    }

    /**
     * The defaults of a checkpoint: {@code generation_config.json}, else {@code config.json}'s end token, else the
     * tokenizer's; of a GGUF file its end token, the end-of-turn tokens among its control tokens and its {@code
     * general.sampling} keys.
     *
     * @param checkpoint a Hugging Face folder or a GGUF file
     * @param ggufMetadata every metadata key of the GGUF file; null or empty for a folder
     * @param tokenizer the checkpoint's
     * @throws LatentException BAD_CHECKPOINT if a file is not a JSON object, a value is not a number in its range, or
     *     every token is suppressed
     */
    public static GenerationConfig from(Path checkpoint, JsonNode ggufMetadata, Tokenizer tokenizer) {
        return from(checkpoint, ggufMetadata, tokenizer,
                Objects.requireNonNull(tokenizer, "tokenizer").vocabularySize());
    }

    /**
     * The defaults of a model whose tokenizer may have more tokens than it has embeddings: those it cannot decode need
     * no suppressing.
     *
     * @param checkpoint as above
     * @param ggufMetadata as above
     * @param tokenizer as above
     * @param embeddingRows of the model
     * @throws LatentException as above
     */
    public static GenerationConfig from(Path checkpoint, JsonNode ggufMetadata, Tokenizer tokenizer,
            int embeddingRows) {
        Objects.requireNonNull(checkpoint, "checkpoint");
        Objects.requireNonNull(tokenizer, "tokenizer");
        int rows = Math.min(embeddingRows, tokenizer.vocabularySize());
        TreeSet<Integer> ends = new TreeSet<>();
        if (ggufMetadata != null && !ggufMetadata.isEmpty()) {
            for (String key : List.of("eos_token_id", "eot_token_id", "eom_token_id")) {
                add(ggufMetadata.path("tokenizer.ggml." + key), ends);
            }
            for (String token : END_OF_TURN) {
                int id = tokenizer.addedToken(token);
                if (id >= 0 && tokenizer.isSpecial(id)) { // user-defined tokens may appear inside an answer
                    ends.add(id);
                }
            }
            return from(checkpoint, ggufSampling(ggufMetadata), inside(ends, rows), rows);
        }
        Path file = checkpoint.resolve("generation_config.json");
        JsonNode config = JsonFiles.readIfPresent(file);
        addOfFolder(file, config, ends);
        if (ends.isEmpty()) {
            Path shape = checkpoint.resolve("config.json");
            addOfFolder(shape, JsonFiles.readIfPresent(shape), ends);
        }
        if (ends.isEmpty()) { // only the tokenizer may say how a text ends
            String end = SpecialTokens.of(checkpoint, JsonFiles.readIfPresent(
                    checkpoint.resolve("tokenizer_config.json"))).texts().getOrDefault("eos_token", "");
            ends.add(tokenizer.addedToken(end));
        }
        return from(file, config, inside(ends, rows), rows);
    }

    /** What llama.cpp's converter made of a generation_config.json, under that file's names where it has one. */
    private static JsonNode ggufSampling(JsonNode metadata) {
        ObjectNode config = JsonNodeFactory.instance.objectNode();
        metadata.fields().forEachRemaining(field -> {
            if (field.getKey().startsWith(GGUF_SAMPLING)) {
                String name = field.getKey().substring(GGUF_SAMPLING.length());
                config.set(GGUF_NAMES.getOrDefault(name, field.getKey()), field.getValue());
            }
        });
        return config;
    }

    private static GenerationConfig from(Path file, JsonNode config, int[] endTokens, int rows) {
        double temperature = number(file, config, "temperature", TEMPERATURE, value -> value >= 0, "0 or more");
        double topP = number(file, config, "top_p", TOP_P, value -> value > 0 && value <= 1, "above 0, at most 1");
        double topK = number(file, config, "top_k", 0, value -> value >= 0 && value <= Integer.MAX_VALUE, "0 or more");
        boolean greedy = config.has("do_sample") && !config.path("do_sample").asBoolean() && config.has("temperature");
        double minP = number(file, config, "min_p", 0, value -> value >= 0 && value <= 1, "0 to 1");
        List<String> ignored = UnobeyedSettings.of(config);
        if (!ignored.isEmpty() && SAID.add(file + " " + ignored)) {
            Log.warning(GenerationConfig.class, LocalPath.text(file) + ": not obeyed: " + String.join(", ", ignored),
                    null);
        }
        return new GenerationConfig(greedy ? 0 : (float) temperature, (float) topP, (int) topK, (float) minP,
                penalties(file, config, rows), endTokens, ignored);
    }

    private static Penalties penalties(Path file, JsonNode config, int rows) {
        double repetition = number(file, config, "repetition_penalty", 1, value -> value > 0, "above 0");
        DoublePredicate asOpenAi = value -> Math.abs(value) <= 2;
        double presence = number(file, config, "presence_penalty", 0, asOpenAi, "-2 to 2");
        double frequency = number(file, config, "frequency_penalty", 0, asOpenAi, "-2 to 2");
        double ngram = number(file, config, "no_repeat_ngram_size", 0,
                value -> value >= 0 && value < Integer.MAX_VALUE && value == Math.rint(value),
                "a whole one, 0 or more");
        List<Integer> never = ids(file, config, "suppress_tokens", rows);
        List<Integer> notFirst = ids(file, config, "begin_suppress_tokens", rows);
        Set<Integer> both = new HashSet<>(never);
        both.addAll(notFirst);
        if (!both.isEmpty() && both.size() == rows) {
            throw new LatentException(ErrorCode.BAD_CHECKPOINT, file + ": suppress_tokens and begin_suppress_tokens"
                    + " hold all of the " + rows + " tokens, expected one at least to be left");
        }
        return new Penalties((float) repetition, (float) presence, (float) frequency, (int) ngram, never, notFirst);
    }

    /** Those of them that the vocabulary has: others cannot be decoded anyway. */
    private static List<Integer> ids(Path file, JsonNode config, String key, int rows) {
        JsonNode tokens = config.path(key);
        if (tokens.isMissingNode() || tokens.isNull()) {
            return List.of();
        }
        TreeSet<Integer> ids = new TreeSet<>();
        for (JsonNode id : tokens.isArray() ? tokens : List.of(tokens)) {
            if (!tokens.isArray() || !id.isIntegralNumber()) {
                throw bad(file, key, tokens, "an array of token ids");
            }
            add(id, ids);
        }
        return Arrays.stream(inside(ids, rows)).boxed().toList();
    }

    private static double number(Path file, JsonNode config, String key, double otherwise, DoublePredicate inRange,
            String range) {
        JsonNode value = config.path(key);
        if (value.isMissingNode() || value.isNull()) {
            return otherwise;
        }
        if (!value.isNumber() || !inRange.test(value.floatValue()) || Float.isInfinite(value.floatValue())) {
            throw bad(file, key, value, "a number, " + range);
        }
        return value.doubleValue();
    }

    private static void addOfFolder(Path file, JsonNode config, TreeSet<Integer> ends) {
        JsonNode idOrIds = config.path("eos_token_id");
        for (JsonNode id : idOrIds.isArray() ? idOrIds : List.of(idOrIds)) {
            if (!(id.isIntegralNumber() && id.canConvertToInt()) && !id.isNull() && !id.isMissingNode()) {
                throw bad(file, "eos_token_id", idOrIds, "a token id or an array of them");
            }
            add(id, ends);
        }
    }

    private static LatentException bad(Path file, String key, JsonNode value, String expected) {
        return new LatentException(ErrorCode.BAD_CHECKPOINT, file + ": " + key + " is "
                + Limits.shown(value.toString()) + ", expected " + expected);
    }

    private static void add(JsonNode id, TreeSet<Integer> ends) {
        if (id.isIntegralNumber() && id.canConvertToInt()) {
            ends.add(id.intValue());
        }
    }

    private static int[] inside(TreeSet<Integer> ids, int rows) {
        return ids.stream().mapToInt(Integer::intValue).filter(id -> id >= 0 && id < rows).toArray();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof GenerationConfig that && temperature == that.temperature && topP == that.topP
                && topK == that.topK && minP == that.minP && penalties.equals(that.penalties)
                && Arrays.equals(endTokens, that.endTokens) && ignored.equals(that.ignored);
    }

    @Override
    public int hashCode() {
        return Objects.hash(temperature, topP, topK, minP, penalties, Arrays.hashCode(endTokens), ignored);
    }

    @Override
    public String toString() {
        return "temperature " + temperature + ", top-p " + topP + ", top-k " + topK + ", min-p " + minP + ", "
                + penalties + ", end tokens " + Arrays.toString(endTokens)
                + (ignored.isEmpty() ? "" : ", not obeyed: " + String.join(", ", ignored));
    }
}
