package org.latent4j.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Set;

/** Jinja2's filters by name, and those that work on single values. */
final class Filters {
    private static final Set<String> NAMES = Set.of("abs", "attr", "batch", "capitalize", "center", "count", "d",
            "default", "dictsort", "e", "escape", "filesizeformat", "first", "float", "forceescape", "format",
            "groupby", "indent", "int", "items", "join", "last", "length", "list", "lower", "map", "max", "min",
            "pprint", "random", "reject", "rejectattr", "replace", "reverse", "round", "safe", "select", "selectattr",
            "slice", "sort", "string", "striptags", "sum", "title", "tojson", "trim", "truncate", "unique", "upper",
            "urlencode", "urlize", "wordcount", "wordwrap", "xmlattr");

    private Filters() {}

    static boolean knows(String name) {
        return NAMES.contains(name);
    }

    static Object apply(String name, Object value, Arguments a, Render r) {
        Budget budget = r.budget;
        return switch (name) {
            case "batch" -> Sequences.batch(value, a, budget);
            case "slice" -> Sequences.slice(value, a, budget);
            case "sort" -> Sequences.sort(value, a, budget);
            case "dictsort" -> Sequences.dictsort(value, a, budget);
            case "groupby" -> Sequences.groupby(value, a, budget);
            case "unique" -> Sequences.unique(value, a, budget);
            case "min", "max" -> Sequences.extreme(value, a, name.equals("max"), budget);
            case "sum" -> Sequences.sum(value, a, r);
            case "map" -> Sequences.map(value, a, r);
            case "select", "selectattr" -> Sequences.select(value, a, true, name.equals("selectattr"), r);
            case "reject", "rejectattr" -> Sequences.select(value, a, false, name.equals("rejectattr"), r);
            case "tojson" -> Json.of(value, a, budget);
            case "capitalize", "center", "e", "escape", "forceescape", "format", "indent", "lower", "replace", "title",
                "trim", "truncate", "upper", "urlencode", "wordcount", "wordwrap", "striptags" ->
                    TextFilters.apply(name, value, a, budget);
            case "join" -> {
                Arguments.Bound given = a.bind(name, 0, "d", "attribute");
                Object items = given.get(1, null) == null ? value : mapped(value, given.get(1), budget);
                yield Texts.join(Values.text(given.get(0, ""), budget), items, true, budget);
            }
            case "d", "default" -> {
                Arguments.Bound given = a.bind(name, 0, "default_value", "boolean");
                yield value instanceof Undefined || given.truth(1) && !Values.truth(value) ? given.get(0, "") : value;
            }
            case "attr" -> attribute(value, a.bind(name, 1, "name").get(0), budget);
            case "int" -> integer(priced(value, budget), a.bind(name, 0, "default", "base"));
            case "float" -> real(priced(value, budget), a.bind(name, 0, "default").get(0, 0.0));
            case "round" -> round(priced(value, budget), a.bind(name, 0, "precision", "method"), r);
            case "pprint", "random", "urlize", "xmlattr", "filesizeformat" ->
                    throw new TemplateException("The filter '" + name + "' is refused: no chat template needs it.");
            default -> {
                if (!knows(name)) {
                    throw new TemplateException("No filter named '" + name + "'.");
                }
                a.places(name, 0, 0);
                yield bare(name, value, budget);
            }
        };
    }

    /** A value, after its digits were paid for. */
    private static Object priced(Object value, Budget budget) {
        budget.step(value instanceof String text ? text.length() : 200);
        return value;
    }

    private static Object mapped(Object value, Object attribute, Budget budget) {
        var path = Sequences.path(attribute, null, budget);
        return Values.list(value, budget).stream().map(path).toList();
    }

