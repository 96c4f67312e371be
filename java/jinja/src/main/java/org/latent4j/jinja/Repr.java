package org.latent4j.jinja;

import java.util.Iterator;
import java.util.List;

/** Python's repr(). */
final class Repr {
    private Repr() {}

    static String of(Object value, Budget budget) {
        TextBuilder out = new TextBuilder(budget);
        write(value, out, 0, budget);
        return out.toString();
    }

    static void write(Object value, TextBuilder out, int depth, Budget budget) {
        Budget.checkDepth(depth);
        budget.step(1);
        if (value == null) {
            out.append("None");
        } else if (value instanceof String text) {
            out.append(quoted(text, budget));
        } else if (Numbers.is(value)) {
            budget.step(Numbers.cost(value));
            out.append(Numbers.text(value));
        } else if (value instanceof List<?> list) {
            items("[", list.iterator(), "]", out, depth, budget);
        } else if (value instanceof Tuple tuple) {
            items("(", tuple.items().iterator(), tuple.items().size() == 1 ? ",)" : ")", out, depth, budget);
        } else if (value instanceof Dict dict) {
            dict(dict, out, depth, budget);
        } else if (value instanceof Namespace namespace) {
            out.append("<Namespace ");
            dict(namespace.attributes, out, depth + 1, budget);
            out.append(">");
        } else if (value instanceof Iteration iteration && iteration.view() != null) {
            items(iteration.kind() + "([", iteration.iterator(), "])", out, depth, budget);
        } else if (value instanceof Range range) {
            out.append("range(" + range.start() + ", " + range.end() + (range.step() == 1 ? "" : ", " + range.step())
                    + ")");
        } else if (value instanceof Undefined) {
            out.append("Undefined");
        } else {
            out.append(value instanceof Macro macro ? "<Macro " + macro.shown(budget) + ">"
                    : value instanceof Loop loop ? loop.shown() : "<" + Values.type(value) + ">");
        }
    }

    private static void items(String open, Iterator<?> items, String close, TextBuilder out, int depth, Budget budget) {
        out.append(open);
        for (boolean first = true; items.hasNext(); first = false) {
            out.append(first ? "" : ", ");
            write(items.next(), out, depth + 1, budget);
        }
        out.append(close);
    }

    private static void dict(Dict dict, TextBuilder out, int depth, Budget budget) {
        out.append("{");
        String separator = "";
        for (Object item : dict.items(budget)) {
            out.append(separator);
            separator = ", ";
            write(((Tuple) item).items().get(0), out, depth + 1, budget);
            out.append(": ");
            write(((Tuple) item).items().get(1), out, depth + 1, budget);
        }
        out.append("}");
    }

    private static String quoted(String text, Budget budget) {
        budget.text(text.length());
        char quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
        StringBuilder out = new StringBuilder().append(quote);
        text.codePoints().forEach(c -> {
            if (c == quote || c == '\\') {
                out.append('\\').append((char) c);
            } else if (c == '\n' || c == '\r' || c == '\t') {
                out.append(c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t");
            } else if (isPrintable(c)) {
                out.appendCodePoint(c);
            } else {
                out.append(String.format(c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x", c));
            }
        });
        return out.append(quote).toString();
    }

    private static boolean isPrintable(int c) {
        int type = Character.getType(c);
        return c == ' ' || type != Character.CONTROL && type != Character.FORMAT && type != Character.SURROGATE
                && type != Character.PRIVATE_USE && type != Character.UNASSIGNED && type != Character.SPACE_SEPARATOR
                && type != Character.LINE_SEPARATOR && type != Character.PARAGRAPH_SEPARATOR;
    }
}
