package org.latent4j.internal;

/**
 * Text from outside, such as a checkpoint's, for a line on a terminal. Left out is what a terminal obeys instead of
 * showing it, a change of direction (U+202E) above all, and what it has no sign for.
 */
public final class Printable {
    private Printable() {}

    /** The text on one line, {@code instead} in the place of every character that is not shown. */
    public static String of(String text, String instead) {
        StringBuilder shown = new StringBuilder();
        text.codePoints().forEach(c -> {
            if (isShown(c)) {
                shown.appendCodePoint(c);
            } else {
                shown.append(instead);
            }
        });
        return shown.toString();
    }

    /** Whether a terminal has a sign for it and does nothing else. */
    public static boolean isShown(int c) {
        return c != 0xFFFD && switch (Character.getType(c)) {
            case Character.CONTROL, Character.FORMAT, Character.SURROGATE, Character.UNASSIGNED, Character.PRIVATE_USE,
                Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR -> false;
            default -> true;
        };
    }
}
