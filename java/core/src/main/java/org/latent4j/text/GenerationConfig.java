package org.latent4j.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.DoublePredicate;
import java.util.stream.Stream;
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
 * @param endTokens ids that end an answer, ascending; empty if the checkpoint names none that the vocabulary has
 * @param ignored settings of {@code generation_config.json}, or of a GGUF file's {@code general.sampling}, that would
 *     change which tokens are chosen, or how many, and that nothing here obeys, as {@code key: value}, end tokens
 *     outside the vocabulary among them; they are also logged, once for each file
 */
public record GenerationConfig(float temperature, float topP, int topK, float minP, Penalties penalties,
        int[] endTokens, List<String> ignored) {
    private static final Set<String> SAID = ConcurrentHashMap.newKeySet();
    private static final float TEMPERATURE = 0.6f;
    private static final float TOP_P = 0.95f;

    private static final String GGUF_SAMPLING = "general.sampling.";
    private static final Map<String, String> GGUF_NAMES = Map.of("temp", "temperature", "top_k", "top_k", "top_p",
            "top_p", "min_p", "min_p", "penalty_repeat", "repetition_penalty");

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
     * The defaults of a checkpoint: {@code generation_config.json}; where that names no end token of the vocabulary,
     * {@code config.json}'s, else the tokenizer's; of a GGUF file its end token, the end-of-turn tokens among its
     * control tokens and its {@code general.sampling} keys.
     *
     * @param checkpoint a Hugging Face folder or a GGUF file
     * @param ggufMetadata every metadata key of the GGUF file; null or empty for a folder
     * @param tokenizer the checkpoint's
     * @throws LatentException BAD_CHECKPOINT if a file is not a JSON object, a value is not of its kind or outside its
     *     range, or every token is suppressed; null is as if the key was not there
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
        EndTokens ends = new EndTokens(tokenizer, rows);
        if (ggufMetadata != null && !ggufMetadata.isEmpty()) {
            ends.addOfGguf(ggufMetadata);
            return from(checkpoint, ggufSampling(ggufMetadata), ends, rows);
        }
        Path file = checkpoint.resolve("generation_config.json");
        JsonNode config = JsonFiles.readIfPresent(file);
        ends.addOfFolder(checkpoint, file, config);
        return from(file, config, ends, rows);
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

    private static GenerationConfig from(Path file, JsonNode config, EndTokens ends, int rows) {
        double temperature = number(file, config, "temperature", TEMPERATURE, value -> value >= 0, "0 or more");
        double topP = number(file, config, "top_p", TOP_P, value -> value > 0 && value <= 1, "above 0, at most 1");
        double topK = number(file, config, "top_k", 0,
                value -> value >= -1 && value <= Integer.MAX_VALUE && value == Math.rint(value),
                "a whole one, 1 or more, or 0 or -1 for none");
        double minP = number(file, config, "min_p", 0, value -> value >= 0 && value <= 1, "0 to 1");
        List<String> ignored = new ArrayList<>(ends.outside());
        ignored.addAll(UnobeyedSettings.of(config));
        if (!ignored.isEmpty() && SAID.add(file + " " + ignored)) {
            Log.warning(GenerationConfig.class, LocalPath.text(file) + ": not obeyed: " + String.join(", ", ignored),
                    null);
        }
        return new GenerationConfig(isGreedy(file, config) ? 0 : (float) temperature, (float) topP,
                Math.max(0, (int) topK), (float) minP, penalties(file, config, rows), ends.ids(), ignored);
    }

    /** A file that says how hot to sample and then not to sample; one that says neither is not asked. */
    private static boolean isGreedy(Path file, JsonNode config) {
        JsonNode sample = config.path("do_sample");
        if (sample.isMissingNode() || sample.isNull()) {
            return false;
        }
        if (!sample.isBoolean()) {
            throw bad(file, "do_sample", sample, "true or false");
        }
        return !sample.booleanValue() && config.hasNonNull("temperature");
    }

    private static Penalties penalties(Path file, JsonNode config, int rows) {
        double repetition = number(file, config, "repetition_penalty", 1, value -> value > 0, "above 0");
        DoublePredicate asOpenAi = value -> Math.abs(value) <= 2;
        double presence = number(file, config, "presence_penalty", 0, asOpenAi, "-2 to 2");
        double frequency = number(file, config, "frequency_penalty", 0, asOpenAi, "-2 to 2");
        double ngram = number(file, config, "no_repeat_ngram_size", 0,
                value -> value >= 0 && value < Integer.MAX_VALUE && value == Math.rint(value),
                "a whole one, 0 or more");
        List<Integer> suppressed = ids(file, config, "suppress_tokens", rows);
        List<Integer> first = ids(file, config, "begin_suppress_tokens", rows);
        if (Stream.concat(suppressed.stream(), first.stream()).distinct().count() >= rows) {
            String key = suppressed.size() >= rows ? "suppress_tokens" : "begin_suppress_tokens";
            throw bad(file, key, config.path(key), "a token to be left of the vocabulary's "
                    + rows);
        }
        return new Penalties((float) repetition, (float) presence, (float) frequency, (int) ngram, suppressed, first);
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
            if (id.canConvertToInt() && id.intValue() >= 0 && id.intValue() < rows) {
                ids.add(id.intValue());
            }
        }
        return List.copyOf(ids);
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

    static LatentException bad(Path file, String key, JsonNode value, String expected) {
        return new LatentException(ErrorCode.BAD_CHECKPOINT, LocalPath.text(file) + ": " + key + " is "
                + UnobeyedSettings.shown(value.toString()) + ", expected " + expected);
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
