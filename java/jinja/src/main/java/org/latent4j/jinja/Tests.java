package org.latent4j.jinja;

import java.util.Set;

/** What can stand after {@code is}. */
final class Tests {
    private static final Set<String> NAMES = Set.of("odd", "even", "divisibleby", "defined", "undefined", "filter",
            "test", "none", "boolean", "false", "true", "integer", "float", "lower", "upper", "string", "mapping",
            "number", "sequence", "iterable", "callable", "sameas", "escaped", "in", "==", "eq", "equalto", "!=", "ne",
            ">", "gt", "greaterthan", "ge", ">=", "<", "lt", "lessthan", "<=", "le");

    private Tests() {}

    static boolean knows(String name) {
        return NAMES.contains(name);
    }

    static boolean check(String name, Object value, Arguments arguments, Render render) {
        if (!knows(name)) {
            throw new TemplateException("No test named '" + name + "'.");
        }
        Budget budget = render.budget;
        String operator = operator(name);
        if (operator != null || name.equals("sameas")) {
            Object other = arguments.places(name, 1, 1).get(0);
            return operator == null ? same(value, other) : Operators.compare(operator, value, other, budget);
        }
        if (name.equals("divisibleby")) {
            return Values.equal(0L, Operators.binary("%", value, arguments.bind(name, 1, "num").get(0), render),
                    budget);
        }
        arguments.places(name, 0, 0);
        return switch (name) {
            case "odd" -> Values.equal(1L, Operators.binary("%", value, 2L, render), budget);
            case "even" -> Values.equal(0L, Operators.binary("%", value, 2L, render), budget);
            case "defined" -> !(value instanceof Undefined);
            case "undefined" -> value instanceof Undefined;
            case "filter" -> value instanceof String text && Filters.knows(text);
            case "test" -> value instanceof String text && knows(text);
            case "lower" -> StringMethods.isCase(Values.text(value, budget), false, budget);
            case "upper" -> StringMethods.isCase(Values.text(value, budget), true, budget);
            case "sequence" -> value instanceof Undefined || value instanceof String
                    || Values.length(value) >= 0 && !(value instanceof Iteration) && !(value instanceof Loop);
            case "iterable" -> Values.isIterable(value);
            default -> isType(name, value);
        };
    }

    private static boolean isType(String name, Object value) {
        return switch (name) {
            case "none" -> value == null;
            case "boolean" -> value instanceof Boolean;
            case "false" -> Boolean.FALSE.equals(value);
            case "true" -> Boolean.TRUE.equals(value);
            case "integer" -> Numbers.isInteger(value) && !(value instanceof Boolean);
            case "float" -> value instanceof Double;
            case "string" -> value instanceof String;
            case "mapping" -> value instanceof Dict;
            case "number" -> Numbers.is(value);
            case "callable" -> value instanceof Callable || value instanceof Undefined;
            default -> false; // escaped: nothing is
        };
    }

    private static String operator(String name) {
        return switch (name) {
            case "==", "eq", "equalto" -> "==";
            case "!=", "ne" -> "!=";
            case ">", "gt", "greaterthan" -> ">";
            case ">=", "ge" -> ">=";
            case "<", "lt", "lessthan" -> "<";
            case "<=", "le" -> "<=";
            case "in" -> "in";
            default -> null;
        };
    }

    private static boolean same(Object a, Object b) {
        return a == b || a != null && (a instanceof Boolean || a instanceof Long || a instanceof String) && a.equals(b);
    }
}
