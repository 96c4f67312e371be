package org.latent4j.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Tokens that stand in {@code added_tokens_decoder} of a {@code tokenizer_config.json} and not in {@code
 * tokenizer.json}: a fine-tuned model's own. They are added as transformers adds them: in the order of the ids they are
 * written with, each under its id in the model's vocabulary if it is a piece there, else under the next one that is
 * free.
 */
final class LateTokens {
    private LateTokens() {}

    /** Puts the tokens of {@code added_tokens_decoder}, ids to tokens, that are not there behind the others. */
    static void add(JsonNode addedTokensDecoder, List<AddedTokens.Token> tokens) {
        Set<String> present = new HashSet<>();
        tokens.forEach(token -> present.add(token.content()));
        addedTokensDecoder.properties().stream()
                .filter(entry -> entry.getKey().matches("\\d{1,9}"))
                .sorted(Comparator.comparingInt(entry -> Integer.parseInt(entry.getKey())))
                .map(Map.Entry::getValue)
                .map(TokenizerFile::token)
                .filter(token -> !token.content().isEmpty() && !present.contains(token.content()))
                .forEach(tokens::add);
    }
}
