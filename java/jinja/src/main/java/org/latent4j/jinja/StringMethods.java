package org.latent4j.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntPredicate;

/** The methods of Python's str. */
final class StringMethods {
    private StringMethods() {}

    static Callable find(String text, String name) {
        return switch (name) {
            case "upper", "lower", "title", "capitalize", "swapcase", "casefold", "isdigit", "isdecimal", "isnumeric",
                "isalpha", "isalnum", "isspace", "islower", "isupper", "istitle", "isascii", "isidentifier",
                "isprintable" -> (a, r) -> {
                    a.places(name, 0, 0);
                    return plain(text, name, r.budget);
                };
            case "strip", "lstrip", "rstrip" -> (a, r) -> Texts.strip(text, a.places(name, 0, 1).text(0, null),
                    !name.equals("rstrip"), !name.equals("lstrip"), r.budget);
            case "split", "rsplit" -> (a, r) -> split(text, name, a, r.budget);
            case "splitlines" -> (a, r) -> Characters.lines(text, a.bind(name, 0, "keepends").truth(0), r.budget);
            case "startswith", "endswith" -> (a, r) -> starts(text, name, a, r.budget);
            case "find", "rfind", "index", "rindex", "count" -> (a, r) -> search(text, name, a, r.budget);
            case "replace" -> (a, r) -> {
                Arguments.Bound given = a.places(name, 2, 3);
                return Texts.replace(text, given.text(0, ""), given.text(1, ""), given.integer(2, -1), r.budget);
            };
            case "join" -> (a, r) -> Texts.join(text, a.places(name, 1, 1).get(0), false, r.budget);
            case "format" -> (a, r) -> Format.format(text, a, r.budget);
            case "format_map" -> (a, r) -> {
                if (!(a.places(name, 1, 1).get(0) instanceof Dict dict)) {
                    throw new TemplateException("format_map() expects a mapping");
                }
                return Format.format(text, new Expression.Given(List.of(), Map.of(), null,
                        new Expression.Literal(dict)).values(new Scope(r, null)), r.budget);
            };
            case "zfill" -> (a, r) -> zeros(text, a.places(name, 1, 1).integer(0, 0), r.budget);
            case "center", "ljust", "rjust" -> (a, r) -> {
                Arguments.Bound given = a.places(name, 1, 2);
                String fill = given.text(1, " ");
                if (Characters.length(fill) != 1) {
                    throw new TemplateException("The fill character must be exactly one character long");
                }
                return Texts.padded(text, given.integer(0, 0), fill,
                        name.equals("center") ? 0 : name.equals("ljust") ? -1 : 1, r.budget);
            };
            case "removeprefix", "removesuffix" -> (a, r) -> {
                String part = a.places(name, 1, 1).text(0, "");
                r.budget.text(text.length());
                return name.equals("removeprefix") ? text.startsWith(part) ? text.substring(part.length()) : text
                        : text.endsWith(part) ? text.substring(0, text.length() - part.length()) : text;
            };
            case "partition", "rpartition" -> (a, r) -> partition(text, name, a, r.budget);
            case "expandtabs" -> (a, r) -> tabs(text, a.bind(name, 0, "tabsize").integer(0, 8), r.budget);
            default -> null;
        };
    }

    private static Object plain(String text, String name, Budget budget) {
        budget.text(text.length());
        return switch (name) {
            case "upper" -> Texts.upper(text, budget);
            case "lower" -> Texts.lower(text, budget);
            case "title" -> Texts.title(text, budget);
            case "capitalize" -> Texts.capitalized(text, budget);
            case "casefold" -> Texts.lower(Texts.upper(text.replace("ß", "ss"), budget), budget)
                    .replace('ς', 'σ');
            case "swapcase" -> swapped(text);
            case "isdigit" -> all(text, Characters::isDigit);
            case "isdecimal" -> all(text, Character::isDigit);
            case "isnumeric" -> all(text, Characters::isNumeric);
            case "isalpha" -> all(text, Character::isLetter);
            case "isalnum" -> all(text, c -> Character.isLetter(c) || Characters.isNumeric(c));
            case "isspace" -> all(text, Characters::isSpace);
            case "islower" -> isCase(text, false, budget);
            case "isupper" -> isCase(text, true, budget);
            case "istitle" -> text.equals(Texts.title(text, budget)) && text.codePoints().anyMatch(
                    c -> Character.isUpperCase(c) || Character.isTitleCase(c));
            case "isascii" -> text.chars().allMatch(c -> c < 128);
            case "isprintable" -> Repr.of(text, budget).indexOf('\\') < 0;
            default -> !text.isEmpty() && (text.charAt(0) == '_' || Character.isUnicodeIdentifierStart(
                    text.codePointAt(0))) && all(text, Character::isUnicodeIdentifierPart);
        };
    }

    private static boolean all(String text, IntPredicate is) {
        return !text.isEmpty() && text.codePoints().allMatch(is);
    }

