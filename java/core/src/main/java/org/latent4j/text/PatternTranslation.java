package org.latent4j.text;

import java.util.Locale;
import java.util.Set;
import java.util.function.IntPredicate;

/**
 * A pattern of a {@code tokenizer.json}, written for Oniguruma with Ruby's syntax, in the spelling of {@link
 * java.util.regex.Pattern}. What would mean something else in Java is refused rather than guessed at, and so is what
 * could search without looking at a character (a choice between ways that are all empty): the limit on looks could not
 * end that.
 */
final class PatternTranslation {
    /** A pattern's longest text; those of public models have up to 600 characters. */
    static final int MAX_LENGTH = 4096;
    /** How deep groups may nest. */
    static final int MAX_DEPTH = 24;
    /** How many anchors a pattern may have: they look at no character. */
    static final int MAX_ANCHORS = 16;
    /** The most repetitions that may be written as a number. */
    static final int MAX_REPETITIONS = 1000;

    private static final Set<String> CATEGORIES = Set.of("L", "LU", "LL", "LT", "LM", "LO", "M", "MN", "MC", "ME", "N",
            "ND", "NL", "NO", "P", "PC", "PD", "PS", "PE", "PI", "PF", "PO", "S", "SM", "SC", "SK", "SO", "Z", "ZS",
            "ZL", "ZP", "C", "CC", "CF", "CO", "CN");
    private static final Set<String> CASES = Set.of("LU", "LL", "LT");
    /** Oniguruma's \w: not Java's, and six numbers of Latin-1 beside. */
    private static final String WORD = "\\p{IsAlphabetic}\\p{M}\\p{Nd}\\p{Pc}\\xb2\\xb3\\xb9\\xbc-\\xbe";
    /** Java looks behind by characters, not by surrogates, only if the pattern holds one that needs two. */
    private static final String BY_CHARACTERS = "(?!\uDBFF\uDFFF)";
    private static final String SPECIAL = "\\^$.|?*+()[]{}";

    private final String source;
    private final StringBuilder out = new StringBuilder();
    private int at;
    private int depth;
    private int anchors;
    private int groupStart;
    private boolean ignoresCase;

    private PatternTranslation(String source) {
        this.source = source;
    }

    /**
     * @throws IllegalArgumentException if the pattern has a part that is not supported; the message says which, and
     *     where
     */
    static String of(String pattern) {
        if (pattern.length() > MAX_LENGTH) {
            throw new IllegalArgumentException("it has " + pattern.length() + " characters, at most " + MAX_LENGTH
                    + " are supported");
        }
        PatternTranslation translation = new PatternTranslation(pattern);
        translation.alternatives();
        if (translation.at < pattern.length()) {
            throw translation.refused("a ) without a (");
        }
        return translation.out.toString();
    }

    /** Alternatives up to the end or a closing parenthesis; returns whether they may match nothing. */
    private boolean alternatives() {
        boolean ignoredCase = ignoresCase;
        boolean many = false;
        groupStart = at;
        boolean empty = sequence();
        while (next('|')) {
            many = true;
            out.append('|');
            empty |= sequence();
        }
        if (many && empty) {
            throw refused("an alternative that matches nothing");
        }
        ignoresCase = ignoredCase;
        return empty;
    }

    private boolean sequence() {
        int start = at;
        boolean empty = true;
        while (at < source.length() && source.charAt(at) != '|' && source.charAt(at) != ')') {
            empty &= quantified();
        }
        if (at == start) {
            throw refused("an empty group or alternative");
        }
        return empty;
    }

    private boolean quantified() {
        int before = at;
        boolean empty = atom();
        if (at >= source.length() || "?*+{".indexOf(source.charAt(at)) < 0 || !quantifier()) {
            return empty;
        }
        if (empty) {
            throw refused("a repetition of what may match nothing: " + source.substring(before, at));
        }
        String quantifier = out.substring(out.lastIndexOf("\u0000") + 1);
        out.deleteCharAt(out.length() - quantifier.length() - 1);
        return quantifier.charAt(0) == '?' || quantifier.charAt(0) == '*' || quantifier.startsWith("{0");
    }

    /** Writes a quantifier, if one stands here, behind a NUL; a brace that begins none is a character. */
    private boolean quantifier() {
        char c = source.charAt(at);
        if (c != '{') {
            at++;
            out.append('\u0000').append(c);
            if (at < source.length() && "?+".indexOf(source.charAt(at)) >= 0) {
                out.append(source.charAt(at++));
            }
        } else {
            int close = source.indexOf('}', at);
            String inside = close < 0 ? "" : source.substring(at + 1, close);
            if (!inside.matches("\\d{1,9}(,(\\d{1,9})?)?|,\\d{1,9}")) {
                return false;
            }
            at = close + 1;
            out.append('\u0000').append('{').append(repetitions(inside)).append('}');
            if (at < source.length() && "?+".indexOf(source.charAt(at)) >= 0) {
                throw refused("{" + inside + "}" + source.charAt(at));
            }
        }
        if (at < source.length() && ("?*+".indexOf(source.charAt(at)) >= 0
                || source.startsWith("{", at) && source.substring(at).matches("(?s)\\{\\d*,?\\d*\\}.*"))) {
            throw refused("a repetition of a repetition");
        }
        return true;
    }

