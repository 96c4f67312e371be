package org.latent4j.text;

import org.latent4j.ErrorCode;
import org.latent4j.LatentException;

/** How large a tokenizer may be. What passes a limit is refused with BAD_TOKENIZER. */
final class Limits {
    /** Bytes of a tokenizer.json; the largest of public models have about 35 million. */
    static final int FILE_BYTES = 64 << 20;
    /** Ids are below this; public models have up to 262,144 tokens. */
    static final int TOKENS = 1 << 20;
    /** Chars of one token. */
    static final int TOKEN_LENGTH = 8192;
    /** Merges of a BPE model. */
    static final int MERGES = 1 << 21;
    /** Chars of all added tokens together. */
    static final int ADDED_LENGTH = 1 << 22;
    /** Chars that a decoder may make of one token. */
    static final int DECODED_LENGTH = 1 << 16;
    /** Chars of a text that a decoder replaces. */
    static final int REPLACED_LENGTH = 256;
    /** Normalizers, pre-tokenizers or decoders, each with those inside of sequences. */
    static final int COMPONENTS = 64;
    /** Sequences inside of sequences. */
    static final int NESTING = 16;
    /** Squares of the lengths of a SentencePiece vocabulary's tokens, added up: the time to find their merges. */
    static final long SQUARES = 1L << 30;

    private Limits() {}

    static void id(long id, String text, String source) {
        if (id < 0 || id >= TOKENS) {
            throw new LatentException(ErrorCode.BAD_TOKENIZER, source + ": token '" + shown(text) + "' has the id " + id
                    + ", expected 0 to " + (TOKENS - 1));
        }
    }

    static void length(String text, String source) {
        if (text.length() > TOKEN_LENGTH) {
            throw new LatentException(ErrorCode.BAD_TOKENIZER, source + ": a token, '" + shown(text) + "', has "
                    + text.length() + " characters, at most " + TOKEN_LENGTH + " are supported");
        }
    }

    /** A text as far as a message can hold it. */
    static String shown(String text) {
        return text.length() > 60 ? text.substring(0, 60) + "…" : text;
    }
}
