package org.latent4j.text;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntPredicate;

/** The methods of Python's str, dict and list that chat templates call. */
final class PythonMethods {
    private static final Object NONE = PythonValues.NONE;

    private PythonMethods() {}

    /** The result of {@code target.name(arguments)}. */
    static Object call(Object target, String name, List<Object> arguments) {
        if (target instanceof String s) {
            return string(s, name, arguments);
        } else if (target instanceof Map<?, ?> m) {
            return map(m, name, arguments);
        } else if (target instanceof List<?> l) {
            return list(l, name, arguments);
        }
        throw unknown(target, name);
    }

    private static Object string(String s, String name, List<Object> a) {
        String first = a.isEmpty() || !(a.get(0) instanceof String) ? null : (String) a.get(0);
        return switch (name) {
            case "startswith" -> any(a.get(0)).stream().anyMatch(p -> s.startsWith((String) p));
            case "endswith" -> any(a.get(0)).stream().anyMatch(p -> s.endsWith((String) p));
            case "strip" -> strip(s, first, true, true);
            case "lstrip" -> strip(s, first, true, false);
            case "rstrip" -> strip(s, first, false, true);
            case "split" -> split(s, first, a.size() > 1 ? PythonValues.index(a.get(1)) : -1);
            case "rsplit" -> rsplit(s, first, a.size() > 1 ? PythonValues.index(a.get(1)) : -1);
            case "splitlines" -> s.isEmpty() ? List.of() : new ArrayList<Object>(s.lines().toList());
            case "replace" -> replace(s, first, (String) a.get(1), a.size() > 2 ? PythonValues.index(a.get(2)) : -1);
            case "upper" -> s.toUpperCase(Locale.ROOT);
            case "lower" -> s.toLowerCase(Locale.ROOT);
            case "capitalize" -> s.isEmpty() ? s : s.substring(0, 1).toUpperCase(Locale.ROOT)
                    + s.substring(1).toLowerCase(Locale.ROOT);
            case "title" -> title(s);
            case "find" -> (long) s.indexOf(first);
            case "rfind" -> (long) s.lastIndexOf(first);
            case "count" -> (long) s.split(java.util.regex.Pattern.quote(first), -1).length - 1;
            case "join" -> String.join(s, PythonValues.list(a.get(0)).stream().map(PythonValues::text).toList());
            case "isdigit" -> !s.isEmpty() && s.chars().allMatch(Character::isDigit);
            case "isalpha" -> !s.isEmpty() && s.codePoints().allMatch(Character::isLetter);
            case "isspace" -> !s.isEmpty() && s.chars().allMatch(Character::isWhitespace);
            case "isupper" -> !s.equals(s.toLowerCase(Locale.ROOT)) && s.equals(s.toUpperCase(Locale.ROOT));
            case "islower" -> !s.equals(s.toUpperCase(Locale.ROOT)) && s.equals(s.toLowerCase(Locale.ROOT));
            case "removeprefix" -> s.startsWith(first) ? s.substring(first.length()) : s;
            case "removesuffix" -> s.endsWith(first) ? s.substring(0, s.length() - first.length()) : s;
            case "format" -> format(s.replace("{}", "%s"), a);
            default -> throw unknown(s, name);
        };
    }

    @SuppressWarnings("unchecked")
    private static Object map(Map<?, ?> map, String name, List<Object> a) {
        return switch (name) {
            case "items" -> items(map);
            case "keys" -> new ArrayList<Object>(map.keySet());
            case "values" -> new ArrayList<Object>(map.values());
            case "get" -> map.containsKey(a.get(0)) ? map.get(a.get(0)) : a.size() > 1 ? a.get(1) : NONE;
            case "update" -> {
                ((Map<Object, Object>) map).putAll((Map<Object, Object>) a.get(0));
                yield NONE;
            }
            case "pop" -> map.containsKey(a.get(0)) ? map.remove(a.get(0)) : a.size() > 1 ? a.get(1) : NONE;
            default -> throw unknown(map, name);
        };
    }

