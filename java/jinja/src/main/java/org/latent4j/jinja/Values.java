package org.latent4j.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** What Python's operators and built-in functions do to values; None is null. */
final class Values {
    private Values() {}

    /** A value of the caller's as one of this engine's. */
    static Object of(Object value, int depth, Budget budget) {
        Budget.checkDepth(depth);
        if (value instanceof Map<?, ?> map) {
            Dict dict = new Dict();
            map.forEach((k, v) -> dict.put(of(k, depth + 1, budget), of(v, depth + 1, budget), budget));
            return dict;
        }
        if (value instanceof Collection<?> collection) {
            budget.items(collection.size());
            List<Object> items = new ArrayList<>(collection.size());
            collection.forEach(item -> items.add(of(item, depth + 1, budget)));
            return items;
        }
        if (value instanceof CharSequence || value instanceof Enum) {
            return value.toString();
        }
        if (value instanceof Integer || value instanceof Short || value instanceof Byte) {
            return ((Number) value).longValue();
        }
        if (value instanceof Float || value instanceof BigDecimal) {
            return ((Number) value).doubleValue();
        }
        if (value == null || Numbers.is(value)) {
            return value instanceof BigInteger big ? Numbers.of(big) : value;
        }
        throw new TemplateException("cannot be given a " + value.getClass().getName()
                + ", expected a map, collection, text, number, boolean or null");
    }

    static String type(Object value) {
        return value == null ? "NoneType" : value instanceof String ? "str" : value instanceof Boolean ? "bool"
                : value instanceof Double ? "float" : Numbers.isInteger(value) ? "int"
                : value instanceof List ? "list" : value instanceof Dict ? "dict" : value instanceof Tuple ? "tuple"
                : value instanceof Range ? "range" : value instanceof Iteration i ? i.kind()
                : value instanceof Namespace ? "Namespace" : value instanceof Undefined ? "Undefined"
                : value instanceof Macro ? "Macro" : value instanceof Loop ? "LoopContext" : "function";
    }

    static boolean truth(Object value) {
        if (value instanceof Boolean bool) {
            return bool;
        }
        if (value == null || value instanceof Undefined) {
            return false;
        }
        if (value instanceof Double real) {
            return real != 0;
        }
        if (value instanceof Long number) {
            return number != 0;
        }
        if (value instanceof String text) {
            return !text.isEmpty();
        }
        return value instanceof Loop || length(value) != 0;
    }

    /** How many items or characters; -1 if Python has no len() of it. */
    static int length(Object value) {
        if (value instanceof String text) {
            return Characters.length(text);
        }
        if (value instanceof List<?> list) {
            return list.size();
        }
        if (value instanceof Dict dict) {
            return dict.size();
        }
        if (value instanceof Tuple tuple) {
            return tuple.items().size();
        }
        if (value instanceof Range range) {
            return range.length();
        }
        if (value instanceof Loop loop) {
            return loop.length();
        }
        return value instanceof Undefined ? 0 : value instanceof Iteration i && i.view() != null ? i.view().size() : -1;
    }

    static boolean isIterable(Object value) {
        return value instanceof String || value instanceof Iteration || length(value) >= 0;
    }

    static Iterator<Object> iterator(Object value, Budget budget) {
        List<Object> items = indexed(value);
        if (items != null) {
            return items.iterator();
        }
        if (value instanceof String text) {
            return Characters.each(text, budget).iterator();
        }
        if (value instanceof Dict dict) {
            return dict.keys(budget).iterator();
        }
        if (value instanceof Range range) {
            return IntStream.range(0, range.length())
                    .mapToObj(i -> (Object) range.get(i)).iterator();
        }
        if (value instanceof Iteration iteration) {
            return iteration.iterator();
        }
        if (value instanceof Undefined) {
            return List.of().iterator();
        }
        throw new TemplateException("'" + type(value) + "' object is not iterable");
    }

    static List<Object> list(Object value, Budget budget) {
        List<Object> items = new ArrayList<>();
        for (Iterator<Object> i = iterator(value, budget); i.hasNext();) {
            budget.items(1);
            items.add(i.next());
        }
        return items;
    }

    /** The items of a list or tuple, else null. */
    @SuppressWarnings("unchecked")
    static List<Object> indexed(Object value) {
        return value instanceof List ? (List<Object>) value : value instanceof Tuple tuple ? tuple.items() : null;
    }

