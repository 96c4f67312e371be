package org.latent4j.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.TreeSet;
import java.util.function.DoublePredicate;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;

/**
 * How the model's makers decode it: the defaults of sampling.
 *
 * @param temperature 0.6 where the checkpoint says nothing, 0 (greedy) where it says {@code do_sample: false} beside a
 *     temperature
 * @param topP in (0, 1], 0.95 where the checkpoint says nothing
 * @param topK 0 (off) where the checkpoint says nothing
 * @param endTokens ids that end an answer, ascending; empty if the checkpoint names none
 */
public record GenerationConfig(float temperature, float topP, int topK, int[] endTokens) {
    private static final float TEMPERATURE = 0.6f;
    private static final float TOP_P = 0.95f;

    /** Tokens that end a turn in the families that are run, wherever their vocabulary has them as control tokens. */
    private static final List<String> END_OF_TURN = List.of("<|im_end|>", "<|endoftext|>", "<|eot_id|>");

    public GenerationConfig {
        endTokens = endTokens.clone();
    }

    @Override
    public int[] endTokens() {
        return endTokens.clone();
    }

    /**
     * The defaults of a checkpoint: {@code generation_config.json}, else {@code config.json}'s end token, else the
     * tokenizer's; of a GGUF file its end token and the end-of-turn tokens among its control tokens.
     *
     * @param checkpoint a Hugging Face folder or a GGUF file
     * @param ggufMetadata every metadata key of the GGUF file; null or empty for a folder
     * @param tokenizer the checkpoint's
     * @throws LatentException BAD_CHECKPOINT if a file is not a JSON object, or a value is not a number in its range
     */
    public static GenerationConfig from(Path checkpoint, JsonNode ggufMetadata, Tokenizer tokenizer) {
        Objects.requireNonNull(checkpoint, "checkpoint");
        Objects.requireNonNull(tokenizer, "tokenizer");
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
            return new GenerationConfig(TEMPERATURE, TOP_P, 0, inside(ends, tokenizer));
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
        double temperature = number(file, config, "temperature", TEMPERATURE, value -> value >= 0, "0 or more");
        double topP = number(file, config, "top_p", TOP_P, value -> value > 0 && value <= 1, "above 0, at most 1");
        double topK = number(file, config, "top_k", 0, value -> value >= 0 && value <= Integer.MAX_VALUE, "0 or more");
        boolean greedy = config.has("do_sample") && !config.path("do_sample").asBoolean() && config.has("temperature");
        return new GenerationConfig(greedy ? 0 : (float) temperature, (float) topP, (int) topK,
                inside(ends, tokenizer));
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
        return new LatentException(ErrorCode.BAD_CHECKPOINT, file + ": " + key + " is " + value + ", expected "
                + expected);
    }

    private static void add(JsonNode id, TreeSet<Integer> ends) {
        if (id.isIntegralNumber() && id.canConvertToInt()) {
            ends.add(id.intValue());
        }
    }

    private static int[] inside(TreeSet<Integer> ends, Tokenizer tokenizer) {
        return ends.stream().mapToInt(Integer::intValue).filter(id -> id >= 0 && id < tokenizer.vocabularySize())
                .toArray();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof GenerationConfig that && temperature == that.temperature && topP == that.topP
                && topK == that.topK
                && Arrays.equals(endTokens, that.endTokens);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(new Object[] {temperature, topP, topK, Arrays.hashCode(endTokens)});
    }

    @Override
    public String toString() {
        return "temperature " + temperature + ", top-p " + topP + ", top-k " + topK + ", end tokens "
                + Arrays.toString(endTokens);
    }
}
