package org.latent4j.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Collects the tokens that end an answer; what the vocabulary does not have ends none, and is kept to be told. */
final class EndTokens {
    /** Tokens that end a turn in the families that are run, wherever their vocabulary has them as control tokens. */
    private static final List<String> END_OF_TURN = List.of("<|im_end|>", "<|endoftext|>", "<|eot_id|>");

    private final Tokenizer tokenizer;
    private final int rows;
    private final TreeSet<Integer> ids = new TreeSet<>();
    private final Set<String> outside = new LinkedHashSet<>();

    /** @param rows how many ids the model has embeddings for: one above cannot be decoded and ends nothing */
    EndTokens(Tokenizer tokenizer, int rows) {
        this.tokenizer = tokenizer;
        this.rows = rows;
    }

    int[] ids() {
        return ids.stream().mapToInt(Integer::intValue).toArray();
    }

    /** The settings that name other ids, as {@code key: ids}. */
    List<String> outside() {
        return List.copyOf(outside);
    }

    void addOfGguf(JsonNode metadata) {
        for (String name : List.of("eos_token_id", "eot_token_id", "eom_token_id")) {
            String key = "tokenizer.ggml." + name;
            if (metadata.path(key).isIntegralNumber()) {
                add(key, List.of(metadata.path(key)));
            }
        }
        for (String token : END_OF_TURN) {
            int id = tokenizer.addedToken(token);
            if (id >= 0 && id < rows && tokenizer.isSpecial(id)) { // user-defined tokens may appear inside an answer
                ids.add(id);
            }
        }
    }

    /** Those of the first that names one: {@code generation_config.json}, {@code config.json}, the tokenizer. */
    void addOfFolder(Path checkpoint, Path generation, JsonNode config) {
        addOfFile(generation, config);
        if (ids.isEmpty()) {
            Path shape = checkpoint.resolve("config.json");
            addOfFile(shape, JsonFiles.readIfPresent(shape));
        }
        if (ids.isEmpty()) { // only the tokenizer may say how a text ends
            String end = SpecialTokens.of(checkpoint, JsonFiles.readIfPresent(
                    checkpoint.resolve("tokenizer_config.json"))).texts().getOrDefault("eos_token", "");
            int id = tokenizer.addedToken(end);
            if (id >= 0 && id < rows) {
                ids.add(id);
            }
        }
    }

    private void addOfFile(Path file, JsonNode config) {
        JsonNode idOrIds = config.path("eos_token_id");
        List<JsonNode> named = new ArrayList<>();
        for (JsonNode id : idOrIds.isArray() ? idOrIds : List.of(idOrIds)) {
            if (id.isNull() || id.isMissingNode()) {
                continue;
            }
            if (!id.isIntegralNumber() || !id.canConvertToInt()) {
                throw GenerationConfig.bad(file, "eos_token_id", idOrIds, "a token id or an array of them");
            }
            named.add(id);
        }
        add("eos_token_id", named);
    }

    private void add(String key, List<JsonNode> named) {
        List<JsonNode> unknown = new ArrayList<>();
        for (JsonNode id : named) {
            if (id.canConvertToInt() && id.intValue() >= 0 && id.intValue() < rows) {
                ids.add(id.intValue());
            } else {
                unknown.add(id);
            }
        }
        if (!unknown.isEmpty()) {
            String said = unknown.size() == 1 ? unknown.get(0).toString() : unknown.toString();
            outside.add(key + ": " + UnobeyedSettings.shown(said) + " (the vocabulary has "
                    + rows + " tokens)");
        }
    }
}
