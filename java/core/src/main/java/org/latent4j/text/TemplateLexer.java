package org.latent4j.text;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Cuts one Jinja expression into tokens. */
final class TemplateLexer {
    enum Kind { NAME, NUMBER, STRING, OPERATOR, END }

    /** value: the String of a string, the Long or Double of a number; text: as written. */
    record Token(Kind kind, String text, Object value) {
        boolean is(String operatorOrName) {
            return kind != Kind.STRING && text.equals(operatorOrName);
        }
    }

    private static final Set<String> PAIRS = Set.of("**", "//", "==", "!=", "<=", ">=");
    private static final String SINGLE = "+-*/%~|()[]{},:.=<>";

    private TemplateLexer() {}

    static List<Token> tokens(String source) {
        List<Token> tokens = new ArrayList<>();
        int at = 0;
        while (at < source.length()) {
            char c = source.charAt(at);
            int end = at + 1;
            if (Character.isWhitespace(c)) {
                at++;
                continue;
            } else if (c == '\'' || c == '"') {
                end = endOfString(source, at);
                tokens.add(new Token(Kind.STRING, source.substring(at, end),
                        unescape(source.substring(at + 1, end - 1))));
            } else if (Character.isDigit(c)) {
                while (end < source.length() && (Character.isLetterOrDigit(source.charAt(end))
                        || source.charAt(end) == '_'
                        || source.charAt(end) == '.' && end + 1 < source.length()
                        && Character.isDigit(source.charAt(end + 1)))) {
                    end++;
                }
                tokens.add(number(source.substring(at, end)));
            } else if (Character.isJavaIdentifierStart(c)) {
                while (end < source.length() && Character.isJavaIdentifierPart(source.charAt(end))) {
                    end++;
                }
                tokens.add(new Token(Kind.NAME, source.substring(at, end), null));
            } else {
                if (end < source.length() && PAIRS.contains(source.substring(at, end + 1))) {
                    end++;
                } else if (SINGLE.indexOf(c) < 0) {
                    throw new TemplateError("unexpected '" + c + "' in '" + source.strip() + "'");
                }
                tokens.add(new Token(Kind.OPERATOR, source.substring(at, end), null));
            }
            at = end;
        }
        tokens.add(new Token(Kind.END, "", null));
        return tokens;
    }

    /** Index after the closing quote of the string that begins at `begin`. */
    static int endOfString(String source, int begin) {
        for (int i = begin + 1; i < source.length(); i++) {
            if (source.charAt(i) == '\\') {
                i++;
            } else if (source.charAt(i) == source.charAt(begin)) {
                return i + 1;
            }
        }
        throw new TemplateError("a string is not closed: " + source.substring(begin).strip());
    }

    private static Token number(String text) {
        try {
            String plain = text.replace("_", "");
            boolean whole = plain.chars().allMatch(Character::isDigit);
            return new Token(Kind.NUMBER, text, whole ? (Object) Long.valueOf(plain) : (Object) Double.valueOf(plain));
        } catch (NumberFormatException e) {
            throw new TemplateError("'" + text + "' is not a number");
        }
    }

    private static String unescape(String s) {
        if (s.indexOf('\\') < 0) {
            return s;
        }
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < s.length(); i++) {
            char c = s.charAt(i);
            if (c != '\\' || i + 1 == s.length()) {
                out.append(c);
                continue;
            }
            char next = s.charAt(++i);
            switch (next) {
                case 'n' -> out.append('\n');
                case 't' -> out.append('\t');
                case 'r' -> out.append('\r');
                case 'b' -> out.append('\b');
                case 'f' -> out.append('\f');
                case '0' -> out.append('\0');
                case '\\', '\'', '"' -> out.append(next);
                case '\n' -> { }
                case 'x', 'u', 'U' -> {
                    int digits = next == 'x' ? 2 : next == 'u' ? 4 : 8;
                    if (i + digits >= s.length()) {
                        throw new TemplateError("a character code is cut short: \\" + s.substring(i));
                    }
                    out.appendCodePoint(Integer.parseInt(s.substring(i + 1, i + 1 + digits), 16));
                    i += digits;
                }
                default -> out.append('\\').append(next);
            }
        }
        return out.toString();
    }
}
