package org.latent4j.agent;

import java.util.Locale;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The little LaTeX that stands in boxed answers, undone: {@code \text{}} and its kin, dollar signs, spacing, sizes of
 * brackets.
 */
final class MathText {
    private static final int LONGEST = 10_000;  // characters: beyond, it is no LaTeX of an answer
    private static final int MOST_DELIMITERS = 8;
    private static final String[][] DELIMITERS = {{"\\(", "\\)"}, {"\\[", "\\]"}, {"**", "**"}, {"`", "`"}};
    private static final Pattern WRAPPER = Pattern.compile(
        "\\\\(?:text|textbf|textit|textrm|texttt|textnormal|"
            + "mathrm|mathbf|mathit|mathsf|operatorname|mbox|hbox|bm|boldsymbol)\\s*\\{");
    private static final Pattern SPACING = Pattern.compile("\\\\[,;:! ]|\\\\quad|\\\\qquad|~");
    private static final Pattern SIZE = Pattern.compile("\\\\(?:left|right|displaystyle|textstyle)(?![A-Za-z])");
    private static final Pattern DEGREES = Pattern.compile("\\^\\s*\\{?\\s*\\\\circ\\s*}?");
    private static final Pattern SHORT_FRACTION =
        Pattern.compile("\\\\[dtc]?frac\\s{0,9}(?:(\\d)|\\{([^{}]{0,200})})\\s{0,9}(?:(\\d)|\\{([^{}]{0,200})})");
    private static final Pattern OTHER_FRACTION = Pattern.compile("\\\\[dtc]frac(?![A-Za-z])");
    private static final Pattern MINUS = Pattern.compile("[\u2212\ufe63\uff0d]|[\u2010\u2011\u2012\u2013](?=\\s?\\d)");
    private static final Pattern THIN_THOUSANDS = Pattern.compile("(?<=\\d)(?:\\\\[,;: ]|~)(?=\\d{3}(?!\\d))");
    private static final Pattern SHORT_BRACES = Pattern.compile("([\\^_]|\\\\sqrt)\\{(\\w)}");

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
        String text = undelimited(plainNumbers(latex.strip()).replace("$", ""));
        text = unwrapped(DEGREES.matcher(SIZE.matcher(text).replaceAll("")).replaceAll(""));
        text = undelimited(SPACING.matcher(text).replaceAll(" ").strip());
        int end = text.length();
        while (end > 0 && (text.charAt(end - 1) == '.' || Character.isWhitespace(text.charAt(end - 1)))) {
            end--;
        }
        return undelimited(text.substring(0, end));
    }

    /** The form in which two answers that are no numbers are compared. */
    static String comparable(String text) {
        return SHORT_BRACES.matcher(plain(text)).replaceAll("$1$2")
            .replaceAll("(?<!\\d)\\s+|\\s+(?!\\d)", "").toLowerCase(Locale.ROOT);
    }

    /** A text whose numbers and fractions are written in one way; the rest of it stays. */
    static String plainNumbers(String text) {
        String plain = MINUS.matcher(text).replaceAll("-").replace("\\$", "$").replace("\\%", "%")
            .replace("{,}", ",").replace("\\!", "").replace(",\\,", ",");
        plain = THIN_THOUSANDS.matcher(plain).replaceAll("");
        plain = SHORT_FRACTION.matcher(plain).replaceAll(found -> Matcher.quoteReplacement("\\frac{"
            + either(found, 1) + "}{" + either(found, 3) + "}"));
        return OTHER_FRACTION.matcher(plain).replaceAll("\\\\frac");
    }

    private static String either(MatchResult found, int group) {
        return found.group(group) == null ? found.group(group + 1) : found.group(group);
    }

    /** Without delimiters of mathematics, emphasis or braces around the whole. */
    private static String undelimited(String text) {
        String rest = text.strip();
        for (int i = 0; i < MOST_DELIMITERS; i++) {
            String before = rest;
            for (String[] pair : DELIMITERS) {
                if (rest.length() >= pair[0].length() + pair[1].length() && rest.startsWith(pair[0])
                    && rest.endsWith(pair[1])) {
                    rest = rest.substring(pair[0].length(), rest.length() - pair[1].length()).strip();
                }
            }
            if (rest.startsWith("{") && closingBrace(rest, 0) == rest.length() - 1) {
                rest = rest.substring(1, rest.length() - 1).strip();
            }
            if (rest.equals(before)) {
                return rest;
            }
        }
        return rest;
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
            boolean unit = Rational.parse(SPACING.matcher(before).replaceAll(" ").strip()).isPresent();
            rest = before + (unit ? "" : rest.substring(matcher.end(), close)) + rest.substring(close + 1);
        }
        return rest;
    }
}
