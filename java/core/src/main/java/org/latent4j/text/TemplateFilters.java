package org.latent4j.text;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Jinja2's filters that chat templates use, and transformers' own {@code tojson}. */
final class TemplateFilters {
    private static final Set<String> KNOWN = Set.of("trim", "upper", "lower", "title", "capitalize", "length", "count",
            "first", "last",
            "join", "list", "default", "d", "tojson", "items", "dictsort", "string", "int", "float", "abs", "round",
            "reverse", "sort",
            "unique", "map", "select", "reject", "selectattr", "rejectattr", "replace", "safe", "escape", "e",
            "indent", "sum", "min",
            "max", "format", "wordcount");

    private TemplateFilters() {}

    static boolean isKnown(String filter) {
        return KNOWN.contains(filter);
    }

    static Object apply(String filter, Object value, TemplateArguments a) {
        return switch (filter) {
            case "default", "d" -> value == null || a.truth(1, "boolean") && !PythonValues.truth(value)
                    ? a.get(0, "default_value", "") : value;
            case "tojson" -> TemplateJson.write(value, a.get(-1, "indent", null));
            case "string", "safe" -> PythonValues.text(value);
            case "int", "float", "abs", "round" -> number(filter, value, a);
            case "trim", "upper", "lower", "title", "capitalize", "replace", "escape", "e", "indent", "format",
                    "wordcount" ->
                    text(filter, PythonValues.text(value), a);
            default -> sequence(filter, value, a);
        };
    }

