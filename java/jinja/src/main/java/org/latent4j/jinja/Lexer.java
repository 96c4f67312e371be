package org.latent4j.jinja;

import java.math.BigInteger;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** Cuts a template into tokens as Jinja2's lexer does with trim_blocks and lstrip_blocks. */
final class Lexer {
    private static final List<String> TWO = List.of("//", "**", "==", "!=", ">=", "<=");
    private static final String ONE = "+-/*%~[](){}><=.:|,;";

    private final String source;
    private final List<Token> tokens = new ArrayList<>();
    private int at;
    private int line = 1;
    private boolean lineStarting = true;

    private Lexer(String source) {
        this.source = source;
    }

    static List<Token> tokens(String template) {
        if (template.length() > Limits.TEMPLATE_CHARACTERS) {
            throw new TemplateException("has " + template.length() + " characters, at most "
                    + Limits.TEMPLATE_CHARACTERS + " are read");
        }
        String text = template.replace("\r\n", "\n").replace('\r', '\n');
        Lexer lexer = new Lexer(text.endsWith("\n") ? text.substring(0, text.length() - 1) : text);
        lexer.root();
        lexer.add("eof", null);
        return lexer.tokens;
    }

    private void root() {
        while (at < source.length()) {
            int begin = begin();
            if (begin < 0) {
                data(source.substring(at));
                return;
            }
            char kind = source.charAt(begin + 1);
            char sign = begin + 2 < source.length() ? source.charAt(begin + 2) : ' ';
            boolean signed = sign == '-' || sign == '+';
            data(before(source.substring(at, begin), signed ? sign : ' ', kind != '{'));
            advance(begin);
            int inside = begin + (signed ? 3 : 2);
            int raw = kind == '%' ? rawBegin(inside) : -1;
            if (raw >= 0) {
                advance(raw);
                raw();
            } else if (kind == '#') {
                advance(inside);
                comment();
            } else {
                advance(inside);
                code(kind == '%');
            }
            lineStarting = source.charAt(at - 1) == '\n';
        }
    }

    private int begin() {
        for (int i = source.indexOf('{', at); i >= 0; i = source.indexOf('{', i + 1)) {
            if (i + 1 < source.length() && "{%#".indexOf(source.charAt(i + 1)) >= 0) {
                return i;
            }
        }
        return -1;
    }

    private String before(String text, char sign, boolean stripsLine) {
        if (sign == '-') {
            return Characters.stripEnd(text);
        }
        int start = text.lastIndexOf('\n') + 1;
        boolean strip = sign != '+' && stripsLine && (start > 0 || lineStarting)
                && Characters.stripEnd(text.substring(start)).isEmpty();
        return strip ? text.substring(0, start) : text;
    }

    private void data(String text) {
        if (!text.isEmpty()) {
            add("data", text);
        }
    }

    private int rawBegin(int from) {
        int i = skipSpace(from);
        if (!source.startsWith("raw", i)) {
            return -1;
        }
        i = skipSpace(i + 3);
        return source.startsWith("-%}", i) ? skipSpace(i + 3) : source.startsWith("%}", i) ? i + 2 : -1;
    }

    private void raw() {
        int from = at;
        for (int i = source.indexOf("{%", at); i >= 0; i = source.indexOf("{%", i + 1)) {
            char sign = i + 2 < source.length() ? source.charAt(i + 2) : ' ';
            boolean signed = sign == '-' || sign == '+';
            int word = skipSpace(i + (signed ? 3 : 2));
            int end = source.startsWith("endraw", word) ? end(skipSpace(word + 6), "%}", true) : -1;
            if (end >= 0) {
                lineStarting = from > 0 && source.charAt(from - 1) == '\n';
                data(before(source.substring(from, i), signed ? sign : ' ', true));
                advance(end);
                return;
            }
        }
        throw error("'{% raw %}' without '{% endraw %}'");
    }