    static boolean equal(Object a, Object b, Budget budget) {
        return equal(a, b, 0, budget);
    }

    private static boolean equal(Object a, Object b, int depth, Budget budget) {
        budget.step(1);
        Budget.checkDepth(depth);
        if (a == null || b == null) {
            return a == b;
        }
        if (Numbers.is(a) && Numbers.is(b)) {
            return !Numbers.isNaN(a) && !Numbers.isNaN(b) && Numbers.compare(a, b) == 0;
        }
        if (a instanceof String x && b instanceof String y) {
            budget.read(Math.min(x.length(), y.length()));
            return x.equals(y);
        }
        if (a instanceof Dict x && b instanceof Dict y) {
            return x.size() == y.size() && x.keys(budget).stream().allMatch(k -> y.contains(k, budget)
                    && equal(x.get(k, null, budget), y.get(k, null, budget), depth + 1, budget));
        }
        List<Object> x = indexed(a);
        List<Object> y = indexed(b);
        if (x != null && y != null && a instanceof Tuple == b instanceof Tuple) {
            if (x.size() != y.size()) {
                return false;
            }
            for (int i = 0; i < x.size(); i++) {
                if (x.get(i) != y.get(i) && !equal(x.get(i), y.get(i), depth + 1, budget)) {
                    return false;
                }
            }
            return true;
        }
        return a instanceof Undefined && b instanceof Undefined || a instanceof Range && a.equals(b) || a == b;
    }

    static int compare(Object a, Object b, Budget budget) {
        return compare(a, b, 0, budget);
    }

    /** Negative, zero or positive; 2 if one is no number. */
    private static int compare(Object a, Object b, int depth, Budget budget) {
        budget.step(1);
        Budget.checkDepth(depth);
        if (Numbers.is(a) && Numbers.is(b)) {
            return Numbers.isNaN(a) || Numbers.isNaN(b) ? 2 : Integer.signum(Numbers.compare(a, b));
        }
        if (a instanceof String x && b instanceof String y) {
            budget.read(Math.min(x.length(), y.length()));
            return Integer.signum(byCodePoint(x, y));
        }
        List<Object> x = indexed(a);
        List<Object> y = indexed(b);
        if (x != null && y != null && a instanceof Tuple == b instanceof Tuple) {
            for (int i = 0; i < Math.min(x.size(), y.size()); i++) {
                if (!equal(x.get(i), y.get(i), depth + 1, budget)) {
                    return compare(x.get(i), y.get(i), depth + 1, budget);
                }
            }
            return Integer.compare(x.size(), y.size());
        }
        if (a instanceof Undefined || b instanceof Undefined) {
            throw ((Undefined) (a instanceof Undefined ? a : b)).error();
        }
        throw new TemplateException("'" + type(a) + "' and '" + type(b) + "' cannot be ordered");
    }

    private static int byCodePoint(String x, String y) {
        int i = 0;
        while (i < x.length() && i < y.length() && x.charAt(i) == y.charAt(i)) {
            i++;
        }
        if (i == x.length() || i == y.length()) {
            return Integer.compare(x.length(), y.length());
        }
        boolean bothHigh = Character.isSurrogate(x.charAt(i)) == Character.isSurrogate(y.charAt(i));
        return bothHigh ? Character.compare(x.charAt(i), y.charAt(i)) : Character.isSurrogate(x.charAt(i)) ? 1 : -1;
    }

    static boolean contains(Object container, Object item, Budget budget) {
        if (container instanceof String text) {
            if (!(item instanceof String part)) {
                throw new TemplateException("'in <string>' requires string as left operand, not " + type(item));
            }
            return Texts.find(text, part, 0, budget) >= 0;
        }
        if (container instanceof Dict dict) {
            return dict.contains(item, budget);
        }
        for (Iterator<Object> i = iterator(container, budget); i.hasNext();) {
            Object each = i.next();
            if (each == item || equal(each, item, budget)) {
                return true;
            }
        }
        return false;
    }

    /** Python's str(). */
    static String text(Object value, Budget budget) {
        if (value instanceof String text) {
            return text;
        }
        if (value instanceof Undefined) {
            return "";
        }
        TextBuilder out = new TextBuilder(budget);
        Repr.write(value, out, 0, budget);
        return out.toString();
    }
}
