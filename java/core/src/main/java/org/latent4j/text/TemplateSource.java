package org.latent4j.text;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * A chat template taken apart: every expression and every stretch of text goes into a numbered table, and what remains
 * is the bare structure (if, for, set, macro), which Jinjava runs. Whitespace is trimmed on the way as Jinja2 does it
 * with trim_blocks and lstrip_blocks, the settings transformers renders with.
 */
final class TemplateSource {
    /** What the place of an expression makes of its value. */
    enum Use { OUTPUT, TEST, ITEMS, VALUE }

    record Entry(TemplateExpression expression, Use use, int line) {}

    private static final Set<String> PLAIN = Set.of("else", "endif", "endfor", "endset", "endmacro", "break",
            "continue");
    private static final Set<String> DROPPED = Set.of("generation", "endgeneration");

    private final String source;
    private final StringBuilder structure = new StringBuilder();
    private final List<Entry> entries = new ArrayList<>();
    private int line = 1;

    private TemplateSource(String source) {
        String unix = source.replace("\r\n", "\n").replace('\r', '\n');
        this.source = unix.endsWith("\n") ? unix.substring(0, unix.length() - 1) : unix;
    }

    /** Throws TemplateError whose text begins with the line. */
    static TemplateSource parse(String template) {
        TemplateSource source = new TemplateSource(template);
        try {
            source.scan();
        } catch (TemplateError e) {
            throw new TemplateError("line " + source.line + ": " + e.getMessage());
        }
        return source;
    }

    /** Jinjava's template; the name eN stands for entry N. */
    String structure() {
        return structure.toString();
    }

    List<Entry> entries() {
        return entries;
    }

    private void scan() {
        int at = 0;
        boolean trimAll = false;     // the tag before ended in -%}
        boolean trimNewline = false; // the tag before was a block or comment
        while (at < source.length()) {
            int open = nextTag(at);
            String text = source.substring(at, open);
            boolean last = open == source.length();
            char kind = last ? ' ' : source.charAt(open + 1);
            char sign = last || open + 2 >= source.length() ? ' ' : source.charAt(open + 2);
            boolean lstrip = kind != '{' && kind != ' ' && sign != '+';
            constant(trimmed(text, at == 0, trimAll, trimNewline, sign == '-', lstrip));
            line += newlines(text);
            if (last) {
                return;
            }
            int close = end(open, kind);
            char before = source.charAt(close - 1);
            boolean signed = sign == '-' || sign == '+';
            trimAll = before == '-' && close - 1 > open + 2;
            boolean keep = before == '+' && kind != '{' && close - 1 > open + 2;
            trimNewline = kind != '{' && !keep;
            String inner = source.substring(open + 2 + (signed ? 1 : 0), trimAll || keep ? close - 1 : close);
            at = close + 2;
            if (kind == '{') {
                structure.append("{{ ").append(entry(inner, Use.OUTPUT)).append(" }}");
            } else if (kind == '%' && inner.strip().equals("raw")) {
                at = raw(at, trimAll);
                trimAll = false;
            } else if (kind == '%') {
                tag(inner.strip());
            }
            line += newlines(source.substring(open, Math.min(at, source.length())));
        }
    }

    /** Text between two tags, as the marks on both and its place in its line leave it. */
    private static String trimmed(String text, boolean first, boolean trimAll, boolean trimNewline, boolean rstrip,
            boolean lstrip) {
        String kept = text;
        if (trimAll) {
            kept = kept.stripLeading();
        } else if (trimNewline && kept.startsWith("\n")) {
            kept = kept.substring(1);
        }
        if (rstrip) {
            return kept.stripTrailing();
        }
        int lineBegin = text.lastIndexOf('\n') + 1;
        boolean fromLineBegin = lineBegin > 0 || first;
        // blanks between a line's beginning and a block
        if (lstrip && fromLineBegin && text.substring(lineBegin).isBlank()) {
            return kept.substring(0, Math.max(0, kept.length() - (text.length() - lineBegin)));
        }
        return kept;
    }

    private void constant(String text) {
        if (!text.isEmpty()) {
            structure.append("{{ ").append(add(scope -> text, Use.OUTPUT)).append(" }}");
        }
    }

    private int raw(int begin, boolean trimAll) {
        int open = source.indexOf("{%", begin);
        while (open >= 0) {
            int close = source.indexOf("%}", open);
            String inner = close < 0 ? "" : source.substring(open + 2, close);
            if (inner.replaceAll("^[-+]|[-+]$", "").strip().equals("endraw")) {
                constant(trimmed(source.substring(begin, open), false, trimAll, !trimAll, inner.startsWith("-"),
                        !inner.startsWith("+")));
                return close + 2;
            }
            open = source.indexOf("{%", open + 2);
        }
        throw new TemplateError("raw is not closed");
    }

