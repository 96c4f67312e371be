package org.latent4j.text;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * GPT-2's printable stand-ins for the 256 bytes: the visible Latin-1 characters stand for themselves, the rest follow
 * at U+0100.
 */
final class ByteLetters {
    private static final short[] BYTE_OF = new short[0x200];
    private static final char[] LETTER_OF = new char[256];

    static {
        Arrays.fill(BYTE_OF, (short) -1);
        int next = 0x100;
        for (int b = 0; b < 256; b++) {
            boolean visible = b >= '!' && b <= '~' || b >= 0xA1 && b <= 0xAC || b >= 0xAE;
            LETTER_OF[b] = (char) (visible ? b : next++);
            BYTE_OF[LETTER_OF[b]] = (short) b;
        }
    }

    private ByteLetters() {}

    /** The bytes that a token's letters stand for, or, if one of them stands for none, its own in UTF-8. */
    static byte[] bytes(String token) {
        byte[] result = new byte[token.length()];
        for (int i = 0; i < result.length; i++) {
            char c = token.charAt(i);
            int b = c < BYTE_OF.length ? BYTE_OF[c] : -1;
            if (b < 0) { // an added token written as plain text
                return token.getBytes(StandardCharsets.UTF_8);
            }
            result[i] = (byte) b;
        }
        return result;
    }

    /** The letter of a byte. */
    static char of(byte b) {
        return LETTER_OF[b & 0xFF];
    }

    /** The letters of the bytes that stand in UTF-8. */
    static String ofText() {
        return IntStream.range(0, 0xF5).filter(b -> b != 0xC0 && b != 0xC1).mapToObj(b -> "" + LETTER_OF[b])
                .collect(Collectors.joining());
    }

    /** The pieces in letters. */
    static Pieces of(Pieces in, WorkLimit limit) {
        char[] text = in.text();
        long length = 0;
        for (int i = 0; i < in.count(); i++) {
            for (int at = in.start(i); at < in.end(i); at++) {
                char c = text[at];
                length += c < 0x80 ? 1 : c < 0x800 || Character.isSurrogate(c) ? 2 : 3;
            }
        }
        limit.length(length);
        char[] letters = new char[(int) length];
        Pieces out = new Pieces(letters, in.isFirst());
        int filled = 0;
        for (int i = 0; i < in.count(); i++) {
            int start = filled;
            for (int at = in.start(i); at < in.end(i); at++) {
                int c = text[at];
                if (c < 0x80) {
                    letters[filled++] = LETTER_OF[c];
                } else if (c < 0x800) {
                    letters[filled++] = LETTER_OF[0xC0 | c >> 6];
                    letters[filled++] = LETTER_OF[0x80 | c & 0x3F];
                } else if (!Character.isSurrogate((char) c)) {
                    letters[filled++] = LETTER_OF[0xE0 | c >> 12];
                    letters[filled++] = LETTER_OF[0x80 | c >> 6 & 0x3F];
                    letters[filled++] = LETTER_OF[0x80 | c & 0x3F];
                } else {
                    int pair = Character.toCodePoint((char) c, text[++at]);
                    letters[filled++] = LETTER_OF[0xF0 | pair >> 18];
                    letters[filled++] = LETTER_OF[0x80 | pair >> 12 & 0x3F];
                    letters[filled++] = LETTER_OF[0x80 | pair >> 6 & 0x3F];
                    letters[filled++] = LETTER_OF[0x80 | pair & 0x3F];
                }
            }
            out.add(start, filled);
        }
        return out;
    }
}