    private void comment() {
        int close = source.indexOf("#}", at);
        if (close < 0) {
            throw error("'{#' without '#}'");
        }
        char sign = close > at ? source.charAt(close - 1) : ' ';
        advance(end(sign == '-' || sign == '+' ? close - 1 : close, "#}", true));
    }

    /** Where a tag's end at i stops, with what it swallows; -1 if there is none. */
    private int end(int i, String close, boolean trims) {
        if (source.startsWith("-" + close, i)) {
            return skipSpace(i + 3);
        }
        if (trims && source.startsWith("+" + close, i)) {
            return i + 3;
        }
        if (!source.startsWith(close, i)) {
            return -1;
        }
        return trims && source.startsWith("\n", i + 2) ? i + 3 : i + 2;
    }

    private void code(boolean block) {
        String name = block ? "block" : "variable";
        add(name + "_begin", null);
        Deque<Character> open = new ArrayDeque<>();
        while (at < source.length()) {
            int end = open.isEmpty() ? end(at, block ? "%}" : "}}", block) : -1;
            if (end >= 0) {
                add(name + "_end", null);
                advance(end);
                return;
            }
            char c = source.charAt(at);
            if (Characters.isSpace(c)) {
                advance(skipSpace(at));
            } else if (c >= '0' && c <= '9') {
                number();
            } else if (c == '\'' || c == '"') {
                string(c);
            } else if (c == '_' || Character.isUnicodeIdentifierStart(source.codePointAt(at))) {
                name();
            } else {
                operator(c, open);
            }
        }
        throw error("'" + (block ? "{%" : "{{") + "' is not closed");
    }

    private void operator(char c, Deque<Character> open) {
        String two = source.substring(at, Math.min(at + 2, source.length()));
        String text = TWO.contains(two) ? two : String.valueOf(c);
        if (text.length() == 1 && ONE.indexOf(c) < 0) {
            throw error("unexpected character '" + Character.toString(source.codePointAt(at)) + "'");
        }
        if (c == '(' || c == '[' || c == '{') {
            open.push(c == '(' ? ')' : c == '[' ? ']' : '}');
        } else if ((c == ')' || c == ']' || c == '}') && (open.isEmpty() || open.pop() != c)) {
            throw error("unexpected '" + c + "'");
        }
        add(text, null);
        at += text.length();
    }

    private void name() {
        int i = at;
        while (i < source.length() && Character.isUnicodeIdentifierPart(source.codePointAt(i))
                && !Character.isIdentifierIgnorable(source.codePointAt(i))) {
            i += Character.charCount(source.codePointAt(i));
        }
        add("name", source.substring(at, i));
        at = i;
    }

    private int digits(int from, int radix) {
        int i = from;
        while (i < source.length() && (Character.digit(source.charAt(i), radix) >= 0 && source.charAt(i) < 128
                || source.charAt(i) == '_' && i > from && i + 1 < source.length() && source.charAt(i + 1) < 128
                && Character.digit(source.charAt(i + 1), radix) >= 0)) {
            i++;
        }
        return i;
    }

    private void number() {
        int whole = digits(at, 10);
        int end = whole;
        if (source.startsWith(".", end) && digits(end + 1, 10) > end + 1) {
            end = digits(end + 1, 10);
        }
        if (end < source.length() && (source.charAt(end) | 32) == 'e') {
            int sign = end + 1 < source.length() && "+-".indexOf(source.charAt(end + 1)) >= 0 ? end + 2 : end + 1;
            end = digits(sign, 10) > sign ? digits(sign, 10) : end;
        }
        boolean afterDot = at > 0 && source.charAt(at - 1) == '.';
        if (end > whole && !afterDot) {
            add("float", Double.valueOf(source.substring(at, end).replace("_", "")));
            at = end;
            return;
        }
        integer(whole);
    }

