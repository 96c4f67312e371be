package org.latent4j.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;

/**
 * Rewrites the vocabulary in a GGUF file's metadata as the {@code tokenizer.json} it was once made from. The keys are
 * those of the GGUF specification: {@code tokenizer.ggml.model}, {@code .pre}, {@code .tokens}, {@code .token_type},
 * {@code .merges}, {@code .scores}.
 */
final class GgufTokenizer {
    private static final int UNKNOWN = 2;
    private static final int CONTROL = 3;
    private static final int USER_DEFINED = 4;

    private final JsonNode metadata;
    private final String source;
    private final List<String> tokens;

    private GgufTokenizer(JsonNode metadata, String source) {
        this.metadata = metadata;
        this.source = source;
        this.tokens = strings("tokenizer.ggml.tokens");
    }

    /**
     * @param metadata every metadata key of the file
     * @param source the file's name, for messages
     * @throws LatentException BAD_TOKENIZER if keys are missing, contradict each other or name a kind that is not known
     */
    static String json(JsonNode metadata, String source) {
        String model = metadata.path("tokenizer.ggml.model").asText("");
        return switch (model) {
            case "gpt2" -> new GgufTokenizer(metadata, source).byteLevel().toString();
            case "llama" -> new GgufTokenizer(metadata, source).sentencePiece().toString();
            default -> throw new LatentException(ErrorCode.BAD_TOKENIZER,
                    source + ": tokenizer.ggml.model is '" + model
                    + "'; supported are gpt2 (byte-level BPE) and llama (SentencePiece BPE)");
        };
    }

    private ObjectNode byteLevel() {
        PreTokenizer pre = PreTokenizer.of(metadata.path("tokenizer.ggml.pre").asText("default"), source);
        ObjectNode root = root();
        root.set("normalizer", pre.normalizer());
        root.set("pre_tokenizer", pre.json());
        root.set("decoder", object("ByteLevel").put("add_prefix_space", false).put("trim_offsets", true)
                .put("use_regex", true));
        ObjectNode bpe = bpe(root, pre.ignoresMerges());
        bpe.putNull("unk_token");
        ArrayNode merges = bpe.putArray("merges");
        for (String merge : strings("tokenizer.ggml.merges")) {
            int space = merge.indexOf(' ', 1);
            expect(space > 0 && space < merge.length() - 1, "a merge is not a pair: '" + merge + "'");
            merges.addArray().add(merge.substring(0, space)).add(merge.substring(space + 1));
        }
        return root;
    }

    private ObjectNode sentencePiece() {
        JsonNode prefix = metadata.path("tokenizer.ggml.add_space_prefix");
        boolean prefixed = prefix.asBoolean(true);
        ObjectNode root = root();
        ObjectNode normalizer = object("Sequence");
        ArrayNode steps = normalizer.putArray("normalizers");
        if (prefixed) {
            steps.add(object("Prepend").put("prepend", SentencePieceMerges.SPACE));
        }
        steps.add(replace(" ", SentencePieceMerges.SPACE));
        root.set("normalizer", normalizer);
        root.putNull("pre_tokenizer");
        ObjectNode decoder = object("Sequence");
        ArrayNode parts = decoder.putArray("decoders").add(replace(SentencePieceMerges.SPACE, " "))
                .add(object("ByteFallback"))
                .add(object("Fuse"));
        if (prefixed) {
            parts.add(object("Strip").put("content", " ").put("start", 1).put("stop", 0));
        }
        root.set("decoder", decoder);
        ObjectNode bpe = bpe(root, false);
        bpe.put("byte_fallback", true).put("fuse_unk", true).put("unk_token", unknownToken());
        float[] scores = scores();
        ArrayNode merges = bpe.putArray("merges");
        for (SentencePieceMerges.Merge merge : SentencePieceMerges.of(tokens, scores)) {
            merges.addArray().add(merge.left()).add(merge.right());
        }
        return root;
    }

    private ObjectNode root() {
        ObjectNode root = JsonFiles.JSON.createObjectNode().put("version", "1.0");
        root.putNull("truncation").putNull("padding");
        ArrayNode added = root.putArray("added_tokens");
        JsonNode types = metadata.path("tokenizer.ggml.token_type");
        expect(types.size() == tokens.size(),
                "tokenizer.ggml.token_type has " + types.size() + " entries, tokenizer.ggml.tokens " + tokens.size());
        for (int id = 0; id < tokens.size(); id++) {
            int type = types.get(id).asInt();
            if ((type == CONTROL || type == USER_DEFINED) && !tokens.get(id).isEmpty()) {
                added.addObject().put("id", id).put("content", tokens.get(id)).put("single_word", false)
                        .put("lstrip", false)
                        .put("rstrip", false).put("normalized", false).put("special", type == CONTROL);
            }
        }
        root.putNull("post_processor");
        return root;
    }

    private ObjectNode bpe(ObjectNode root, boolean ignoreMerges) {
        ObjectNode bpe = root.putObject("model").put("type", "BPE");
        bpe.putNull("dropout").putNull("continuing_subword_prefix").putNull("end_of_word_suffix");
        bpe.put("fuse_unk", false).put("byte_fallback", false).put("ignore_merges", ignoreMerges);
        ObjectNode vocabulary = bpe.putObject("vocab");
        for (int id = 0; id < tokens.size(); id++) {
            vocabulary.put(tokens.get(id), id);
        }
        return bpe;
    }

    private String unknownToken() {
        JsonNode types = metadata.path("tokenizer.ggml.token_type");
        for (int id = 0; id < tokens.size(); id++) {
            if (types.get(id).asInt() == UNKNOWN) {
                return tokens.get(id);
            }
        }
        return null;
    }

    private float[] scores() {
        JsonNode array = metadata.path("tokenizer.ggml.scores");
        expect(array.size() == tokens.size(),
                "tokenizer.ggml.scores has " + array.size() + " entries, tokenizer.ggml.tokens " + tokens.size());
        float[] scores = new float[array.size()];
        for (int i = 0; i < scores.length; i++) {
            scores[i] = array.get(i).floatValue();
        }
        return scores;
    }

    private List<String> strings(String key) {
        JsonNode array = metadata.path(key);
        expect(array.isArray() && !array.isEmpty(), key + " is missing or empty");
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

    private static ObjectNode object(String type) {
        return JsonFiles.JSON.createObjectNode().put("type", type);
    }

    private static ObjectNode replace(String text, String by) {
        ObjectNode replace = object("Replace");
        replace.putObject("pattern").put("String", text);
        return replace.put("content", by);
    }
}
