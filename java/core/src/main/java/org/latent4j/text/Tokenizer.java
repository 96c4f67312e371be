package org.latent4j.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;
import org.latent4j.internal.LocalPath;
import org.latent4j.internal.RegularFile;

/**
 * Text to token ids and back, as the model's own tokenizer does it: the {@code tokenizer.json} of a Hugging Face
 * folder, or the vocabulary in a GGUF file's metadata. Usable from any thread.
 *
 * <p>Known are byte-pair models with Hugging Face's usual steps around them; a file with another step is refused by its
 * name. So is one that is larger than any honest one: 64 MiB, ids from 2^20 on, a token of more than 8192 characters,
 * 2^21 merges, 2^22 characters of added tokens, 64 steps of a kind or 16 sequences in each other, a pattern of more
 * than 4096 characters, SentencePiece tokens the squares of whose lengths add up to more than 2^30. Character classes
 * are those of the Java runtime's Unicode.
 *
 * <p>Encoding takes time in proportion to the text. A text for which a tokenizer's patterns and added tokens take more
 * than 128 looks at a character for each of its characters and 2^24 more, out of which its normalizer makes more than 8
 * characters for each and 65,536 more, or that is to be normalized and has more than 256 combining marks in a row is
 * refused.
 */
public final class Tokenizer {
    private static final char REPLACEMENT = '\uFFFD';

    private final TokenizerParts parts;
    private final TokenBytes bytes; // null: a token's text depends on its neighbours
    private final int vocabularySize;
    private final Coverage coverage;

    private Tokenizer(TokenizerParts parts, int modelVocabulary) {
        this.parts = parts;
        bytes = Decoder.isByteLevel(parts.decoders()) ? new TokenBytes(parts.added()) : null;
        vocabularySize = Math.max(parts.added().size(), modelVocabulary);
        coverage = new Coverage(parts);
    }

    /**
     * The tokenizer of a checkpoint.
     *
     * @param checkpoint a Hugging Face folder with {@code tokenizer.json}, or a GGUF file
     * @param ggufMetadata every metadata key of the GGUF file; null or empty for a folder
     * @throws LatentException FILE_NOT_FOUND, or BAD_TOKENIZER if the tokenizer is corrupt, passes a limit or is of a
     *     kind that is not known; OUT_OF_MEMORY; CANCELLED if the thread is interrupted
     */
    public static Tokenizer from(Path checkpoint, JsonNode ggufMetadata) {
        Objects.requireNonNull(checkpoint, "checkpoint");
        JsonNode metadata = ggufMetadata == null ? MissingNode.getInstance() : ggufMetadata;
        JsonNode config = metadata.isEmpty() ? JsonFiles.readIfPresent(checkpoint.resolve("config.json")) : metadata;
        JsonNode stated = metadata.isEmpty() ? config.path("vocab_size")
                : config.path(config.path("general.architecture").asText() + ".vocab_size");
        return from(checkpoint, ggufMetadata, stated.asInt(config.path("text_config").path("vocab_size").asInt()));
    }

    /**
     * The tokenizer of a model that has more embedding rows than its tokenizer has tokens: tables are often padded, and
     * the ids beyond the tokens have no text.
     *
     * @param checkpoint as above
     * @param ggufMetadata as above
     * @param embeddingRows of the model
     * @throws LatentException as above
     */
    public static Tokenizer from(Path checkpoint, JsonNode ggufMetadata, int embeddingRows) {
        Objects.requireNonNull(checkpoint, "checkpoint");
        if (ggufMetadata != null && !ggufMetadata.isEmpty()) {
            String source = checkpoint.toString();
            return open(() -> GgufTokenizer.read(ggufMetadata, source), source,
                    Math.max(embeddingRows, ggufMetadata.path("tokenizer.ggml.tokens").size()));
        }
        Path file = checkpoint.resolve("tokenizer.json");
        if (Files.notExists(file)) {
            throw new LatentException(ErrorCode.FILE_NOT_FOUND, LocalPath.text(file)
                    + " does not exist; a checkpoint folder needs tokenizer.json"
                    + " (a folder with only tokenizer.model or vocab.json:"
                    + " save it once with transformers' AutoTokenizer)");
        }
        String source = LocalPath.text(file);
        return open(() -> {
            SpecialTokens beside = SpecialTokens.of(checkpoint,
                    JsonFiles.readIfPresent(checkpoint.resolve("tokenizer_config.json")));
            String text = RegularFile.text(file, Limits.FILE_BYTES, ErrorCode.BAD_TOKENIZER);
            return TokenizerFile.read(text, beside, source);
        }, source, embeddingRows);
    }

    /**
     * The tokenizer that a {@code tokenizer.json} describes.
     *
     * @param json the file's text
     * @throws LatentException BAD_TOKENIZER
     */
    public static Tokenizer of(String json) {
        Objects.requireNonNull(json, "json");
        String source = "tokenizer.json";
        return open(() -> TokenizerFile.read(json, null, source), source, 0);
    }

    private static Tokenizer open(Supplier<TokenizerParts> parts, String source, int modelVocabulary) {
        WorkLimit.interruptible();
        try {
            return new Tokenizer(parts.get(), modelVocabulary);
        } catch (OutOfMemoryError e) { // what was built is given up whole
            throw new LatentException(ErrorCode.OUT_OF_MEMORY, source + ": the Java heap is too small for this"
                    + " tokenizer", e);
        }
    }