    private static Object bare(String name, Object value, Budget budget) {
        switch (name) {
            case "string", "safe":
                return Values.text(value, budget);
            case "list":
                return Values.list(value, budget);
            case "count", "length":
                if (Values.length(value) < 0) {
                    throw new TemplateException("object of type '" + Values.type(value) + "' has no len()");
                }
                budget.read(value instanceof String text ? text.length() : 0);
                return (long) Values.length(value);
            case "first":
                if (value instanceof String text && !text.isEmpty()) {
                    return Characters.slice(text, 0, 1);
                }
                Iterator<Object> items = Values.iterator(value, budget);
                return items.hasNext() ? items.next() : new Undefined("No first item, sequence was empty.");
            case "last":
                if (value instanceof String text && !text.isEmpty()) {
                    return Character.toString(text.codePointBefore(text.length()));
                }
                List<Object> all = reversible(value, budget);
                return all.isEmpty() ? new Undefined("No last item, sequence was empty.") : all.get(all.size() - 1);
            case "reverse":
                return reversed(value, budget);
            case "items":
                if (!(value instanceof Dict) && !(value instanceof Undefined)) {
                    throw new TemplateException("Can only get item pairs from a mapping.");
                }
                return Iteration.once(value instanceof Dict dict ? dict.items(budget).iterator()
                        : List.of().iterator());
            default: // abs
                if (!Numbers.is(value)) {
                    throw value instanceof Undefined undefined ? undefined.error()
                            : new TemplateException("bad operand type for abs(): '" + Values.type(value) + "'");
                }
                return value instanceof Double real ? (Object) Math.abs(real) : Numbers.of(Numbers.big(value).abs());
        }
    }

    private static List<Object> reversible(Object value, Budget budget) {
        if (value instanceof Iteration iteration && iteration.view() == null) {
            throw new TemplateException("'generator' object is not reversible");
        }
        return Values.list(value, budget);
    }

    private static Object reversed(Object value, Budget budget) {
        if (value instanceof String text) {
            budget.text(text.length());
            return Texts.reversed(text);
        }
        List<Object> items = Values.list(value, budget);
        Collections.reverse(items);
        return Values.indexed(value) == null && value instanceof Iteration i && i.view() == null ? items
                : Iteration.once(items.iterator());
    }

    private static Object attribute(Object value, Object name, Budget budget) {
        if (!(name instanceof String text)) {
            throw new TemplateException("attribute name must be a text");
        }
        if (value instanceof Undefined undefined) {
            throw undefined.error();
        }
        return value instanceof Dict && ContainerMethods.ofDict((Dict) value, text) == null
                ? new Undefined("'dict' object has no attribute '" + text + "'") : Attributes.get(value, text, budget);
    }

    private static Object integer(Object value, Arguments.Bound given) {
        Object other = given.get(0, 0L);
        int base = given.integer(1, 10);
        if (value instanceof String text) {
            Object parsed = base == 0 || base >= 2 && base <= 36 ? Numbers.parsed(text, base) : null;
            Double real = parsed == null ? Numbers.real(text) : null;
            return parsed != null ? parsed : real == null ? other : whole(real, other);
        }
        if (value instanceof Undefined undefined) {
            throw undefined.error();
        }
        return value instanceof Double real ? whole(real, other) : Numbers.isInteger(value)
                ? Numbers.of(Numbers.big(value)) : other;
    }

    private static Object whole(double real, Object other) {
        return Double.isNaN(real) || Double.isInfinite(real) ? other : Numbers.of(new BigDecimal(real).toBigInteger());
    }

    private static Object real(Object value, Object other) {
        if (value instanceof Undefined undefined) {
            throw undefined.error();
        }
        Double parsed = value instanceof String text ? Numbers.real(text) : Numbers.is(value)
                ? (Double) Numbers.real(value) : null;
        return parsed == null ? other : parsed;
    }

    private static Object round(Object value, Arguments.Bound given, Render render) {
        String method = given.text(1, "common");
        int digits = given.integer(0, 0);
        if (!Set.of("common", "ceil", "floor").contains(method)) {
            throw new TemplateException("method must be common, ceil or floor");
        }
        if (!Numbers.is(value) || Math.abs((long) digits) > 400) {
            throw value instanceof Undefined undefined ? undefined.error()
                    : new TemplateException("round expects a number and at most 400 digits");
        }
        if (!method.equals("common")) {
            Object scale = Numbers.arithmetic("**", 10L, (long) digits);
            Object scaled = Operators.binary("*", value, scale, render);
            Object cut = scaled instanceof Double real ? whole(method.equals("ceil") ? Math.ceil(real)
                    : Math.floor(real), null) : scaled;
            return Operators.binary("/", cut, scale, render);
        }
        if (value instanceof Double real) {
            return real.isNaN() || real.isInfinite() ? real
                    : (Object) new BigDecimal(real).setScale(digits, RoundingMode.HALF_EVEN).doubleValue();
        }
        BigInteger whole = Numbers.big(value);
        return Numbers.of(digits >= 0 ? whole
                : new BigDecimal(whole).setScale(digits, RoundingMode.HALF_EVEN).toBigInteger());
    }
}
