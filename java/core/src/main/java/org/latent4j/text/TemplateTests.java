package org.latent4j.text;

import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Jinja2's tests: what may stand after {@code is}. */
final class TemplateTests {
    private static final Set<String> KNOWN = Set.of("defined", "undefined", "none", "string", "number", "integer",
            "float", "boolean",
            "true", "false", "mapping", "iterable", "sequence", "even", "odd", "divisibleby", "equalto", "eq", "ne",
            "lt", "le", "gt", "ge",
            "in", "sameas", "lower", "upper", "callable");

    private TemplateTests() {}

    static boolean isKnown(String test) {
        return KNOWN.contains(test);
    }

    static boolean holds(String test, Object value, List<Object> arguments) {
        Object other = arguments.isEmpty() ? null : arguments.get(0);
        return switch (test) {
            case "defined" -> value != null;
            case "undefined" -> value == null;
            case "none" -> value == PythonValues.NONE;
            case "string" -> value instanceof String;
            case "number" -> value instanceof Number || value instanceof Boolean;
            case "integer" -> value instanceof Long;
            case "float" -> value instanceof Double;
            case "boolean" -> value instanceof Boolean;
            case "true" -> Boolean.TRUE.equals(value);
            case "false" -> Boolean.FALSE.equals(value);
            case "mapping" -> value instanceof Map;
            case "iterable" -> value == null || value instanceof Collection || value instanceof Map
                    || value instanceof String;
            case "sequence" -> value == null || value instanceof List || value instanceof Map
                    || value instanceof String;
            case "even" -> PythonValues.index(value) % 2 == 0;
            case "odd" -> PythonValues.index(value) % 2 != 0;
            case "divisibleby" -> PythonValues.index(value) % PythonValues.index(other) == 0;
            case "equalto", "eq" -> PythonValues.equal(value, other);
            case "ne" -> !PythonValues.equal(value, other);
            case "lt" -> PythonValues.compare(value, other) < 0;
            case "le" -> PythonValues.compare(value, other) <= 0;
            case "gt" -> PythonValues.compare(value, other) > 0;
            case "ge" -> PythonValues.compare(value, other) >= 0;
            case "in" -> PythonValues.contains(other, value);
            case "sameas" -> value == other || value instanceof Boolean && value.equals(other);
            case "lower" -> cased(value) && value.equals(((String) value).toLowerCase(Locale.ROOT));
            case "upper" -> cased(value) && value.equals(((String) value).toUpperCase(Locale.ROOT));
            default -> false; // callable: no value of ours is
        };
    }

    private static boolean cased(Object value) {
        return value instanceof String s && !s.toLowerCase(Locale.ROOT).equals(s.toUpperCase(Locale.ROOT));
    }
}