    private String repetitions(String inside) {
        String text = inside.startsWith(",") ? "0" + inside : inside;
        int least = 0;
        for (String number : text.split(",")) {
            if (Integer.parseInt(number) > MAX_REPETITIONS || Integer.parseInt(number) < least) {
                throw refused("{" + inside + "}, expected at most " + MAX_REPETITIONS + ", the lower number first");
            }
            least = Integer.parseInt(number);
        }
        return text.replaceFirst("^0+(?=\\d)", "");
    }

    /** One character, class or group; returns whether it may match nothing. */
    private boolean atom() {
        char c = source.charAt(at);
        switch (c) {
            case '(' -> {
                return group();
            }
            case '[' -> characterClass();
            case '\\' -> {
                return escape();
            }
            case '^', '$' -> {
                at++;
                anchor(String.valueOf(c));
                return true;
            }
            case '.' -> {
                at++;
                out.append('.');
            }
            case '?', '*', '+' -> throw refused("a repetition of nothing");
            default -> literal(codePoint());
        }
        return false;
    }

    private void anchor(String anchor) {
        if (++anchors > MAX_ANCHORS) {
            throw refused("more than " + MAX_ANCHORS + " anchors");
        }
        out.append(anchor);
    }

    private boolean group() {
        if (++depth > MAX_DEPTH) {
            throw refused("groups nested more than " + MAX_DEPTH + " deep");
        }
        boolean ignoredCase = ignoresCase;
        boolean looksAround = false;
        String open = "(?:";
        at++;
        if (next('?')) {
            int close = at;
            while (close < source.length() && ":=!>)".indexOf(source.charAt(close)) < 0) {
                close++;
            }
            String kind = source.substring(at, Math.min(source.length(), close + 1));
            at = Math.min(source.length(), close + 1);
            switch (kind) {
                case ":", "=", "!", ">", "<=", "<!" -> open = "(?" + kind;
                case "i:", "-i:" -> {
                    ignoresCase = kind.equals("i:");
                    open = ignoresCase ? "(?iu:" : "(?-iu:";
                }
                case "i)", "-i)" -> {
                    if (groupStart != at - kind.length() - 2) { // alternatives that follow are part of it only in Java
                        throw refused("(?" + kind + " that does not begin its group");
                    }
                    ignoresCase = kind.equals("i)");
                    out.append(ignoresCase ? "(?iu)" : "(?-iu)");
                    depth--;
                    return true;
                }
                default -> {
                    if (!kind.matches("<[A-Za-z_]\\w*>")) {
                        throw refused("(?" + kind);
                    }
                }
            }
            looksAround = !kind.isEmpty() && (kind.equals("=") || kind.equals("!") || kind.startsWith("<=")
                    || kind.startsWith("<!"));
        }
        boolean behind = open.startsWith("(?<");
        out.append(open).append(behind ? BY_CHARACTERS + "(?:" : "");
        boolean empty = alternatives();
        if (!next(')')) {
            throw refused("a ( without a )");
        }
        if (looksAround && empty) {
            throw refused("a look ahead or behind that matches nothing");
        }
        out.append(behind ? "))" : ")");
        ignoresCase = ignoredCase;
        depth--;
        return empty || looksAround;
    }

    private boolean escape() {
        at++;
        if (at >= source.length()) {
            throw refused("a \\ at its end");
        }
        char c = source.charAt(at);
        if (c == 'A' || c == 'z') {
            at++;
            anchor("\\" + c);
            return true;
        }
        if (c == 'b' || c == 'B') {
            at++;
            anchor("");
            String ahead = "[" + WORD + "])";
            String behind = BY_CHARACTERS + ahead;
            out.append(c == 'b' ? "(?:(?<=" + behind + "(?!" + ahead + "|(?<!" + behind + "(?=" + ahead + ")"
                    : "(?:(?<=" + behind + "(?=" + ahead + "|(?<!" + behind + "(?!" + ahead + ")");
            return true;
        }
        escapedSet(false);
        return false;
    }

    /** A set like \s or \p{L}, or a character, behind a backslash. */
    private void escapedSet(boolean inClass) {
        char c = source.charAt(at);
        switch (c) {
            case 's', 'S', 'd', 'D' -> out.append('\\').append(c);
            case 'w' -> out.append(inClass ? WORD : "[" + WORD + "]");
            case 'W' -> {
                if (inClass) {
                    throw refused("\\W inside of [ ]");
                }
                out.append("[^").append(WORD).append(']');
            }
            case 'p', 'P' -> {
                property(c == 'P');
                return;
            }
            default -> {
                literal(escapedCharacter());
                return;
            }
        }
        at++;
    }