    private static Object text(String filter, String s, TemplateArguments a) {
        return switch (filter) {
            case "trim" -> PythonMethods.strip(s, (String) a.get(0, "chars", null), true, true);
            case "upper" -> s.toUpperCase(Locale.ROOT);
            case "lower" -> s.toLowerCase(Locale.ROOT);
            case "title" -> PythonMethods.title(s);
            case "capitalize" -> PythonMethods.call(s, "capitalize", List.of());
            case "replace" -> PythonMethods.replace(s, a.text(0, "old", ""), a.text(1, "new", ""),
                    PythonValues.index(a.get(2, "count", -1L)));
            case "indent" -> indent(s, a);
            case "format" -> PythonMethods.format(s, a.positional());
            case "wordcount" -> (long) PythonValues.list(PythonMethods.call(s, "split", List.of())).size();
            default -> s.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\"", "&#34;")
                    .replace("'", "&#39;");
        };
    }

    private static String indent(String s, TemplateArguments a) {
        Object width = a.get(0, "width", 4L);
        String by = width instanceof String text ? text : " ".repeat((int) PythonValues.index(width));
        boolean blank = a.truth(2, "blank");
        StringBuilder out = new StringBuilder();
        String[] lines = s.split("\n", -1);
        for (int i = 0; i < lines.length; i++) {
            boolean indented = i == 0 ? a.truth(1, "first") : blank || !lines[i].isBlank();
            out.append(i == 0 ? "" : "\n").append(indented ? by : "").append(lines[i]);
        }
        return out.toString();
    }

    private static Object number(String filter, Object value, TemplateArguments a) {
        if (filter.equals("abs")) {
            return value instanceof Double d ? (Object) Math.abs(d) : (Object) Math.abs(PythonValues.index(value));
        } else if (filter.equals("round")) {
            if (!(value instanceof Double)) {
                return PythonValues.index(value);
            }
            double scale = Math.pow(10, PythonValues.index(a.get(0, "precision", 0L)));
            return Math.rint(PythonValues.number(value).doubleValue() * scale) / scale;
        }
        boolean whole = filter.equals("int");
        try {
            double number = value instanceof String s ? Double.parseDouble(s.strip())
                    : PythonValues.number(value).doubleValue();
            return whole ? (Object) (long) number : (Object) number;
        } catch (NumberFormatException | TemplateError e) {
            // as Jinja2: what is no number becomes the default
            return a.get(0, "default", whole ? (Object) 0L : (Object) 0.0);
        }
    }

    private static Object sequence(String filter, Object value, TemplateArguments a) {
        switch (filter) {
            case "length", "count":
                return value instanceof String s ? (long) s.codePointCount(0, s.length()) : value instanceof Map<?, ?> m
                        ? (long) m.size() : (long) PythonValues.list(value).size();
            case "items", "dictsort":
                List<Object> items = value instanceof Map<?, ?> m ? PythonMethods.items(m) : new ArrayList<>();
                if (filter.equals("dictsort")) {
                    items.sort(Comparator.comparing(item -> ((List<?>) item).get(0), PythonValues::compare));
                }
                return items;
            case "reverse":
                if (value instanceof String) {
                    return PythonValues.slice(value, null, null, -1L);
                }
                break;
            default:
        }
        boolean chooses = List.of("map", "select", "reject", "selectattr", "rejectattr").contains(filter);
        List<Object> items = chooses && !PythonValues.truth(value) ? new ArrayList<>() : PythonValues.list(value);
        Object attribute = a.get(-1, "attribute", null);
        return switch (filter) {
            case "list" -> items;
            case "first" -> items.isEmpty() ? null : items.get(0);
            case "last" -> items.isEmpty() ? null : items.get(items.size() - 1);
            case "join" -> String.join(a.text(0, "d", ""), items.stream()
                    .map(item -> PythonValues.text(path(item, a.get(1, "attribute", null)))).toList());
            case "reverse" -> {
                Collections.reverse(items);
                yield items;
            }
            case "sort" -> {
                Comparator<Object> order = Comparator.comparing(item -> folded(path(item, attribute)),
                        PythonValues::compare);
                items.sort(a.truth(0, "reverse") ? order.reversed() : order);
                yield items;
            }
            case "unique" -> {
                Map<Object, Object> seen = new LinkedHashMap<>();
                items.forEach(item -> seen.putIfAbsent(folded(path(item, attribute)), item));
                yield new ArrayList<>(seen.values());
            }
            case "sum" -> items.stream().map(item -> path(item, attribute))
                    .reduce(0L, (x, y) -> PythonValues.arithmetic("+", x, y));
            case "min" -> items.stream().reduce((x, y) -> PythonValues.compare(folded(y), folded(x)) < 0 ? y : x)
                    .orElse(null);
            case "max" -> items.stream().reduce((x, y) -> PythonValues.compare(folded(y), folded(x)) > 0 ? y : x)
                    .orElse(null);
            case "map" -> map(items, attribute, a);
            default -> select(filter, items, a);
        };
    }

    private static List<Object> map(List<Object> items, Object attribute, TemplateArguments a) {
        if (attribute != null) {
            items.replaceAll(item -> {
                Object found = path(item, attribute);
                return found == null ? a.get(-1, "default", null) : found;
            });
            return items;
        }
        String filter = a.text(0, "filter", "");
        if (!isKnown(filter)) {
            throw new TemplateError("no filter named '" + filter + "'");
        }
        TemplateArguments rest = new TemplateArguments(a.from(1));
        items.replaceAll(item -> apply(filter, item, rest));
        return items;
    }

    private static List<Object> select(String filter, List<Object> items, TemplateArguments a) {
        boolean byAttribute = filter.endsWith("attr");
        int place = byAttribute ? 1 : 0;
        Object name = a.get(place, "test", null);
        if (name != null && !TemplateTests.isKnown(TemplateFilters.spelled(name))) {
            throw new TemplateError("no test named '" + name + "'");
        }
        List<Object> chosen = new ArrayList<>();
        for (Object item : items) {
            Object tested = byAttribute ? path(item, a.get(0, "attribute", null)) : item;
            boolean holds = name == null ? PythonValues.truth(tested)
                    : TemplateTests.holds(spelled(name), tested, a.from(place + 1));
            if (holds == filter.startsWith("select")) {
                chosen.add(item);
            }
        }
        return chosen;
    }

    /** Jinja2 orders strings without regard to case. */
    private static Object folded(Object value) {
        return value instanceof String s ? s.toLowerCase(Locale.ROOT) : value;
    }

    /** Tests may be named by their sign. */
    private static String spelled(Object test) {
        return switch (PythonValues.text(test)) {
            case "==" -> "eq";
            case "!=" -> "ne";
            case "<" -> "lt";
            case "<=" -> "le";
            case ">" -> "gt";
            case ">=" -> "ge";
            default -> PythonValues.text(test);
        };
    }

    /** item.a.b for the attribute "a.b"; the item itself for null. */
    private static Object path(Object item, Object attribute) {
        Object value = item;
        if (attribute instanceof Number) {
            return TemplateObjects.item(item, attribute);
        } else if (attribute != null) {
            for (String part : PythonValues.text(attribute).split("\\.")) {
                value = value == null ? null : TemplateObjects.item(value, part);
            }
        }
        return value;
    }
}
