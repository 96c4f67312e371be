package org.latent4j.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;

/**
 * Reads the tokenizer in a GGUF file's metadata. The keys are those of the GGUF specification: {@code
 * tokenizer.ggml.model}, {@code .pre}, {@code .tokens}, {@code .token_type}, {@code .merges}, {@code .scores}.
 * Converters often type a control token as a normal one: it is known by its looks, as llama.cpp does, or because it
 * begins or ends a text by another key; what looks like one and stands in the chat template is sought in texts, too.
 */
final class GgufTokenizer {
    private static final int NORMAL = 1;
    private static final int UNKNOWN = 2;
    private static final int CONTROL = 3;
    private static final int USER_DEFINED = 4;
    private static final int UNUSED = 5;
    private static final Pattern CONTROLS = Pattern.compile("<[|\uff5c][^|\uff5c<>\\s]+[|\uff5c]>"
            + "|<(start|end)_of_(turn|utterance)>|_?<EOT>|\\[EOT]|<fim[-_](prefix|suffix|middle|pad|repo)>");
    private static final Pattern LIKE_CONTROLS = Pattern.compile("<[^<>\\s]+>|\\[/?[A-Z_]{2,}]");

    private final JsonNode metadata;
    private final String source;
    private final List<String> tokens;
    private final int[] types;
    private final Vocabulary vocabulary;

    private GgufTokenizer(JsonNode metadata, String source) {
        this.metadata = metadata;
        this.source = source;
        this.tokens = strings("tokenizer.ggml.tokens", Limits.TOKENS);
        JsonNode given = metadata.path("tokenizer.ggml.token_type");
        expect(given.size() == tokens.size(),
                "tokenizer.ggml.token_type has " + given.size() + " entries, tokenizer.ggml.tokens " + tokens.size());
        this.types = new int[tokens.size()];
        this.vocabulary = new Vocabulary(source);
        for (int id = 0; id < types.length; id++) {
            types[id] = given.get(id).asInt();
            if (types[id] != UNUSED) { // padding, whose text means nothing
                vocabulary.put(id, tokens.get(id));
            }
        }
        retype();
    }

    private void retype() {
        for (String key : List.of("bos", "eos", "eot", "eom")) {
            int id = metadata.path("tokenizer.ggml." + key + "_token_id").asInt(-1);
            if (id >= 0 && id < types.length && types[id] == NORMAL
                    && LIKE_CONTROLS.matcher(tokens.get(id)).matches()) { // some files name an ordinary word
                types[id] = CONTROL;
            }
        }
        Set<String> written = LIKE_CONTROLS.matcher(metadata.path("tokenizer.chat_template").asText()).results()
                .map(MatchResult::group).collect(Collectors.toSet());
        for (int id = 0; id < types.length; id++) {
            if (types[id] == NORMAL) {
                types[id] = CONTROLS.matcher(tokens.get(id)).matches() ? CONTROL
                        : written.contains(tokens.get(id)) ? USER_DEFINED : NORMAL;
            }
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
        GgufPreTokenizer pre = GgufPreTokenizer.of(metadata.path("tokenizer.ggml.pre").asText("default"), tokens,
                source);
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
        List<String> merged = new ArrayList<>(tokens);
        for (int id = 0; id < types.length; id++) {
            if (types[id] == CONTROL || types[id] == UNKNOWN || types[id] == UNUSED) {
                merged.set(id, ""); // which plain text never becomes
            }
        }
        Merges merges = SentencePieceMerges.of(merged, scores(), vocabulary, source);
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
        for (int id = 0; id < types.length; id++) {
            if (types[id] == CONTROL || types[id] == USER_DEFINED) {
                added.add(new AddedTokens.Token(tokens.get(id), types[id] == CONTROL, false, false, false, false));
            }
        }
        return new AddedTokens(added, vocabulary, normalizer, source);
    }

    private int unknown() {
        return Arrays.stream(types).boxed().toList().indexOf(UNKNOWN);
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
