package org.latent4j.text;

/** Classes of characters as Rust's standard library and its regex crate have them. */
final class Characters {
    private static final int PUNCTUATION = bits(Character.CONNECTOR_PUNCTUATION, Character.DASH_PUNCTUATION,
            Character.START_PUNCTUATION, Character.END_PUNCTUATION, Character.INITIAL_QUOTE_PUNCTUATION,
            Character.FINAL_QUOTE_PUNCTUATION, Character.OTHER_PUNCTUATION);
    private static final int SPACES = bits(Character.SPACE_SEPARATOR, Character.LINE_SEPARATOR,
            Character.PARAGRAPH_SEPARATOR);
    private static final int NUMBERS = bits(Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER,
            Character.OTHER_NUMBER);
    private static final int WORDS = bits(Character.NON_SPACING_MARK, Character.ENCLOSING_MARK,
            Character.COMBINING_SPACING_MARK, Character.DECIMAL_DIGIT_NUMBER, Character.CONNECTOR_PUNCTUATION);

    private Characters() {}

    static boolean isWhitespace(int c) {
        return c >= 9 && c <= 13 || c == 0x85 || in(SPACES, c);
    }

    static boolean isNumeric(int c) {
        return in(NUMBERS, c);
    }

    static boolean isPunctuation(int c) {
        return in(PUNCTUATION, c) || c < 0x7F && "$+<=>^`|~".indexOf(c) >= 0;
    }

    /** What a \w of the regex crate matches. */
    static boolean isWord(int c) {
        return Character.isAlphabetic(c) || in(WORDS, c) || c == 0x200C || c == 0x200D;
    }

    static boolean isMark(int c) {
        int type = Character.getType(c);
        return type == Character.NON_SPACING_MARK || type == Character.ENCLOSING_MARK
                || type == Character.COMBINING_SPACING_MARK;
    }

    private static boolean in(int types, int c) {
        return (types >> Character.getType(c) & 1) != 0;
    }

    private static int bits(byte... types) {
        int bits = 0;
        for (byte type : types) {
            bits |= 1 << type;
        }
        return bits;
    }
}
