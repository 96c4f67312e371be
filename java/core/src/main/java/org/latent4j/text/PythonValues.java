package org.latent4j.text;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Python's values as chat templates know them: str is String, int Long, float Double, bool Boolean, list and tuple
 * List, dict Map, None {@link #NONE}. Java's null is Jinja's undefined.
 */
final class PythonValues {
    /** Python's None. */
    static final Object NONE = new Object() {
        @Override
        public String toString() {
            return "None";
        }
    };

    private static final int LONGEST_REPEAT = 1 << 16;

    private PythonValues() {}

    /** A Java value as a template sees it, deeply. */
    static Object of(Object value) {
        if (value == null) {
            return NONE;
        } else if (value instanceof Float f) {
            return (double) f;
        } else if (value instanceof Integer || value instanceof Short || value instanceof Byte) {
            return ((Number) value).longValue();
        } else if (value instanceof Map<?, ?> map) {
            Map<String, Object> result = new LinkedHashMap<>();
            map.forEach((k, v) -> result.put(String.valueOf(k), of(v)));
            return result;
        } else if (value instanceof Collection<?> collection) {
            List<Object> result = new ArrayList<>();
            collection.forEach(v -> result.add(of(v)));
            return result;
        } else if (value instanceof CharSequence || value instanceof Enum<?>) {
            return value.toString();
        }
        return value;
    }

    static boolean truth(Object value) {
        if (value instanceof Boolean b) {
            return b;
        } else if (value instanceof Number n) {
            return n.doubleValue() != 0;
        } else if (value instanceof String s) {
            return !s.isEmpty();
        } else if (value instanceof Collection<?> c) {
            return !c.isEmpty();
        } else if (value instanceof Map<?, ?> m) {
            return !m.isEmpty();
        }
        return value != null && value != NONE;
    }

    /** str(value). */
    static String text(Object value) {
        if (value == null) {
            return "";
        }
        return value instanceof String s ? s : repr(value);
    }

    static String repr(Object value) {
        StringBuilder out = new StringBuilder();
        if (value instanceof String s) {
            char quote = s.indexOf('\'') >= 0 && s.indexOf('"') < 0 ? '"' : '\'';
            String escaped = s.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t");
            out.append(quote).append(quote == '\'' ? escaped.replace("'", "\\'") : escaped).append(quote);
        } else if (value instanceof Boolean b) {
            out.append(b ? "True" : "False");
        } else if (value instanceof Collection<?> items) {
            String separator = "[";
            for (Object item : items) {
                out.append(separator).append(repr(item));
                separator = ", ";
            }
            out.append(items.isEmpty() ? "[]" : "]");
        } else if (value instanceof Map<?, ?> map) {
            String separator = "{";
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                out.append(separator).append(repr(entry.getKey())).append(": ").append(repr(entry.getValue()));
                separator = ", ";
            }
            out.append(map.isEmpty() ? "{}" : "}");
        } else {
            out.append(value == null ? "Undefined" : value.toString());
        }
        return out.toString();
    }

    /** What a for loop or a filter over a sequence sees. */
    static List<Object> list(Object value) {
        if (value == null) {
            return new ArrayList<>();
        } else if (value instanceof Collection<?> c) {
            return new ArrayList<>(c);
        } else if (value instanceof Map<?, ?> m) {
            return new ArrayList<>(m.keySet());
        } else if (value instanceof String s) {
            return new ArrayList<>(s.codePoints().mapToObj(Character::toString).toList());
        }
        throw new TemplateError("'" + repr(value) + "' cannot be iterated");
    }

    static boolean equal(Object a, Object b) {
        if (a instanceof Number || a instanceof Boolean) {
            return (b instanceof Number || b instanceof Boolean) && number(a).doubleValue() == number(b).doubleValue();
        }
        if (a instanceof List<?> x && b instanceof List<?> y) {
            boolean same = x.size() == y.size();
            for (int i = 0; same && i < x.size(); i++) {
                same = equal(x.get(i), y.get(i));
            }
            return same;
        }
        if (a instanceof Map<?, ?> x && b instanceof Map<?, ?> y) {
            return x.size() == y.size()
                    && x.entrySet().stream().allMatch(e -> y.containsKey(e.getKey())
                    && equal(e.getValue(), y.get(e.getKey())));
        }
        return a == null ? b == null : a.equals(b);
    }

    static int compare(Object a, Object b) {
        if (a instanceof String x && b instanceof String y) {
            return x.compareTo(y);
        }
        if (a instanceof List<?> x && b instanceof List<?> y) {
            for (int i = 0; i < Math.min(x.size(), y.size()); i++) {
                int order = compare(x.get(i), y.get(i));
                if (order != 0) {
                    return order;
                }
            }
            return Integer.compare(x.size(), y.size());
        }
        return Double.compare(number(a).doubleValue(), number(b).doubleValue());
    }

    static boolean contains(Object container, Object item) {
        if (container instanceof String s) {
            return s.contains(text(item));
        } else if (container instanceof Map<?, ?> m) {
            return m.containsKey(item);
        }
        return list(container).stream().anyMatch(each -> equal(each, item));
    }

    static Number number(Object value) {
        if (value instanceof Number n) {
            return n;
        } else if (value instanceof Boolean b) {
            return b ? 1L : 0L;
        }
        throw new TemplateError("'" + repr(value) + "' is not a number");
    }

    static long index(Object value) {
        if (value instanceof Double) {
            throw new TemplateError("'" + value + "' is not an integer");
        }
        return number(value).longValue();
    }

    static Object arithmetic(String operator, Object a, Object b) {
        if (operator.equals("+") && a instanceof String x && b instanceof String y) {
            return x + y;
        } else if (operator.equals("+") && a instanceof List<?> x && b instanceof List<?> y) {
            List<Object> joined = new ArrayList<>(x);
            joined.addAll(y);
            return joined;
        } else if (operator.equals("*") && (a instanceof String || a instanceof List)) {
            return repeated(a, index(b));
        } else if (operator.equals("*") && (b instanceof String || b instanceof List)) {
            return repeated(b, index(a));
        } else if (operator.equals("%") && a instanceof String s) {
            return PythonMethods.format(s, b instanceof List<?> args ? args : List.of(b));
        }
        if (!(a instanceof Number || a instanceof Boolean) || !(b instanceof Number || b instanceof Boolean)) {
            throw new TemplateError("'" + operator + "' cannot join " + repr(a) + " and " + repr(b));
        }
        Number x = number(a);
        Number y = number(b);
        if (List.of("/", "//", "%").contains(operator) && y.doubleValue() == 0) {
            throw new TemplateError("division by zero");
        }
        boolean whole = !(x instanceof Double) && !(y instanceof Double);
        return switch (operator) {
            case "+" -> whole ? (Object) (x.longValue() + y.longValue()) : (Object) (x.doubleValue() + y.doubleValue());
            case "-" -> whole ? (Object) (x.longValue() - y.longValue()) : (Object) (x.doubleValue() - y.doubleValue());
            case "*" -> whole ? (Object) (x.longValue() * y.longValue()) : (Object) (x.doubleValue() * y.doubleValue());
            case "/" -> x.doubleValue() / y.doubleValue();
            case "//" -> whole ? (Object) Math.floorDiv(x.longValue(), y.longValue())
                    : (Object) Math.floor(x.doubleValue() / y.doubleValue());
            case "%" -> whole ? (Object) Math.floorMod(x.longValue(), y.longValue())
                    : (Object) (x.doubleValue() - y.doubleValue() * Math.floor(x.doubleValue() / y.doubleValue()));
            default -> whole && y.longValue() >= 0 ? (Object) Math.round(Math.pow(x.longValue(), y.longValue()))
                    : (Object) Math.pow(x.doubleValue(), y.doubleValue());
        };
    }

    private static Object repeated(Object sequence, long times) {
        int count = (int) Math.max(0, Math.min(times, LONGEST_REPEAT));
        if (sequence instanceof String s) {
            return s.repeat(count);
        }
        List<Object> result = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            result.addAll((List<?>) sequence);
        }
        return result;
    }

    /** value[start:stop:step]; a bound that is null is left out. */
    static Object slice(Object value, Object start, Object stop, Object step) {
        List<Object> items = list(value);
        int size = items.size();
        int by = absent(step) ? 1 : (int) index(step);
        if (by == 0) {
            throw new TemplateError("slice step is zero");
        }
        int first = by > 0 ? 0 : size - 1;
        int end = by > 0 ? size : -1;
        int from = absent(start) ? first : bound(index(start), size, by);
        int to = absent(stop) ? end : bound(index(stop), size, by);
        List<Object> result = new ArrayList<>();
        for (int i = from; by > 0 ? i < to : i > to; i += by) {
            result.add(items.get(i));
        }
        if (!(value instanceof String)) {
            return result;
        }
        StringBuilder text = new StringBuilder();
        result.forEach(text::append);
        return text.toString();
    }

    private static boolean absent(Object bound) {
        return bound == null || bound == NONE;
    }

    private static int bound(long index, int size, int step) {
        long at = index < 0 ? index + size : index;
        return (int) Math.max(step > 0 ? 0 : -1, Math.min(at, step > 0 ? size : size - 1));
    }
}