    static boolean isCase(String text, boolean upper, Budget budget) {
        budget.read(text.length());
        return text.codePoints().anyMatch(upper ? Character::isUpperCase : Character::isLowerCase)
                && text.codePoints().noneMatch(c -> upper ? Character.isLowerCase(c) || Character.isTitleCase(c)
                        : Character.isUpperCase(c) || Character.isTitleCase(c));
    }

    private static String swapped(String text) {
        StringBuilder out = new StringBuilder();
        text.codePoints().forEach(c -> out.append(Character.isUpperCase(c)
                ? Character.toString(c).toLowerCase(Locale.ROOT) : Character.toString(c).toUpperCase(Locale.ROOT)));
        return out.toString();
    }

    private static Object split(String text, String name, Arguments arguments, Budget budget) {
        Arguments.Bound given = arguments.bind(name, 0, "sep", "maxsplit");
        Object separator = given.get(0, null);
        String by = separator == null ? null : given.text(0, null);
        int most = given.integer(1, -1);
        return name.equals("split") ? Texts.split(text, by, most, budget)
                : Texts.splitFromEnd(text, by, most, budget);
    }

    /** Code points of optional bounds, as two indices into the text's chars; null if they are empty. */
    private static int[] bounds(String text, Arguments.Bound given, Budget budget) {
        int length = text.length();
        if (!given.has(1)) {
            return new int[] {0, length};
        }
        budget.read(length);
        int points = Characters.length(text);
        int from = given.get(1) == null ? 0 : given.integer(1, 0);
        int to = given.get(2, null) == null ? points : given.integer(2, points);
        from = from < 0 ? Math.max(0, from + points) : from;
        to = Math.min(points, to < 0 ? Math.max(0, to + points) : to);
        return from > to ? null : new int[] {text.offsetByCodePoints(0, from), text.offsetByCodePoints(0, to)};
    }

    private static boolean starts(String text, String name, Arguments arguments, Budget budget) {
        Arguments.Bound given = arguments.places(name, 1, 3);
        int[] at = bounds(text, given, budget);
        List<Object> parts = given.get(0) instanceof Tuple tuple ? tuple.items() : List.of(given.text(0, ""));
        for (Object each : parts) {
            if (!(each instanceof String part)) {
                throw new TemplateException(name + "() expects a text, got '" + Values.type(each) + "'");
            }
            budget.read(part.length());
            if (at != null && part.length() <= at[1] - at[0]
                    && text.startsWith(part, name.equals("startswith") ? at[0] : at[1] - part.length())) {
                return true;
            }
        }
        return false;
    }

    private static Object search(String text, String name, Arguments arguments, Budget budget) {
        Arguments.Bound given = arguments.places(name, 1, 3);
        String part = given.text(0, "");
        int[] at = bounds(text, given, budget);
        if (at != null) {
            budget.text(at[1] - at[0]);
        }
        String within = at == null ? "" : text.substring(at[0], at[1]);
        if (name.equals("count")) {
            return at == null ? 0L : count(within, part, budget);
        }
        boolean last = name.startsWith("r");
        int found = at == null ? -1 : last ? Texts.find(Texts.reversed(within), Texts.reversed(part), 0, budget)
                : Texts.find(within, part, 0, budget);
        if (found < 0 && name.endsWith("index")) {
            throw new TemplateException("substring not found");
        }
        int start = found < 0 || !last ? found : within.length() - found - part.length();
        return start < 0 ? -1L : (long) text.codePointCount(0, at[0] + start);
    }

    private static long count(String text, String part, Budget budget) {
        if (part.isEmpty()) {
            return Characters.length(text) + 1L;
        }
        long count = 0;
        for (int i = Texts.find(text, part, 0, budget); i >= 0;
                i = Texts.find(text, part, i + part.length(), budget)) {
            count++;
        }
        return count;
    }

    private static String zeros(String text, int width, Budget budget) {
        boolean signed = text.startsWith("-") || text.startsWith("+");
        String digits = signed ? text.substring(1) : text;
        return (signed ? text.substring(0, 1) : "")
                + Texts.padded(digits, signed ? width - 1 : width, "0", 1, budget);
    }

    private static Object partition(String text, String name, Arguments arguments, Budget budget) {
        String part = arguments.places(name, 1, 1).text(0, "");
        boolean first = name.equals("partition");
        List<Object> parts = first ? Texts.split(text, part, 1, budget) : Texts.splitFromEnd(text, part, 1, budget);
        if (parts.size() == 1) {
            return first ? Tuple.of(text, "", "") : Tuple.of("", "", text);
        }
        return Tuple.of(parts.get(0), part, parts.get(1));
    }

    private static String tabs(String text, int size, Budget budget) {
        TextBuilder out = new TextBuilder(budget);
        List<String> parts = new ArrayList<>(List.of(text.split("((?<=[\t\n\r])|(?=[\t\n\r]))", -1)));
        int column = 0;
        for (String part : parts) {
            budget.step(1);
            if (part.equals("\t")) {
                out.append(Texts.padded("", size <= 0 ? 0 : size - column % size, " ", 1, budget));
                column = size <= 0 ? column : 0;
            } else {
                out.append(part);
                column = part.equals("\n") || part.equals("\r") ? 0 : column + Characters.length(part);
            }
        }
        return out.toString();
    }
}
