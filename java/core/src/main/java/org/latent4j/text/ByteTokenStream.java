package org.latent4j.text;

/** The stream of a byte-level vocabulary: each token's bytes go through one UTF-8 decoder. */
final class ByteTokenStream implements TokenStream {
    private final Tokenizer tokenizer;
    private final TokenBytes tokens;
    private final Utf8Text text = new Utf8Text(false);

    ByteTokenStream(Tokenizer tokenizer, TokenBytes tokens) {
        this.tokenizer = tokenizer;
        this.tokens = tokens;
    }

    @Override
    public String push(int id) {
        tokenizer.check(id);
        take(id);
        return text.given();
    }

    /** Takes a token whose text, if it becomes complete, is given later. */
    void take(int id) {
        tokens.give(id, text);
    }

    @Override
    public String flush() {
        text.end();
        return text.given();
    }
}