    /**
     * Token ids of a text. Special tokens written in it ({@code <|im_start|>}) are recognised, whoever wrote them; none
     * is added. A lone surrogate counts as U+FFFD.
     *
     * @throws LatentException BAD_ARGUMENT if the text takes more steps, or becomes longer, than a text of its length
     *     may (see above); OUT_OF_MEMORY; CANCELLED if the thread is interrupted, whose flag stays set
     */
    public int[] encode(String text) {
        Objects.requireNonNull(text, "text");
        return encode(RenderedChat.of(text));
    }

    /**
     * Token ids of a chat: as of its text, but for control tokens that a message holds, which are ordinary text, as
     * transformers' {@code split_special_tokens} takes them. Control tokens are the special ones, and those of the
     * others that the template's source holds.
     *
     * @throws LatentException as {@link #encode(String)}
     */
    public int[] encode(RenderedChat chat) {
        String text = Objects.requireNonNull(chat, "chat").marked();
        try {
            WorkLimit limit = new WorkLimit(text.length());
            IntList ids = new IntList(text.length() / 3);
            String formed = wellFormed(text);
            parts.added().split(formed, false, chat, limit, new AddedTokens.Parts() {
                @Override
                public void token(int id) {
                    ids.add(id);
                }

                @Override
                public void text(int start, int end) {
                    encodePart(formed.substring(start, end), start == 0, chat, ids, limit);
                }
            });
            return ids.toArray();
        } catch (OutOfMemoryError e) { // what was computed is given up whole
            throw new LatentException(ErrorCode.OUT_OF_MEMORY, "the Java heap is too small to encode a text of "
                    + text.length() + " characters", e);
        }
    }

    /**
     * A number of tokens that a text surely has at least, from the number of its characters alone: a text that cannot
     * fit a context can be refused by it before any other work is done. It is 0 if one of this tokenizer's tokens may
     * stand for any number of characters (it drops whitespace, or replaces what a pattern matches).
     */
    public int fewestTokens(String text) {
        return coverage.fewest(Objects.requireNonNull(text, "text"));
    }

    private void encodePart(String part, boolean first, RenderedChat chat, IntList ids, WorkLimit limit) {
        if (chat.without(part).isEmpty()) {
            return;
        }
        Normalizer normalizer = parts.normalizer();
        String text = normalizer == null ? part : normalizer.apply(part, limit);
        limit.length(text.length());
        parts.added().split(text, true, chat, limit, new AddedTokens.Parts() {
            @Override
            public void token(int id) {
                ids.add(id);
            }

            @Override
            public void text(int start, int end) {
                Pieces pieces = Pieces.whole(chat.without(text.substring(start, end)), first && start == 0);
                if (parts.preTokenizer() != null) {
                    pieces = parts.preTokenizer().apply(pieces, limit);
                }
                for (int i = 0; i < pieces.count(); i++) {
                    parts.model().encode(pieces.text(), pieces.start(i), pieces.end(i), ids);
                    if ((i & 0xFFF) == 0xFFF) {
                        WorkLimit.interruptible();
                    }
                }
            }
        });
    }

    /**
     * Text of token ids, without the special tokens: what a {@link #newStream} gives of them. Bytes that make no
     * character appear as U+FFFD; whole characters beside them stay, also where Hugging Face's library drops them in a
     * run of byte-fallback tokens.
     *
     * @throws LatentException BAD_TOKEN if an id is outside the vocabulary; OUT_OF_MEMORY; CANCELLED if the thread is
     *     interrupted, whose flag stays set
     */
    public String decode(int[] ids) {
        Objects.requireNonNull(ids, "ids");
        try {
            return decoded(ids);
        } catch (OutOfMemoryError e) { // what was made is given up whole
            throw new LatentException(ErrorCode.OUT_OF_MEMORY, "the Java heap is too small for the text of "
                    + ids.length + " tokens", e);
        }
    }

    private String decoded(int[] ids) {
        if (bytes != null) {
            ByteTokenStream stream = new ByteTokenStream(this, bytes);
            for (int id : ids) {
                check(id);
                stream.take(id);
            }
            return stream.flush();
        }
        TokenStream stream = newStream();
        StringBuilder text = new StringBuilder();
        for (int id : ids) {
            WorkLimit.interruptible(); // a decoder may make much of one token
            text.append(stream.push(id));
        }
        return text.append(stream.flush()).toString();
    }

    /** A new incremental decoder, for one thread. */
    public TokenStream newStream() {
        return bytes != null ? new ByteTokenStream(this, bytes) : new DecoderStream(this, parts.decoders());
    }

    /**
     * Ids run from 0 to this, exclusively: the model's embedding rows where they are more than the tokenizer's tokens.
     * Some may have no text: they decode to nothing, and no text encodes to them.
     */
    public int vocabularySize() {
        return vocabularySize;
    }

    /** Whether {@link #decode} leaves this token out. */
    public boolean isSpecial(int id) {
        check(id);
        return parts.added().isSpecial(id);
    }

    /** Id of a special or user-defined token by its text ({@code <|im_end|>}), or -1. */
    public int addedToken(String content) {
        return parts.added().id(Objects.requireNonNull(content, "content"));
    }

    RenderedChat.Marker marker(String template, List<ChatMessage> messages) {
        return new RenderedChat.Marker(parts.added(), template, messages);
    }

    /** What a decoder sees of a token; null if it sees none. */
    String shownText(int id) {
        return parts.added().isSpecial(id) ? null : parts.added().text(id);
    }

    void check(int id) {
        if (id < 0 || id >= vocabularySize) {
            throw new LatentException(ErrorCode.BAD_TOKEN, "token " + id + " is outside the vocabulary of "
                    + vocabularySize);
        }
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
