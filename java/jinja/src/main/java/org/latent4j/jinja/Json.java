package org.latent4j.jinja;

import java.util.Iterator;
import java.util.List;
import java.util.function.Consumer;

/** Python's json.dumps, with transformers' settings where a template gives none. */
final class Json {
    private final TextBuilder out;
    private final Budget budget;
    private final boolean ascii;
    private final boolean sorted;
    private final String indent; // null: on one line
    private final String itemSeparator;
    private final String keySeparator;

    private Json(Arguments.Bound given, Budget budget) {
        this.budget = budget;
        this.out = new TextBuilder(budget);
        this.ascii = given.truth(0);
        this.sorted = given.truth(3);
        Object by = given.get(1, null);
        if (by == null || by instanceof String) {
            this.indent = (String) by;
        } else {
            int width = Math.max(0, Numbers.clamped(by, "tojson"));
            budget.text(width);
            this.indent = " ".repeat(width);
        }
        Object separators = given.get(2, null);
        if (separators != null) {
            List<Object> both = Values.list(separators, budget);
            if (both.size() != 2 || !(both.get(0) instanceof String) || !(both.get(1) instanceof String)) {
                throw new TemplateException("tojson() expects two texts as separators");
            }
            itemSeparator = (String) both.get(0);
            keySeparator = (String) both.get(1);
        } else {
            itemSeparator = indent == null ? ", " : ",";
            keySeparator = ": ";
        }
    }

    static String of(Object value, Arguments arguments, Budget budget) {
        Json json = new Json(arguments.bind("tojson", 0, "ensure_ascii", "indent", "separators", "sort_keys"), budget);
        json.write(value, 0);
        return json.out.toString();
    }

    private void write(Object value, int depth) {
        Budget.checkDepth(depth);
        budget.step(1);
        if (value == null || value instanceof Boolean) {
            out.append(value == null ? "null" : value.toString());
        } else if (value instanceof String text) {
            text(text);
        } else if (Numbers.is(value)) {
            budget.step(Numbers.cost(value));
            out.append(number(value));
        } else if (Values.indexed(value) != null) {
            Iterator<Object> items = Values.indexed(value).iterator();
            block("[", "]", items, depth, item -> write(item, depth + 1));
        } else if (value instanceof Dict dict) {
            List<Object> items = dict.items(budget);
            if (sorted) {
                items = Sequences.sorted(items, item -> Values.indexed(item).get(0), false, budget);
            }
            block("{", "}", items.iterator(), depth, item -> {
                text(key(Values.indexed(item).get(0)));
                out.append(keySeparator);
                write(Values.indexed(item).get(1), depth + 1);
            });
        } else {
            throw new TemplateException("Object of type " + Values.type(value) + " is not JSON serializable");
        }
    }

    private void block(String open, String close, Iterator<Object> items, int depth,
            Consumer<Object> each) {
        out.append(open);
        boolean empty = !items.hasNext();
        while (items.hasNext()) {
            newLine(depth + 1);
            each.accept(items.next());
            out.append(items.hasNext() ? itemSeparator : "");
        }
        if (!empty) {
            newLine(depth);
        }
        out.append(close);
    }

    private void newLine(int depth) {
        if (indent != null) {
            budget.text((long) indent.length() * depth);
            out.append("\n").append(indent.repeat(depth));
        }
    }

    private static String number(Object value) {
        String text = Numbers.text(value);
        return switch (text) {
            case "nan" -> "NaN";
            case "inf" -> "Infinity";
            case "-inf" -> "-Infinity";
            default -> text;
        };
    }

    private static String key(Object key) {
        if (key instanceof String text) {
            return text;
        }
        if (key == null || key instanceof Boolean) {
            return key == null ? "null" : key.toString();
        }
        if (Numbers.is(key)) {
            return number(key);
        }
        throw new TemplateException("keys must be str, int, float, bool or None, not " + Values.type(key));
    }

    private void text(String text) {
        budget.text(text.length());
        StringBuilder quoted = new StringBuilder().append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            int simple = "\"\\\n\r\t\b\f".indexOf(c);
            if (simple >= 0) {
                quoted.append('\\').append("\"\\nrtbf".charAt(simple));
            } else if (c < ' ' || ascii && c > '~') {
                quoted.append(String.format("\\u%04x", (int) c));
            } else {
                quoted.append(c);
            }
        }
        out.append(quoted.append('"').toString());
    }
}
