package org.latent4j.internal;

/** White space of every kind, that of no breaking too, which Java's own tests leave out. */
public final class WhiteSpace {
    private WhiteSpace() {}

    /** Whether there is nothing to see in a text: it is empty, or all white space and characters without a width. */
    public static boolean isAll(String text) {
        return text.codePoints().allMatch(c -> Character.isWhitespace(c) || Character.isSpaceChar(c)
                || Character.getType(c) == Character.CONTROL || Character.getType(c) == Character.FORMAT);
    }
}
