package org.latent4j.text;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * Tokens that stand in {@code added_tokens_decoder} of a {@code tokenizer_config.json} and not in {@code
 * tokenizer.json}: a fine-tuned model's own. They are added as transformers adds them: in the order of the ids they are
 * written with, each under its id in the model's vocabulary if it is a piece there, else under the next one that is
 * free.
 */
final class LateTokens {
    private static final List<String> FLAGS = List.of("special", "lstrip", "rstrip", "normalized", "single_word");

    private final List<JsonNode> tokens;

    private LateTokens(List<JsonNode> tokens) {
        this.tokens = tokens;
    }

    /** The tokens of {@code added_tokens_decoder}, ids to tokens, that the vocabulary does not have as added ones. */
    static LateTokens of(JsonNode addedTokensDecoder, Vocabulary vocabulary) {
        return new LateTokens(addedTokensDecoder.properties().stream()
                .filter(entry -> entry.getKey().matches("\\d{1,9}"))
                .sorted(Comparator.comparingInt(entry -> Integer.parseInt(entry.getKey())))
                .map(Map.Entry::getValue)
                .filter(token -> !token.path("content").asText().isEmpty()
                        && vocabulary.addedToken(token.path("content").asText()) < 0)
                .toList());
    }

    boolean isEmpty() {
        return tokens.isEmpty();
    }

    /** The text of a {@code tokenizer.json} that has them, too. */
    String addedTo(String json) {
        try {
            ObjectNode root = (ObjectNode) JsonFiles.JSON.readTree(json);
            JsonNode pieces = root.path("model").path("vocab");
            ArrayNode added = root.withArray("added_tokens");
            int next = next(pieces, added);
            for (JsonNode token : tokens) {
                String content = token.path("content").asText();
                int piece = piece(pieces, content);
                ObjectNode entry = added.addObject().put("id", piece >= 0 ? piece : next++).put("content", content);
                FLAGS.forEach(flag -> entry.put(flag, token.path(flag).asBoolean()));
            }
            return JsonFiles.JSON.writeValueAsString(root);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException("a text that was JSON before", e);
        }
    }

    /** The id of a piece of the model, or -1; pieces to ids, or [piece, score] in the order of ids. */
    private static int piece(JsonNode pieces, String content) {
        for (int id = 0; pieces.isArray() && id < pieces.size(); id++) {
            if (pieces.path(id).path(0).asText().equals(content)) {
                return id;
            }
        }
        return pieces.path(content).asInt(-1);
    }

    private static int next(JsonNode pieces, ArrayNode added) {
        List<Integer> ids = new ArrayList<>(List.of(pieces.isArray() ? pieces.size() - 1 : -1));
        pieces.properties().forEach(piece -> ids.add(piece.getValue().asInt(-1)));
        added.forEach(token -> ids.add(token.path("id").asInt(-1)));
        return ids.stream().mapToInt(Integer::intValue).max().orElse(-1) + 1;
    }
}
