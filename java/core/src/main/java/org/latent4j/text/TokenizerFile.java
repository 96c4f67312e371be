package org.latent4j.text;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;

/** Reads a {@code tokenizer.json}: its model in one pass, so that no tree of a large vocabulary is built. */
final class TokenizerFile {
    private static final ObjectMapper JSON = new ObjectMapper(JsonFactory.builder()
            .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES) // a vocabulary's names come once each
            .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(128).build())
            .build());

    private final String source;
    private final Vocabulary vocabulary;
    private final List<AddedTokens.Token> added = new ArrayList<>();
    private final List<String> merges = new ArrayList<>(); // left and right in turns
    private JsonNode normalizer = MissingNode.getInstance();
    private JsonNode preTokenizer = MissingNode.getInstance();
    private JsonNode decoder = MissingNode.getInstance();
    private String unknown;
    private boolean fused;
    private boolean bytes;
    private boolean ignoresMerges;

    private TokenizerFile(String source) {
        this.source = source;
        this.vocabulary = new Vocabulary(source);
    }

    /**
     * @param beside the tokens of the files beside it; null if there is none
     * @throws LatentException BAD_TOKENIZER
     */
    static TokenizerParts read(String json, SpecialTokens beside, String source) {
        TokenizerFile file = new TokenizerFile(source);
        try (JsonParser parser = JSON.createParser(json)) {
            file.readRoot(parser);
        } catch (JsonProcessingException e) {
            throw new LatentException(ErrorCode.BAD_TOKENIZER, source + " is not JSON, " + JsonFiles.problem(e), e);
        } catch (IOException e) {
            throw new LatentException(ErrorCode.BAD_TOKENIZER, source + ": " + e.getMessage(), e);
        }
        if (beside != null) {
            beside.addTo(file.added);
        }
        return file.parts();
    }

    private void readRoot(JsonParser parser) throws IOException {
        expect(parser.nextToken() == JsonToken.START_OBJECT, " is not a JSON object");
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String field = parser.currentName();
            parser.nextToken();
            switch (field) {
                case "added_tokens" -> readAdded(parser.readValueAsTree());
                case "normalizer" -> normalizer = parser.readValueAsTree();
                case "pre_tokenizer" -> preTokenizer = parser.readValueAsTree();
                case "decoder" -> decoder = parser.readValueAsTree();
                case "model" -> readModel(parser);
                default -> parser.skipChildren();
            }
        }
    }

    private void readAdded(JsonNode tokens) {
        expect(tokens.isArray() || tokens.isNull(), ": added_tokens is " + JsonFiles.kind(tokens)
                + ", expected an array");
        expect(tokens.size() <= Limits.TOKENS, ": more than " + Limits.TOKENS + " added tokens");
        for (JsonNode token : tokens) {
            JsonNode id = token.path("id");
            expect(token.path("content").isTextual(), ": an added token has no content");
            String content = token.path("content").textValue();
            expect(id.canConvertToLong() && id.isIntegralNumber(), ": the added token '" + Limits.shown(content)
                    + "' has no id");
            Limits.id(id.longValue(), content, source);
            added.add(token(token));
        }
    }

    /** An added token as its flags say. */
    static AddedTokens.Token token(JsonNode token) {
        return new AddedTokens.Token(token.path("content").asText(), token.path("special").asBoolean(),
                token.path("normalized").asBoolean(), token.path("lstrip").asBoolean(),
                token.path("rstrip").asBoolean(), token.path("single_word").asBoolean());
    }

    private void readModel(JsonParser parser) throws IOException {
        expect(parser.currentToken() == JsonToken.START_OBJECT, ": model is not an object");
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String field = parser.currentName();
            JsonToken value = parser.nextToken();
            switch (field) {
                case "type" -> {
                    String modelType = text(field, parser);
                    expect(modelType.equals("BPE"), ": model: type '" + Limits.shown(modelType)
                            + "' is not supported; supported is BPE");
                }
                case "vocab" -> readVocabulary(parser);
                case "merges" -> readMerges(parser);
                case "unk_token" -> unknown = value == JsonToken.VALUE_NULL ? null : text(field, parser);
                case "fuse_unk" -> fused = flag(field, value);
                case "byte_fallback" -> bytes = flag(field, value);
                case "ignore_merges" -> ignoresMerges = flag(field, value);
                case "dropout" -> expect(value == JsonToken.VALUE_NULL || value.isNumeric()
                        && parser.getDoubleValue() == 0, ": model: dropout is " + Limits.shown(parser.getText())
                        + ", expected null or 0");
                case "continuing_subword_prefix", "end_of_word_suffix" -> expect(value == JsonToken.VALUE_NULL
                        || value == JsonToken.VALUE_STRING && parser.getText().isEmpty(), ": model: " + field + " is '"
                        + Limits.shown(parser.getText()) + "', supported is none");
                default -> parser.skipChildren();
            }
        }
    }

    private String text(String field, JsonParser parser) throws IOException {
        expect(parser.currentToken() == JsonToken.VALUE_STRING, ": model: " + field + " is no text");
        return parser.getText();
    }

    private boolean flag(String field, JsonToken value) {
        expect(value.isBoolean() || value == JsonToken.VALUE_NULL, ": model: " + field + " is no true or false");
        return value == JsonToken.VALUE_TRUE;
    }

    private void readVocabulary(JsonParser parser) throws IOException {
        expect(parser.currentToken() == JsonToken.START_OBJECT, ": model: vocab is not an object of tokens and ids"
                + " (supported is BPE)");
        for (int n = 0; parser.nextToken() == JsonToken.FIELD_NAME; n++) {
            String token = parser.currentName();
            expect(parser.nextToken() == JsonToken.VALUE_NUMBER_INT, ": token '" + Limits.shown(token)
                    + "' has an id that is no whole number");
            vocabulary.put(parser.getLongValue(), token);
            look(n);
        }
    }

    private void readMerges(JsonParser parser) throws IOException {
        expect(parser.currentToken() == JsonToken.START_ARRAY, ": model: merges is not an array");
        for (int n = 0; parser.nextToken() != JsonToken.END_ARRAY; n++) {
            expect(n < Limits.MERGES, ": model: more than " + Limits.MERGES + " merges");
            look(n);
            if (parser.currentToken() == JsonToken.VALUE_STRING) {
                String merge = parser.getText();
                if (!merge.startsWith("#version")) {
                    int space = merge.indexOf(' ');
                    expect(space >= 0 && merge.indexOf(' ', space + 1) < 0, ": model: the merge '"
                            + Limits.shown(merge) + "' is not two tokens with a space between");
                    merges.add(merge.substring(0, space));
                    merges.add(merge.substring(space + 1));
                }
            } else {
                expect(parser.currentToken() == JsonToken.START_ARRAY
                        && parser.nextToken() == JsonToken.VALUE_STRING && merges.add(parser.getText())
                        && parser.nextToken() == JsonToken.VALUE_STRING && merges.add(parser.getText())
                        && parser.nextToken() == JsonToken.END_ARRAY, ": model: merge " + n
                        + " is not a pair of tokens");
            }
        }
    }

    private TokenizerParts parts() {
        expect(vocabulary.size() > 0, " holds no vocabulary");
        Merges ranked = new Merges();
        for (int i = 0; i < merges.size(); i += 2) {
            int left = id(merges.get(i));
            int right = id(merges.get(i + 1));
            ranked.add(left, right, id(merges.get(i) + merges.get(i + 1)));
            look(i);
        }
        ComponentReader components = new ComponentReader(source);
        Normalizer normalizing = components.normalizer(normalizer);
        PreTokenizer cutting = components.preTokenizer(preTokenizer);
        List<Decoder> decoders = components.decoders(decoder);
        AddedTokens tokens = new AddedTokens(added, vocabulary, normalizing, source);
        int unknownId = -1;
        if (unknown != null) {
            unknownId = vocabulary.id(unknown) >= 0 ? vocabulary.id(unknown) : tokens.id(unknown);
            expect(unknownId >= 0, ": model: unk_token '" + Limits.shown(unknown) + "' is no token");
        }
        BytePairs model = new BytePairs(vocabulary, ranked, new BytePairs.Fallback(bytes, unknownId, fused),
                ignoresMerges);
        return new TokenizerParts(vocabulary, model, tokens, normalizing, cutting, decoders);
    }

    private int id(String token) {
        int id = vocabulary.id(token);
        expect(id >= 0, ": model: a merge names '" + Limits.shown(token) + "', which is no token");
        return id;
    }

    private static void look(int n) {
        if ((n & 0xFFF) == 0xFFF) {
            WorkLimit.interruptible();
        }
    }

    private void expect(boolean condition, String message) {
        if (!condition) {
            throw new LatentException(ErrorCode.BAD_TOKENIZER, source + message);
        }
    }
}
