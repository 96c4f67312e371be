package org.latent4j.jinja;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Python's operators on values of any type. */
final class Operators {
    private Operators() {}

    static boolean compare(String operator, Object a, Object b, Budget budget) {
        return switch (operator) {
            case "==" -> Values.equal(a, b, budget);
            case "!=" -> !Values.equal(a, b, budget);
            case "in" -> Values.contains(b, a, budget);
            case "not in" -> !Values.contains(b, a, budget);
            default -> {
                int order = Values.compare(a, b, budget);
                yield order != 2 && switch (operator) {
                    case "<" -> order < 0;
                    case "<=" -> order <= 0;
                    case ">" -> order > 0;
                    default -> order >= 0;
                };
            }
        };
    }

    static Object binary(String operator, Object a, Object b, Render render) {
        Budget budget = render.budget;
        if (operator.equals("%") && a instanceof String format) {
            return Printf.format(format, b, budget);
        }
        if (Numbers.is(a) && Numbers.is(b)) {
            boolean cheap = operator.equals("+") || operator.equals("-");
            budget.step(operator.equals("**") ? 1000 : cheap ? 1 : 1 + bits(a) / 64L * (1 + bits(b) / 64L));
            return Numbers.arithmetic(operator, a, b);
        }
        if (a instanceof Undefined || b instanceof Undefined) {
            throw ((Undefined) (a instanceof Undefined ? a : b)).error();
        }
        if (operator.equals("+") && a instanceof String x && b instanceof String y) {
            budget.text((long) x.length() + y.length());
            return x + y;
        }
        List<Object> x = Values.indexed(a);
        List<Object> y = Values.indexed(b);
        if (operator.equals("+") && x != null && y != null && a instanceof Tuple == b instanceof Tuple) {
            budget.items((long) x.size() + y.size());
            List<Object> sum = new ArrayList<>(x);
            sum.addAll(y);
            return a instanceof Tuple ? new Tuple(sum, false) : sum;
        }
        if (operator.equals("*") && (Numbers.isInteger(a) || Numbers.isInteger(b))) {
            Object repeated = repeated(Numbers.isInteger(a) ? b : a, Numbers.isInteger(a) ? a : b, budget);
            if (repeated != null) {
                return repeated;
            }
        }
        throw new TemplateException("unsupported operand type(s) for " + operator + ": '" + Values.type(a) + "' and '"
                + Values.type(b) + "'");
    }

    private static long bits(Object value) {
        return value instanceof Double ? 64 : Numbers.big(value).bitLength();
    }

    private static Object repeated(Object value, Object times, Budget budget) {
        int count = Math.max(0, Numbers.clamped(times, "*"));
        if (value instanceof String text) {
            budget.text((long) text.length() * count);
            return text.repeat(count);
        }
        List<Object> items = Values.indexed(value);
        if (items == null) {
            return null;
        }
        budget.items((long) items.size() * count);
        List<Object> all = new ArrayList<>();
        for (int i = 0; i < count && !items.isEmpty(); i++) {
            all.addAll(items);
        }
        return value instanceof Tuple ? new Tuple(Collections.unmodifiableList(all), false) : all;
    }

    static Object sign(boolean minus, Object value) {
        if (Numbers.is(value)) {
            return minus ? Numbers.negate(value) : value instanceof Boolean ? Numbers.of(Numbers.big(value)) : value;
        }
        throw value instanceof Undefined undefined ? undefined.error()
                : new TemplateException("bad operand type for unary " + (minus ? "-" : "+") + ": '"
                        + Values.type(value) + "'");
    }
}