    private void tag(String inner) {
        int space = 0;
        while (space < inner.length() && Character.isLetter(inner.charAt(space))) {
            space++;
        }
        String name = inner.substring(0, space);
        String rest = inner.substring(space).strip();
        if (PLAIN.contains(name)) {
            structure.append("{% ").append(name).append(" %}");
        } else if (name.equals("if") || name.equals("elif")) {
            structure.append("{% ").append(name).append(' ').append(entry(rest, Use.TEST)).append(" %}");
        } else if (name.equals("for")) {
            loop(rest);
        } else if (name.equals("set")) {
            int equals = outside(rest, "=");
            structure.append("{% set ").append(equals < 0 ? rest : rest.substring(0, equals).strip() + " = "
                    + assigned(rest.substring(0, equals), rest.substring(equals + 1))).append(" %}");
        } else if (name.equals("macro")) {
            macro(rest);
        } else if (name.equals("do")) {
            TemplateExpression done = TemplateParser.parse(rest);
            structure.append("{{ ").append(add(scope -> {
                done.value(scope);
                return "";
            }, Use.OUTPUT)).append(" }}");
        } else if (!DROPPED.contains(name)) {
            throw new TemplateError("the tag '" + (name.isEmpty() ? inner : name) + "' is not supported");
        }
    }

    private String assigned(String names, String values) {
        int count = names.split(",").length;
        if (count == 1) {
            return entry(values, Use.VALUE);
        }
        TemplateExpression tuple = TemplateParser.parse(values);
        List<String> parts = new ArrayList<>();
        for (long i = 0; i < count; i++) {
            long index = i;
            parts.add(add(scope -> TemplateObjects.item(tuple.value(scope), index), Use.VALUE));
        }
        return String.join(", ", parts);
    }

    private void loop(String rest) {
        int in = outside(rest, "in");
        if (in < 0) {
            throw new TemplateError("'for " + rest + "' has no 'in'");
        }
        String names = rest.substring(0, in).strip().replaceAll("[()]", "");
        String sequence = rest.substring(in + 2);
        if (outside(sequence, "recursive") >= 0) {
            throw new TemplateError("recursive loops are not supported");
        }
        int condition = outside(sequence, "if");
        String items;
        if (condition >= 0 && outside(sequence, "else") < 0) {
            TemplateExpression all = TemplateParser.parse(sequence.substring(0, condition));
            TemplateExpression test = TemplateParser.parse(sequence.substring(condition + 2));
            items = add(new FilteredItems(all, List.of(names.split("\\s*,\\s*")), test), Use.ITEMS);
        } else {
            items = entry(sequence, Use.ITEMS);
        }
        structure.append("{% for ").append(names).append(" in ").append(items).append(" %}");
    }

    private void macro(String rest) {
        int open = rest.indexOf('(');
        int close = rest.lastIndexOf(')');
        if (open < 0 || close < open) {
            throw new TemplateError("'macro " + rest + "' has no parameter list");
        }
        List<String> parameters = new ArrayList<>();
        String list = rest.substring(open + 1, close);
        while (!list.isBlank()) {
            int comma = outside(list, ",");
            String parameter = comma < 0 ? list : list.substring(0, comma);
            list = comma < 0 ? "" : list.substring(comma + 1);
            int equals = outside(parameter, "=");
            parameters.add(equals < 0 ? parameter.strip()
                    : parameter.substring(0, equals).strip() + "=" + entry(parameter.substring(equals + 1), Use.VALUE));
        }
        structure.append("{% macro ").append(rest, 0, open).append('(').append(String.join(", ", parameters))
                .append(") %}");
    }

    private String entry(String expression, Use use) {
        return add(TemplateParser.parse(expression), use);
    }

    private String add(TemplateExpression expression, Use use) {
        entries.add(new Entry(expression, use, line));
        return "e" + (entries.size() - 1);
    }

    private int nextTag(int from) {
        for (int i = source.indexOf('{', from); i >= 0 && i + 1 < source.length(); i = source.indexOf('{', i + 1)) {
            if ("{%#".indexOf(source.charAt(i + 1)) >= 0) {
                return i;
            }
        }
        return source.length();
    }

    /** Index of the closing mark of the tag that begins at `open`. */
    private int end(int open, char kind) {
        if (kind == '#') {
            int close = source.indexOf("#}", open + 2);
            if (close >= 0) {
                return close;
            }
        }
        int depth = 0;
        for (int i = open + 2; kind != '#' && i + 1 < source.length(); i++) {
            char c = source.charAt(i);
            if (c == '\'' || c == '"') {
                i = TemplateLexer.endOfString(source, i) - 1;
            } else if (depth == 0 && source.charAt(i + 1) == '}' && c == (kind == '{' ? '}' : '%')) {
                return i;
            } else {
                depth += c == '{' ? 1 : c == '}' ? -1 : 0;
            }
        }
        throw new TemplateError("{" + kind + " is not closed");
    }

    /**
     * Where a word or sign stands outside of strings and brackets, or -1; "=" is not a part of "==", "!=", "<=", ">=".
     */
    private static int outside(String text, String sought) {
        int depth = 0;
        boolean word = Character.isLetter(sought.charAt(0));
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\'' || c == '"') {
                i = TemplateLexer.endOfString(text, i) - 1;
                continue;
            }
            depth += "([{".indexOf(c) >= 0 ? 1 : ")]}".indexOf(c) >= 0 ? -1 : 0;
            if (depth == 0 && text.startsWith(sought, i)) {
                char before = i == 0 ? ' ' : text.charAt(i - 1);
                char after = i + sought.length() == text.length() ? ' ' : text.charAt(i + sought.length());
                if (word ? !Character.isJavaIdentifierPart(before) && !Character.isJavaIdentifierPart(after)
                        : !sought.equals("=") || "=!<>".indexOf(before) < 0 && after != '=') {
                    return i;
                }
            }
        }
        return -1;
    }

    private static int newlines(String text) {
        return (int) text.chars().filter(c -> c == '\n').count();
    }
}