    private void property(boolean negated) {
        int close = source.indexOf('}', at);
        if (!source.startsWith("{", at + 1) || close < 0) {
            throw refused("\\p without a name in braces");
        }
        String name = source.substring(at + 2, close);
        boolean caret = name.startsWith("^");
        String key = name.replaceAll("[\\^_\\- ]", "").toUpperCase(Locale.ROOT);
        at = close + 1;
        if (ignoresCase && CASES.contains(key)) {
            throw refused("\\p{" + name + "} without regard to case");
        }
        String java = key;
        if (!CATEGORIES.contains(key)) {
            try {
                Character.UnicodeScript.forName(name.replaceAll("[\\^ ]", ""));
            } catch (IllegalArgumentException e) {
                throw refused("\\p{" + name + "}, expected a general category or a script");
            }
            java = "Is" + name.replaceAll("[\\^ ]", "");
        } else if (key.length() == 2) {
            java = key.charAt(0) + key.substring(1).toLowerCase(Locale.ROOT);
        }
        out.append(negated != caret ? "\\P{" : "\\p{").append(java).append('}');
    }

    private int escapedCharacter() {
        int c = codePoint();
        switch (c) {
            case 't': return '\t';
            case 'n': return '\n';
            case 'r': return '\r';
            case 'f': return '\f';
            case 'v': return 0x0B;
            case 'a': return 0x07;
            case 'e': return 0x1B;
            case 'u': return hex(4, 4);
            case 'x':
                if (next('{')) {
                    int value = hex(1, 6);
                    if (!next('}')) {
                        throw refused("\\x{ without a }");
                    }
                    return value;
                }
                int value = hex(1, 2);
                if (value > 0x7F) {
                    throw refused("a byte of a character");
                }
                return value;
            default:
                if (c < 0x80 && Character.isLetterOrDigit(c)) {
                    throw refused("\\" + (char) c);
                }
                return c;
        }
    }

    private int hex(int least, int most) {
        int start = at;
        while (at < source.length() && at - start < most && Character.digit(source.charAt(at), 16) >= 0
                && source.charAt(at) < 0x80) {
            at++;
        }
        int value = at - start < least ? -1 : Integer.parseInt(source.substring(start, at), 16);
        if (value < 0 || value > Character.MAX_CODE_POINT || value >= 0xD800 && value < 0xE000) {
            throw refused("a \\x or \\u that is no character");
        }
        return value;
    }

    private void characterClass() {
        at++;
        out.append('[');
        if (next('^')) {
            out.append('^');
        }
        int start = at;
        while (true) {
            if (at >= source.length()) {
                throw refused("a [ without a ]");
            }
            char c = source.charAt(at);
            if (c == ']' && at > start) {
                at++;
                break;
            }
            if (c == '[' || c == ']' || source.startsWith("&&", at)) {
                throw refused("'" + c + "' inside of [ ], expected it behind a \\");
            }
            range();
        }
        out.append(']');
    }

    /** One member of a class: a set, a character, or two characters and all between. */
    private void range() {
        IntPredicate set = c -> "sSdDwWpP".indexOf(c) >= 0;
        if (source.charAt(at) == '\\' && at + 1 < source.length() && set.test(source.charAt(at + 1))) {
            at++;
            escapedSet(true);
            return;
        }
        int low = member();
        if (!source.startsWith("-", at) || source.startsWith("-]", at) || at + 1 >= source.length()) {
            literal(low);
            return;
        }
        at++;
        if (source.charAt(at) == '[' || source.charAt(at) == '\\' && at + 1 < source.length()
                && set.test(source.charAt(at + 1))) {
            throw refused("a range up to a set");
        }
        int high = member();
        if (high < low) {
            throw refused("a range whose end is before its beginning");
        }
        literal(low);
        out.append('-');
        literal(high);
    }

    private int member() {
        if (source.charAt(at) != '\\') {
            return codePoint();
        }
        at++;
        if (at >= source.length()) {
            throw refused("a \\ at its end");
        }
        return escapedCharacter();
    }

    private int codePoint() {
        int c = source.codePointAt(at);
        at += Character.charCount(c);
        return c;
    }

    private void literal(int c) {
        if (c > ' ' && c < 0x7F && (Character.isLetterOrDigit(c) || SPECIAL.indexOf(c) < 0 && "-&~^#".indexOf(c) < 0)) {
            out.append((char) c);
        } else {
            out.append("\\x{").append(Integer.toHexString(c)).append('}');
        }
    }

    private boolean next(char c) {
        if (at < source.length() && source.charAt(at) == c) {
            at++;
            return true;
        }
        return false;
    }

    private IllegalArgumentException refused(String what) {
        return new IllegalArgumentException(what + " (before character " + at + ") is not supported");
    }
}
