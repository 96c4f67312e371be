package org.latent4j.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;

/**
 * Text to token ids and back, as the model's own tokenizer does it: the {@code tokenizer.json} of a Hugging Face
 * folder, or the vocabulary in a GGUF file's metadata. Usable from any thread.
 */
public final class Tokenizer {
    private static final char REPLACEMENT = '\uFFFD';

    private final NativeTokenizer encoder;
    private final Vocabulary vocabulary;
    private final int vocabularySize;

    private Tokenizer(String json, String source, int modelVocabulary) {
        this(Vocabulary.parse(json, source), new NativeTokenizer(json, source), modelVocabulary);
    }

    private Tokenizer(Vocabulary vocabulary, NativeTokenizer encoder, int modelVocabulary) {
        this.vocabulary = vocabulary;
        this.encoder = encoder;
        vocabularySize = Math.max(vocabulary.size(), modelVocabulary);
    }

    /**
     * The tokenizer of a checkpoint.
     *
     * @param checkpoint a Hugging Face folder with {@code tokenizer.json}, or a GGUF file
     * @param ggufMetadata every metadata key of the GGUF file; null or empty for a folder
     * @throws LatentException FILE_NOT_FOUND, or BAD_TOKENIZER if the tokenizer is corrupt or of a kind that is not
     *     known
     */
    public static Tokenizer from(Path checkpoint, JsonNode ggufMetadata) {
        Objects.requireNonNull(checkpoint, "checkpoint");
        if (ggufMetadata != null && !ggufMetadata.isEmpty()) {
            String source = checkpoint.toString();
            return new Tokenizer(GgufTokenizer.json(ggufMetadata, source), source, 0);
        }
        Path file = checkpoint.resolve("tokenizer.json");
        if (Files.isDirectory(file)) {
            throw new LatentException(ErrorCode.BAD_TOKENIZER, file + " is a folder, expected a file");
        }
        if (!Files.isRegularFile(file)) {
            throw new LatentException(ErrorCode.FILE_NOT_FOUND, file
                    + " does not exist; a checkpoint folder needs tokenizer.json"
                    + " (a folder with only tokenizer.model or vocab.json:"
                    + " save it once with transformers' AutoTokenizer)");
        }
        try {
            return of(checkpoint, Files.readString(file), file.toString());
        } catch (CharacterCodingException e) {
            throw new LatentException(ErrorCode.BAD_TOKENIZER, file + " is not UTF-8 text", e);
        } catch (IOException e) {
            throw new LatentException(ErrorCode.BAD_TOKENIZER, file + " cannot be read: " + e.getMessage(), e);
        }
    }

    private static Tokenizer of(Path folder, String json, String source) {
        int modelVocabulary = modelVocabulary(folder);
        Path config = folder.resolve("tokenizer_config.json");
        Vocabulary vocabulary = Vocabulary.parse(json, source);
        LateTokens late = LateTokens.of(JsonFiles.readIfPresent(config).path("added_tokens_decoder"), vocabulary);
        if (late.isEmpty()) {
            return new Tokenizer(vocabulary, new NativeTokenizer(json, source), modelVocabulary);
        }
        return new Tokenizer(late.addedTo(json), source + " with " + config.getFileName(), modelVocabulary);
    }

    /**
     * The tokenizer that a {@code tokenizer.json} describes.
     *
     * @param json the file's text
     * @throws LatentException BAD_TOKENIZER
     */
    public static Tokenizer of(String json) {
        return new Tokenizer(json, "tokenizer.json", 0);
    }

    /**
     * Token ids of a text. Special tokens written in it ({@code <|im_start|>}) are recognised; none is added. A lone
     * surrogate counts as U+FFFD.
     */
    public int[] encode(String text) {
        return encoder.encode(wellFormed(text));
    }

    /**
     * Text of token ids, without the special tokens.
     *
     * @throws LatentException BAD_TOKEN if an id is outside the vocabulary
     */
    public String decode(int[] ids) {
        if (vocabulary.isByteLevel()) {
            TokenStream stream = newStream();
            StringBuilder text = new StringBuilder();
            for (int id : ids) {
                text.append(stream.push(id));
            }
            return text.append(stream.flush()).toString();
        }
        long[] wide = new long[ids.length];
        for (int i = 0; i < ids.length; i++) {
            check(ids[i]);
            wide[i] = ids[i];
        }
        return encoder.decode(wide);
    }

    /** A new incremental decoder, for one thread. */
    public TokenStream newStream() {
        return vocabulary.isByteLevel() ? new ByteTokenStream(this, vocabulary)
                : new WindowTokenStream(this, encoder, vocabulary);
    }

    /**
     * Ids run from 0 to this, exclusively: the model's embedding rows where they are more than the tokenizer's tokens.
     */
    public int vocabularySize() {
        return vocabularySize;
    }

    /** Whether {@link #decode} leaves this token out. */
    public boolean isSpecial(int id) {
        check(id);
        return vocabulary.isSpecial(id);
    }

    /** Id of a special or user-defined token by its text ({@code <|im_end|>}), or -1. */
    public int addedToken(String content) {
        return vocabulary.addedToken(content);
    }

    void check(int id) {
        if (id < 0 || id >= vocabularySize) {
            throw new LatentException(ErrorCode.BAD_TOKEN, "token " + id + " is outside the vocabulary of "
                    + vocabularySize);
        }
    }

    /** Embedding tables are often padded beyond the tokenizer; such ids are the model's, though they have no text. */
    private static int modelVocabulary(Path folder) {
        return JsonFiles.readIfPresent(folder.resolve("config.json")).path("vocab_size").asInt(0);
    }

    private static String wellFormed(String text) {
        StringBuilder fixed = null;
        for (int i = 0; i < text.length(); i++) {
            if (!Character.isSurrogate(text.charAt(i))) {
                continue;
            }
            if (Character.isHighSurrogate(text.charAt(i)) && i + 1 < text.length()
                    && Character.isLowSurrogate(text.charAt(i + 1))) {
                i++;
                continue;
            }
            fixed = fixed == null ? new StringBuilder(text) : fixed;
            fixed.setCharAt(i, REPLACEMENT);
        }
        return fixed == null ? text : fixed.toString();
    }
}
