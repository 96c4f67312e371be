package org.latent4j.agent;

import java.text.Normalizer;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
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
    private static final String[][] DELIMITERS = {{"\\(", "\\)"}, {"\\[", "\\]"}, {"**", "**"}, {"`", "`"},
        {"\"", "\""}, {"\u201c", "\u201d"}, {"'", "'"}, {"\u2018", "\u2019"}, {"\u00ab", "\u00bb"}};
    private static final Pattern WRAPPER = Pattern.compile(
        "\\\\(?:text|textbf|textit|textrm|texttt|textnormal|"
            + "mathrm|mathbf|mathit|mathsf|operatorname|boxed|fbox|mbox|hbox|bm|boldsymbol)\\s*\\{");
    private static final Pattern SPACING = Pattern.compile("\\\\[,;:! ]|\\\\quad|\\\\qquad|~");
    private static final Pattern SIZE = Pattern.compile("\\\\(?:left|right|displaystyle|textstyle)(?![A-Za-z])");
    private static final Pattern DEGREES = Pattern.compile("\\^\\s*\\{?\\s*\\\\circ\\s*}?");
    private static final Pattern SHORT_FRACTION =
        Pattern.compile("\\\\[dtc]?frac\\s{0,9}(?:(\\d)|\\{([^{}]{0,200})})\\s{0,9}(?:(\\d)|\\{([^{}]{0,200})})");
    private static final Pattern OTHER_FRACTION = Pattern.compile("\\\\[dtc]frac(?![A-Za-z])");
    private static final Pattern MINUS = Pattern.compile("[\u2212\ufe63\uff0d]|[\u2010\u2011\u2012\u2013](?=\\s?\\d)");
    private static final Pattern THIN_THOUSANDS = Pattern.compile("(?<=\\d)(?:\\\\[,;: ]|~)(?=\\d{3}(?!\\d))");
    private static final Pattern SHORT_BRACES = Pattern.compile("([\\^_]|\\\\sqrt)\\{(\\w)}");

    private static final Pattern FULL_WIDTH = Pattern.compile("[\uff01-\uff5e]");
    private static final Pattern RAISED =
        Pattern.compile("(?<=[\\p{L}\\d)}\\]])[\u2070\u00b9\u00b2\u00b3\u2074-\u2079\u207b]{1,9}");
    private static final Pattern VULGAR = Pattern.compile("(?<=(\\d))?[\u00bc-\u00be\u2150-\u215e]");
    private static final Pattern SPOKEN_MINUS =
        Pattern.compile("(?i)(?:\\bnegative|(?<![\\d)}%$]\\s|\\b\\p{L}\\s)\\bminus)\\s(?=[$\\\\]?\\s?\\d|\\\\d?frac)");
    private static final Pattern FRACTION = Pattern.compile("(?<=(\\w))?\\\\frac\\{([^{}]{1,200})}\\{([^{}]{1,200})}");
    private static final int DEEPEST = 8;  // fractions within fractions
    private static final Pattern GREEK = Pattern.compile("\\\\([A-Za-z]{2,7})(?![A-Za-z])");
    private static final Map<String, String> LETTERS = greek();
    private static final Pattern NAMED = Pattern.compile(
        "(?:[A-Za-z](?:_\\{?\\w{1,3}}?|\\([A-Za-z]\\)|')?|\\\\[A-Za-z]{2,8})\\s*=\\s*([^=]+)");

    private MathText() {
    }

    private static Map<String, String> greek() {
        Map<String, String> letters = new HashMap<>(Map.of("infty", "\u221e", "cdot", "*", "times", "*",
            "leq", "\u2264", "le", "\u2264", "geq", "\u2265", "ge", "\u2265", "lambda", "\u03bb"));
        for (char c = '\u0391'; c <= '\u03c9'; c++) {
            String name = Character.isLetter(c) ? Character.getName(c) : "";
            String letter = name.substring(name.lastIndexOf(' ') + 1).toLowerCase(Locale.ROOT);
            if (name.startsWith("GREEK SMALL LETTER ") && !name.contains(" WITH ")) {
                letters.put(letter, String.valueOf(c));
            } else if (name.startsWith("GREEK CAPITAL LETTER ") && !name.contains(" WITH ")) {
                letters.put(name.charAt("GREEK CAPITAL LETTER ".length()) + letter.substring(1), String.valueOf(c));
            }
        }
        return letters;
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

    /** What stands after the equals sign of {@code x = 5}, empty where no name stands before one. */
    static Optional<String> named(String plain) {
        Matcher matcher = NAMED.matcher(plain);
        return matcher.matches() ? Optional.of(matcher.group(1).strip()) : Optional.empty();
    }

    /** The form in which two answers that are no numbers are compared, of a plain one. */
    static String comparable(String plain) {
        String text = plain.length() > LONGEST ? plain : unbracketed(plain);
        text = SHORT_BRACES.matcher(text.replace("\u221a", "\\sqrt")).replaceAll("$1$2");
        for (int i = 0; i < DEEPEST && text.contains("\\frac{"); i++) {
            text = FRACTION.matcher(text).replaceAll(found -> Matcher.quoteReplacement(quotient(found)));
        }
        text = GREEK.matcher(text).replaceAll(
            found -> Matcher.quoteReplacement(LETTERS.getOrDefault(found.group(1), found.group())));
        return text.replaceAll("(?<!\\d)\\s+|\\s+(?!\\d)", "").replace('\u00b7', '*').replace('\u00d7', '*')
            .toLowerCase(Locale.ROOT);
    }

    private static String quotient(MatchResult found) {
        String quotient = operand(found.group(2), "\\\\?\\w+") + "/"
            + operand(found.group(3), "\\\\[A-Za-z]+\\w?|[A-Za-z]|\\d+");
        return found.group(1) == null ? quotient : "(" + quotient + ")";
    }

    private static String operand(String text, String alone) {
        return text.strip().matches(alone) ? text.strip() : "(" + text.strip() + ")";
    }

    /** Without the brackets around the whole; those of a pair or an interval stay. */
    private static String unbracketed(String text) {
        String rest = text.strip();
        for (int i = 0; i < MOST_DELIMITERS && rest.startsWith("(") && rest.endsWith(")"); i++) {
            String inner = rest.substring(1, rest.length() - 1);
            if (inner.contains(",") || inner.indexOf('(') > inner.indexOf(')') || inner.isBlank()) {
                return rest;
            }
            rest = inner.strip();
        }
        return rest.matches("\\[[A-Za-z]]") ? rest.substring(1, 2) : rest;
    }

    /** A text whose numbers and fractions are written in one way; the rest of it stays. */
    static String plainNumbers(String text) {
        String plain = halfWidth(text).replace('\u2044', '/');
        plain = RAISED.matcher(plain).replaceAll(found -> raised(found.group()));
        plain = VULGAR.matcher(plain).replaceAll(found -> (found.group(1) == null ? "" : " ") + Normalizer.normalize(
            found.group(), Normalizer.Form.NFKC).replace('\u2044', '/'));
        plain = MINUS.matcher(plain).replaceAll("-").replace("\\$", "$").replace("\\%", "%")
            .replace("{,}", ",").replace("\\!", "").replace(",\\,", ",");
        plain = SPOKEN_MINUS.matcher(plain).replaceAll("-");
        plain = THIN_THOUSANDS.matcher(plain).replaceAll("");
        plain = SHORT_FRACTION.matcher(plain).replaceAll(found -> Matcher.quoteReplacement("\\frac{"
            + either(found, 1) + "}{" + either(found, 3) + "}"));
        return OTHER_FRACTION.matcher(plain).replaceAll("\\\\frac");
    }

    /** A text whose letters, digits and signs are as wide as those of ASCII. */
    static String halfWidth(String text) {
        return FULL_WIDTH.matcher(text).replaceAll(
            found -> Matcher.quoteReplacement(String.valueOf((char) (found.group().charAt(0) - '\uff01' + '!'))));
    }

    private static String raised(String digits) {
        String plain = Normalizer.normalize(digits, Normalizer.Form.NFKC).replace('\u2212', '-');
        return plain.length() == 1 ? "^" + plain : "^{" + plain + "}";
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
                    && rest.endsWith(pair[1]) && rest.indexOf(pair[1], pair[0].length()) == rest.length()
                    - pair[1].length()) {
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