    @SuppressWarnings("unchecked")
    private static Object list(List<?> list, String name, List<Object> a) {
        return switch (name) {
            case "append" -> {
                ((List<Object>) list).add(a.get(0));
                yield NONE;
            }
            case "extend" -> {
                ((List<Object>) list).addAll(PythonValues.list(a.get(0)));
                yield NONE;
            }
            case "pop" -> list.remove(a.isEmpty() ? list.size() - 1 : (int) PythonValues.index(a.get(0)));
            case "index" -> (long) list.indexOf(a.get(0));
            case "count" -> list.stream().filter(each -> PythonValues.equal(each, a.get(0))).count();
            default -> throw unknown(list, name);
        };
    }

    /** dict.items(): a list of pairs. */
    static List<Object> items(Map<?, ?> map) {
        List<Object> items = new ArrayList<>();
        map.forEach((key, value) -> items.add(Arrays.asList(key, value)));
        return items;
    }

    static String strip(String s, String characters, boolean left, boolean right) {
        IntPredicate stripped = characters == null ? Character::isWhitespace : c -> characters.indexOf(c) >= 0;
        int begin = 0;
        int end = s.length();
        while (left && begin < end && stripped.test(s.charAt(begin))) {
            begin++;
        }
        while (right && end > begin && stripped.test(s.charAt(end - 1))) {
            end--;
        }
        return s.substring(begin, end);
    }

    static String title(String s) {
        StringBuilder out = new StringBuilder();
        boolean inside = false;
        for (int c : s.codePoints().toArray()) {
            out.appendCodePoint(inside ? Character.toLowerCase(c) : Character.toTitleCase(c));
            inside = Character.isLetter(c);
        }
        return out.toString();
    }

    static String replace(String s, String old, String by, long count) {
        StringBuilder out = new StringBuilder();
        int from = 0;
        int at;
        while (count-- != 0 && (at = s.indexOf(old, from)) >= 0 && !old.isEmpty()) {
            out.append(s, from, at).append(by);
            from = at + old.length();
        }
        return out.append(s.substring(from)).toString();
    }

    /** printf-style formatting of %s, %d, %f and their widths. */
    static String format(String pattern, List<?> arguments) {
        try {
            Object[] shown = arguments.stream().map(v -> v instanceof Number ? v : PythonValues.text(v)).toArray();
            return String.format(Locale.ROOT, pattern, shown);
        } catch (java.util.IllegalFormatException e) {
            throw new TemplateError("cannot format '" + pattern + "': " + e.getMessage());
        }
    }

    private static List<Object> split(String s, String separator, long limit) {
        List<Object> parts = new ArrayList<>();
        String rest = separator == null ? s.stripLeading() : s;
        while (limit != parts.size()) {
            int at = separator == null ? whitespace(rest) : rest.indexOf(separator);
            if (at < 0) {
                break;
            }
            parts.add(rest.substring(0, at));
            rest = separator == null ? rest.substring(at).stripLeading() : rest.substring(at + separator.length());
        }
        if (separator != null || !rest.isEmpty()) {
            parts.add(rest);
        }
        return parts;
    }

    private static List<Object> rsplit(String s, String separator, long limit) {
        if (separator == null || limit < 0) {
            return split(s, separator, limit);
        }
        List<Object> parts = new ArrayList<>();
        String rest = s;
        int at;
        while (parts.size() < limit && (at = rest.lastIndexOf(separator)) >= 0) {
            parts.add(rest.substring(at + separator.length()));
            rest = rest.substring(0, at);
        }
        parts.add(rest);
        Collections.reverse(parts);
        return parts;
    }

    private static int whitespace(String s) {
        for (int i = 0; i < s.length(); i++) {
            if (Character.isWhitespace(s.charAt(i))) {
                return i;
            }
        }
        return -1;
    }

    private static List<?> any(Object prefixes) {
        return prefixes instanceof List<?> several ? several : List.of(prefixes);
    }

    private static TemplateError unknown(Object target, String name) {
        String type = target == null ? "an undefined value" : target instanceof String ? "str" : target instanceof Map
                ? "dict"
                : target instanceof List ? "list" : PythonValues.repr(target);
        return new TemplateError(type + " has no method '" + name + "'");
    }
}
