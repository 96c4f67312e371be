package org.latent4j.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;

/**
 * Reads the tokenizer in a GGUF file's metadata. The keys are those of the GGUF specification: {@code
 * tokenizer.ggml.model}, {@code .pre}, {@code .tokens}, {@code .token_type}, {@code .merges}, {@code .scores}.
 */
final class GgufTokenizer {
    private static final int UNKNOWN = 2;
    private static final int CONTROL = 3;
    private static final int USER_DEFINED = 4;

    private final JsonNode metadata;
    private final String source;
    private final List<String> tokens;
    private final Vocabulary vocabulary;

    private GgufTokenizer(JsonNode metadata, String source) {
        this.metadata = metadata;
        this.source = source;
        this.tokens = strings("tokenizer.ggml.tokens", Limits.TOKENS);
        this.vocabulary = new Vocabulary(source);
        for (int id = 0; id < tokens.size(); id++) {
            vocabulary.put(id, tokens.get(id));
        }
    }

    /**
     * @param metadata every metadata key of the file
     * @param source the file's name, for messages
     * @throws LatentException BAD_TOKENIZER if keys are missing, contradict each other or name a kind that is not known
     */
    static TokenizerParts read(JsonNode metadata, String source) {
        String model = metadata.path("tokenizer.ggml.model").asText("");
        return switch (model) {
            case "gpt2" -> new GgufTokenizer(metadata, source).byteLevel();
            case "llama" -> new GgufTokenizer(metadata, source).sentencePiece();
            default -> throw new LatentException(ErrorCode.BAD_TOKENIZER,
                    source + ": tokenizer.ggml.model is '" + Limits.shown(model)
                    + "'; supported are gpt2 (byte-level BPE) and llama (SentencePiece BPE)");
        };
    }

    private TokenizerParts byteLevel() {
        GgufPreTokenizer pre = GgufPreTokenizer.of(metadata.path("tokenizer.ggml.pre").asText("default"), source);
        Merges merges = new Merges();
        for (String merge : strings("tokenizer.ggml.merges", Limits.MERGES)) {
            int space = merge.indexOf(' ', 1);
            expect(space > 0 && space < merge.length() - 1, "a merge is not a pair: '" + Limits.shown(merge) + "'");
            String left = merge.substring(0, space);
            String right = merge.substring(space + 1);
            merges.add(id(left), id(right), id(left + right));
        }
        BytePairs model = new BytePairs(vocabulary, merges, new BytePairs.Fallback(false, -1, false),
                pre.ignoresMerges());
        return new TokenizerParts(vocabulary, model, added(pre.normalizer()), pre.normalizer(), pre.preTokenizer(),
                List.of(new Decoder.ByteLevel()));
    }

    private TokenizerParts sentencePiece() {
        boolean prefixed = metadata.path("tokenizer.ggml.add_space_prefix").asBoolean(true);
        char space = SentencePieceMerges.SPACE.charAt(0);
        Normalizer spaces = new Normalizer.ReplaceChar(' ', space);
        Normalizer normalizer = prefixed ? new Normalizer.Sequence(List.of(
                new Normalizer.Prepend(SentencePieceMerges.SPACE), spaces)) : spaces;
        List<Decoder> decoders = new ArrayList<>(List.of(new Decoder.Replace(SentencePieceMerges.SPACE, " "),
                new Decoder.ByteFallback(), new Decoder.Fuse()));
        if (prefixed) {
            decoders.add(new Decoder.Strip(' ', 1, 0));
        }
        Merges merges = SentencePieceMerges.of(tokens, scores(), vocabulary, source);
        AddedTokens added = added(normalizer);
        BytePairs model = new BytePairs(vocabulary, merges, new BytePairs.Fallback(true, unknown(), true), false);
        return new TokenizerParts(vocabulary, model, added, normalizer, null, decoders);
    }

    private int id(String token) {
        int id = vocabulary.id(token);
        expect(id >= 0, "a merge names '" + Limits.shown(token) + "', which is no token");
        return id;
    }

    private AddedTokens added(Normalizer normalizer) {
        List<AddedTokens.Token> added = new ArrayList<>();
        JsonNode types = metadata.path("tokenizer.ggml.token_type");
        expect(types.size() == tokens.size(),
                "tokenizer.ggml.token_type has " + types.size() + " entries, tokenizer.ggml.tokens " + tokens.size());
        for (int id = 0; id < tokens.size(); id++) {
            int type = types.get(id).asInt();
            if (type == CONTROL || type == USER_DEFINED) {
                added.add(new AddedTokens.Token(tokens.get(id), type == CONTROL, false, false, false, false));
            }
        }
        return new AddedTokens(added, vocabulary, normalizer, source);
    }

    private int unknown() {
        JsonNode types = metadata.path("tokenizer.ggml.token_type");
        for (int id = 0; id < tokens.size(); id++) {
            if (types.get(id).asInt() == UNKNOWN) {
                return id;
            }
        }
        return -1;
    }

    private float[] scores() {
        JsonNode array = metadata.path("tokenizer.ggml.scores");
        expect(array.size() == tokens.size(),
                "tokenizer.ggml.scores has " + array.size() + " entries, tokenizer.ggml.tokens " + tokens.size());
        float[] scores = new float[array.size()];
        for (int i = 0; i < scores.length; i++) {
            scores[i] = array.get(i).floatValue();
            expect(Float.isFinite(scores[i]), "tokenizer.ggml.scores holds a value that is no number");
        }
        return scores;
    }

    private List<String> strings(String key, int most) {
        JsonNode array = metadata.path(key);
        expect(array.isArray() && !array.isEmpty(), key + " is missing or empty");
        expect(array.size() <= most, key + " has " + array.size() + " entries, at most " + most + " are supported");
        List<String> strings = new ArrayList<>(array.size());
        for (JsonNode value : array) {
            expect(value.isTextual(), key + " holds a value that is no string");
            strings.add(value.textValue());
        }
        return strings;
    }

    private void expect(boolean condition, String message) {
        if (!condition) {
            throw new LatentException(ErrorCode.BAD_TOKENIZER, source + ": " + message);
        }
    }
}