    private void integer(int whole) {
        boolean prefixed = at + 1 < source.length() && source.charAt(at) == '0';
        char prefix = prefixed ? Character.toLowerCase(source.charAt(at + 1)) : ' ';
        int radix = prefix == 'x' ? 16 : prefix == 'o' ? 8 : prefix == 'b' ? 2 : 10;
        int from = radix == 10 ? at : source.startsWith("_", at + 2) ? at + 3 : at + 2;
        int end = radix == 10 ? whole : digits(from, radix);
        if (end == from) {
            throw error("'" + source.substring(at, from) + "' is no number");
        }
        if (radix == 10 && source.charAt(at) == '0') { // as in Jinja2, 01 is two numbers
            end = at + 1;
            while (end < whole && "0_".indexOf(source.charAt(end)) >= 0) {
                end++;
            }
        }
        String text = source.substring(from, end).replace("_", "");
        if (text.length() > Limits.INTEGER_BITS / 4) {
            throw error("an integer of " + text.length() + " digits");
        }
        add("integer", Numbers.of(new BigInteger(text, radix)));
        at = end;
    }

    private void string(char quote) {
        int i = at + 1;
        while (i < source.length() && source.charAt(i) != quote) {
            i += source.charAt(i) == '\\' ? 2 : 1;
        }
        if (i >= source.length()) {
            throw error("a text is not closed");
        }
        add("string", unescaped(source.substring(at + 1, i)));
        advance(i + 1);
    }

    private String unescaped(String text) {
        if (text.indexOf('\\') < 0) {
            return text;
        }
        StringBuilder out = new StringBuilder();
        int i = 0;
        while (i < text.length()) {
            char c = text.charAt(i++);
            if (c != '\\') {
                out.append(c);
                continue;
            }
            char e = text.charAt(i++);
            int simple = "\\'\"abfnrtv".indexOf(e);
            if (simple >= 0) {
                out.append("\\'\"\u0007\b\f\n\r\t\u000b".charAt(simple));
            } else if (e >= '0' && e <= '7') {
                int end = i;
                while (end < text.length() && end < i + 2 && text.charAt(end) >= '0' && text.charAt(end) <= '7') {
                    end++;
                }
                out.append((char) Integer.parseInt(text.substring(i - 1, end), 8));
                i = end;
            } else if (e == 'x' || e == 'u' || e == 'U') {
                int length = e == 'x' ? 2 : e == 'u' ? 4 : 8;
                out.appendCodePoint(hex(text, i, length));
                i += length;
            } else if (e == 'N') {
                i = named(text, i, out);
            } else if (e != '\n') {
                out.append('\\').append(e);
            }
        }
        return out.toString();
    }

    private int hex(String text, int from, int length) {
        int value = 0;
        for (int i = from; i < from + length; i++) {
            int digit = i < text.length() ? Character.digit(text.charAt(i), 16) : -1;
            if (digit < 0 || value > 0x10ffff) {
                value = -1;
                break;
            }
            value = value * 16 + digit;
        }
        if (value < 0 || value > 0x10ffff) {
            throw error("the escape '" + text.substring(from - 2, Math.min(from + length, text.length()))
                    + "' needs " + length + " hexadecimal digits of a character");
        }
        return value;
    }

    private int named(String text, int from, StringBuilder out) {
        int close = text.indexOf('}', from);
        if (!text.startsWith("{", from) || close < 0) {
            throw error("the escape '\\N' needs a character's name in braces");
        }
        try {
            out.appendCodePoint(Character.codePointOf(text.substring(from + 1, close)));
        } catch (IllegalArgumentException e) {
            throw error("the escape '\\N" + text.substring(from, close + 1) + "' names no character");
        }
        return close + 1;
    }

    private int skipSpace(int from) {
        int i = from;
        while (i < source.length() && Characters.isSpace(source.charAt(i))) {
            i++;
        }
        return i;
    }

    private void advance(int to) {
        for (; at < to; at++) {
            if (source.charAt(at) == '\n') {
                line++;
            }
        }
    }

    private void add(String type, Object value) {
        tokens.add(new Token(type, value, line));
    }

    private TemplateException error(String message) {
        return new TemplateException(line, message);
    }
}
