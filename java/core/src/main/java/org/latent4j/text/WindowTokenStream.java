package org.latent4j.text;

import java.util.Arrays;

/**
 * The stream of any other vocabulary (SentencePiece's, with spaces that depend on the neighbour and byte-fallback
 * tokens): a short window of tokens is decoded anew with each push, and what it says beyond the text already given is
 * new.
 */
final class WindowTokenStream implements TokenStream {
    /** A begun character takes at most three byte tokens; a longer tail that still ends in U+FFFD is no character. */
    private static final int MAX_PENDING = 8;
    private static final char REPLACEMENT = '\uFFFD';

    private final Tokenizer tokenizer;
    private final NativeTokenizer decoder;
    private final Vocabulary vocabulary;
    private long[] window = new long[2 * MAX_PENDING];
    private int given;  // tokens of the window whose text was given
    private int filled;

    WindowTokenStream(Tokenizer tokenizer, NativeTokenizer decoder, Vocabulary vocabulary) {
        this.tokenizer = tokenizer;
        this.decoder = decoder;
        this.vocabulary = vocabulary;
    }

    @Override
    public String push(int id) {
        tokenizer.check(id);
        if (id >= vocabulary.size() || vocabulary.isSpecial(id)) {
            return "";
        }
        if (filled == window.length) {
            window = Arrays.copyOf(window, 2 * filled);
        }
        window[filled++] = id;
        String fresh = fresh();
        boolean complete = !fresh.isEmpty() && fresh.charAt(fresh.length() - 1) != REPLACEMENT;
        return complete || filled - given > MAX_PENDING ? advance(fresh) : "";
    }

    @Override
    public String flush() {
        String rest = fresh();
        given = 0;
        filled = 0;
        return rest;
    }

    private String fresh() {
        String before = decoder.decode(Arrays.copyOf(window, given));
        String all = decoder.decode(Arrays.copyOf(window, filled));
        return all.substring(Math.min(before.length(), all.length()));
    }

    /** Keeps the tokens just given as the context of the next ones, and forgets those before. */
    private String advance(String fresh) {
        if (!fresh.isEmpty()) {
            System.arraycopy(window, given, window, 0, filled - given);
            filled -= given;
            given = filled;
        }
        return fresh;
    }
}
