package org.latent4j.agent;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The little LaTeX that stands in boxed answers, undone: {@code \text{}} and its kin, dollar signs, spacing, sizes of
 * brackets.
 */
final class MathText {
    private static final int LONGEST = 10_000;  // characters: beyond, it is no LaTeX of an answer
    private static final Pattern WRAPPER = Pattern.compile(
        "\\\\(?:text|textbf|textit|textrm|texttt|textnormal|"
            + "mathrm|mathbf|mathit|mathsf|operatorname|mbox|hbox|bm|boldsymbol)\\s*\\{");
    private static final Pattern SPACING = Pattern.compile("\\\\[,;:! ]|\\\\quad|\\\\qquad|~");
    private static final Pattern SIZE = Pattern.compile("\\\\(?:left|right|displaystyle|textstyle)(?![A-Za-z])");
    private static final Pattern DEGREES = Pattern.compile("\\^\\s*\\{?\\s*\\\\circ\\s*}?");
    private static final Pattern NUMBER_ALONE = Pattern.compile("[-+]?[\\d.,]*\\d");

    private MathText() {
    }

    /**
     * The text without wrappers and spacing; a unit in {@code \text{}} after a number is dropped, other wrapped text
     * stays.
     */
    static String plain(String latex) {
        if (latex.length() > LONGEST) {
            return latex.strip();
        }
        String text = latex.strip().replace("\u2212", "-").replace("\\$", "").replace("$", "").replace("\\%", "%");
        if (text.startsWith("\\(") && text.endsWith("\\)")) {
            text = text.substring(2, text.length() - 2);
        }
        text = unwrapped(DEGREES.matcher(SIZE.matcher(text).replaceAll("")).replaceAll(""));
        text = SPACING.matcher(text).replaceAll(" ").replace("\\dfrac", "\\frac").replace("\\tfrac", "\\frac").strip();
        int end = text.length();
        while (end > 0 && (text.charAt(end - 1) == '.' || Character.isWhitespace(text.charAt(end - 1)))) {
            end--;
        }
        return text.substring(0, end);
    }

    /** The form in which two answers that are no numbers are compared. */
    static String comparable(String text) {
        return plain(text).replaceAll("\\s+", "").toLowerCase(Locale.ROOT);
    }

    /** The index of the brace that closes the one at {@code open}, or -1; {@code \{} and {@code \}} do not count. */
    static int closingBrace(String text, int open) {
        int depth = 0;
        for (int i = open; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\\') {
                i++;
            } else if (c == '{') {
                depth++;
            } else if (c == '}' && --depth == 0) {
                return i;
            }
        }
        return -1;
    }

    private static String unwrapped(String text) {
        String rest = text;
        for (Matcher matcher = WRAPPER.matcher(rest); matcher.find(); matcher = WRAPPER.matcher(rest)) {
            int close = closingBrace(rest, matcher.end() - 1);
            if (close < 0) {
                return rest;
            }
            String before = rest.substring(0, matcher.start());
            boolean unit = NUMBER_ALONE.matcher(SPACING.matcher(before).replaceAll("").strip()).matches();
            rest = before + (unit ? "" : rest.substring(matcher.end(), close)) + rest.substring(close + 1);
        }
        return rest;
    }
}
