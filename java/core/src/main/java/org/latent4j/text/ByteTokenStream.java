package org.latent4j.text;

/**
 * The stream of a byte-level vocabulary: each token's bytes go through one UTF-8 decoder that remembers a begun
 * character. Broken bytes become U+FFFD as the tokenizers library counts them, one for each longest beginning of a
 * character (Unicode 15, section 3.9); java.nio's decoder counts surrogates and overlong forms otherwise.
 */
final class ByteTokenStream implements TokenStream {
    private static final char REPLACEMENT = '\uFFFD';

    private final Tokenizer tokenizer;
    private final Vocabulary vocabulary;
    private final StringBuilder text = new StringBuilder();
    private int character; // the bits of a begun character
    private int missing;   // how many of its bytes are to come
    private int lowest = 0x80; // what the next of them may be
    private int highest = 0xBF;

    ByteTokenStream(Tokenizer tokenizer, Vocabulary vocabulary) {
        this.tokenizer = tokenizer;
        this.vocabulary = vocabulary;
    }

    @Override
    public String push(int id) {
        tokenizer.check(id);
        if (id < vocabulary.size() && !vocabulary.isSpecial(id)) {
            byte[] bytes = vocabulary.bytes();
            for (int i = vocabulary.offset(id); i < vocabulary.offset(id + 1); i++) {
                take(bytes[i] & 0xFF);
            }
        }
        return given();
    }

    @Override
    public String flush() {
        if (missing > 0) {
            breakOff();
        }
        return given();
    }

    private void take(int b) {
        if (missing > 0 && (b < lowest || b > highest)) {
            breakOff();
        }
        if (missing > 0) {
            character = character << 6 | b & 0x3F;
            lowest = 0x80;
            highest = 0xBF;
            if (--missing == 0) {
                text.appendCodePoint(character);
            }
        } else if (b < 0x80) {
            text.append((char) b);
        } else if (b < 0xC2 || b > 0xF4) {
            text.append(REPLACEMENT);
        } else {
            missing = b < 0xE0 ? 1 : b < 0xF0 ? 2 : 3;
            character = b & (0x3F >> missing);
            lowest = b == 0xE0 ? 0xA0 : b == 0xF0 ? 0x90 : 0x80;  // no overlong forms
            highest = b == 0xED ? 0x9F : b == 0xF4 ? 0x8F : 0xBF; // no surrogates, nothing beyond U+10FFFF
        }
    }

    private void breakOff() {
        text.append(REPLACEMENT);
        missing = 0;
        lowest = 0x80;
        highest = 0xBF;
    }

    private String given() {
        String result = text.toString();
        text.setLength(0);
        return result;
    }
}
