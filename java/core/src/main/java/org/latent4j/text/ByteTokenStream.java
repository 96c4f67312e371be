package org.latent4j.text;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/** The stream of a byte-level vocabulary: each token's bytes go through one UTF-8 decoder that remembers a begun character. */
final class ByteTokenStream implements TokenStream {
    private final Tokenizer tokenizer;
    private final Vocabulary vocabulary;
    private final CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder()
            .onMalformedInput(CodingErrorAction.REPLACE).onUnmappableCharacter(CodingErrorAction.REPLACE);
    private final StringBuilder text = new StringBuilder();
    private final CharBuffer chars = CharBuffer.allocate(256);
    private ByteBuffer pending = ByteBuffer.allocate(64); // bytes not yet decoded; between pushes at most 3 of a begun character

    ByteTokenStream(Tokenizer tokenizer, Vocabulary vocabulary) {
        this.tokenizer = tokenizer;
        this.vocabulary = vocabulary;
    }

    @Override
    public String push(int id) {
        tokenizer.check(id);
        if (id < vocabulary.size() && !vocabulary.isSpecial(id)) {
            int begin = vocabulary.offset(id);
            int length = vocabulary.offset(id + 1) - begin;
            if (pending.remaining() < length) {
                pending = ByteBuffer.allocate(2 * (pending.position() + length)).put(pending.flip());
            }
            pending.put(vocabulary.bytes(), begin, length);
            decode(false);
        }
        return take();
    }

    @Override
    public String flush() {
        decode(true);
        decoder.reset();
        return take();
    }

    private void decode(boolean end) {
        pending.flip();
        boolean more = true;
        while (more) {
            more = decoder.decode(pending, chars, end).isOverflow();
            text.append(chars.flip());
            chars.clear();
        }
        pending.compact();
    }

    private String take() {
        String result = text.toString();
        text.setLength(0);
        return result;
    }
}
