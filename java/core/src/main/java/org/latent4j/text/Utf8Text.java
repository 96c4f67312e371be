package org.latent4j.text;

/**
 * Bytes that become text as they come. Broken ones become U+FFFD as Rust counts them, one for each longest beginning of
 * a character (Unicode 15, section 3.9), or one for each byte; java.nio's decoder counts surrogates and overlong forms
 * otherwise.
 */
final class Utf8Text {
    private static final char REPLACEMENT = '\uFFFD';

    private final boolean eachByte;
    private final StringBuilder text = new StringBuilder();
    private int character;     // the bits of a begun character
    private int taken;         // how many of its bytes were there
    private int missing;       // how many are to come
    private int lowest = 0x80; // what the next of them may be
    private int highest = 0xBF;

    /** @param eachByte whether each broken byte is one U+FFFD */
    Utf8Text(boolean eachByte) {
        this.eachByte = eachByte;
    }

    void take(int b) {
        if (missing > 0 && (b < lowest || b > highest)) {
            breakOff();
        }
        if (missing > 0) {
            character = character << 6 | b & 0x3F;
            lowest = 0x80;
            highest = 0xBF;
            taken++;
            if (--missing == 0) {
                text.appendCodePoint(character);
            }
        } else if (b < 0x80) {
            text.append((char) b);
        } else if (b < 0xC2 || b > 0xF4) {
            text.append(REPLACEMENT);
        } else {
            missing = b < 0xE0 ? 1 : b < 0xF0 ? 2 : 3;
            taken = 1;
            character = b & (0x3F >> missing);
            lowest = b == 0xE0 ? 0xA0 : b == 0xF0 ? 0x90 : 0x80;  // no overlong forms
            highest = b == 0xED ? 0x9F : b == 0xF4 ? 0x8F : 0xBF; // no surrogates, nothing beyond U+10FFFF
        }
    }

    /** Gives up a begun character. */
    void end() {
        if (missing > 0) {
            breakOff();
        }
    }

    private void breakOff() {
        for (int i = 0; i < (eachByte ? taken : 1); i++) {
            text.append(REPLACEMENT);
        }
        missing = 0;
        lowest = 0x80;
        highest = 0xBF;
    }

    /** The text that is complete by now and was not given before. */
    String given() {
        String result = text.toString();
        text.setLength(0);
        return result;
    }
}
