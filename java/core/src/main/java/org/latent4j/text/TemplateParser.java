package org.latent4j.text;

import com.hubspot.jinjava.el.ext.NamedParameter;
import com.hubspot.jinjava.lib.fn.MacroFunction;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.latent4j.text.TemplateLexer.Kind;
import org.latent4j.text.TemplateLexer.Token;

/**
 * Parses Jinja2 expressions with Jinja2's own precedence and Python's meaning. Jinjava evaluates expressions by the
 * rules of Java's expression language, where {@code not} binds before {@code ==}, {@code 'a' != false} is false and
 * {@code 'false'} is not true.
 */
final class TemplateParser {
    private static final Set<String> NO_ARGUMENT = Set.of("else", "or", "and", "is", "if", "in", "not");

    private final List<Token> tokens;
    private final String source;
    private int at;

    private TemplateParser(String source) {
        this.source = source.strip();
        this.tokens = TemplateLexer.tokens(source);
    }

    /** Throws TemplateError if the source is no expression. A comma at the top makes a tuple. */
    static TemplateExpression parse(String source) {
        TemplateParser parser = new TemplateParser(source);
        TemplateExpression expression = parser.tuple(Kind.END, "");
        parser.expect(parser.peek().kind() == Kind.END);
        return expression;
    }

    private TemplateExpression tuple(Kind endKind, String end) {
        TemplateExpression first = condition();
        if (!peek().is(",")) {
            return first;
        }
        List<TemplateExpression> items = new ArrayList<>(List.of(first));
        while (accept(",")) {
            if (peek().kind() == endKind && peek().text().equals(end)) {
                break;
            }
            items.add(condition());
        }
        return scope -> values(items, scope);
    }

    private TemplateExpression condition() {
        TemplateExpression value = or();
        while (accept("if")) {
            TemplateExpression then = value;
            TemplateExpression test = or();
            TemplateExpression otherwise = accept("else") ? condition() : scope -> null;
            value = scope -> (PythonValues.truth(test.value(scope)) ? then : otherwise).value(scope);
        }
        return value;
    }

    private TemplateExpression or() {
        TemplateExpression left = and();
        while (accept("or")) {
            TemplateExpression a = left;
            TemplateExpression b = and();
            left = scope -> {
                Object value = a.value(scope);
                return PythonValues.truth(value) ? value : b.value(scope);
            };
        }
        return left;
    }

    private TemplateExpression and() {
        TemplateExpression left = not();
        while (accept("and")) {
            TemplateExpression a = left;
            TemplateExpression b = not();
            left = scope -> {
                Object value = a.value(scope);
                return PythonValues.truth(value) ? b.value(scope) : value;
            };
        }
        return left;
    }

    private TemplateExpression not() {
        if (accept("not")) {
            TemplateExpression negated = not();
            return scope -> !PythonValues.truth(negated.value(scope));
        }
        return comparison();
    }

    private TemplateExpression comparison() {
        TemplateExpression left = sum();
        TemplateExpression all = null;
        while (true) {
            String operator = peek().text();
            if (peek().is("not") && tokens.get(at + 1).is("in")) {
                at++;
                operator = "not in";
            } else if (peek().kind() == Kind.STRING || !Set.of("==", "!=", "<", "<=", ">", ">=", "in")
                    .contains(operator)) {
                return all == null ? left : all;
            }
            at++;
            String compared = operator;
            TemplateExpression a = left;
            TemplateExpression b = sum();
            TemplateExpression before = all;
            all = scope -> (before == null || PythonValues.truth(before.value(scope)))
                    && compare(compared, a.value(scope), b.value(scope));
            left = b;
        }
    }

    private static boolean compare(String operator, Object a, Object b) {
        return switch (operator) {
            case "==" -> PythonValues.equal(a, b);
            case "!=" -> !PythonValues.equal(a, b);
            case "<" -> PythonValues.compare(a, b) < 0;
            case "<=" -> PythonValues.compare(a, b) <= 0;
            case ">" -> PythonValues.compare(a, b) > 0;
            case ">=" -> PythonValues.compare(a, b) >= 0;
            case "in" -> PythonValues.contains(b, a);
            default -> !PythonValues.contains(b, a);
        };
    }

    private TemplateExpression sum() {
        TemplateExpression left = concatenation();
        while (peek().is("+") || peek().is("-")) {
            left = arithmetic(next().text(), left, concatenation());
        }
        return left;
    }

    private TemplateExpression concatenation() {
        TemplateExpression left = product();
        while (accept("~")) {
            TemplateExpression a = left;
            TemplateExpression b = product();
            left = scope -> PythonValues.text(a.value(scope)) + PythonValues.text(b.value(scope));
        }
        return left;
    }

    private TemplateExpression product() {
        TemplateExpression left = power();
        while (peek().is("*") || peek().is("/") || peek().is("//") || peek().is("%")) {
            left = arithmetic(next().text(), left, power());
        }
        return left;
    }

    private TemplateExpression power() {
        TemplateExpression left = unary(true);
        while (accept("**")) {
            left = arithmetic("**", left, unary(true));
        }
        return left;
    }

    private static TemplateExpression arithmetic(String operator, TemplateExpression a, TemplateExpression b) {
        return scope -> PythonValues.arithmetic(operator, a.value(scope), b.value(scope));
    }

    private TemplateExpression unary(boolean filtered) {
        TemplateExpression value;
        if (accept("-")) {
            TemplateExpression negated = unary(false);
            value = scope -> PythonValues.arithmetic("-", 0L, negated.value(scope));
        } else if (accept("+")) {
            value = unary(false);
        } else {
            value = postfix(primary());
        }
        return filtered ? filters(value) : value;
    }

    private TemplateExpression primary() {
        Token token = next();
        if (token.kind() == Kind.STRING) {
            StringBuilder text = new StringBuilder((String) token.value());
            while (peek().kind() == Kind.STRING) {
                text.append(next().value());
            }
            String joined = text.toString();
            return scope -> joined;
        } else if (token.kind() == Kind.NUMBER) {
            return scope -> token.value();
        } else if (token.kind() == Kind.NAME) {
            return name(token.text());
        } else if (token.is("(")) {
            if (accept(")")) {
                return scope -> new ArrayList<>();
            }
            TemplateExpression inner = tuple(Kind.OPERATOR, ")");
            need(")");
            return inner;
        } else if (token.is("[")) {
            List<TemplateExpression> items = new ArrayList<>();
            while (!accept("]")) {
                items.add(condition());
                expect(accept(",") || peek().is("]"));
            }
            return scope -> values(items, scope);
        } else if (token.is("{")) {
            return dict();
        }
        at--;
        throw error();
    }

    private static TemplateExpression name(String name) {
        return switch (name) {
            case "true", "True" -> scope -> true;
            case "false", "False" -> scope -> false;
            case "none", "None" -> scope -> PythonValues.NONE;
            default -> scope -> scope.variable(name);
        };
    }

    private TemplateExpression dict() {
        Map<TemplateExpression, TemplateExpression> entries = new LinkedHashMap<>();
        while (!accept("}")) {
            TemplateExpression key = condition();
            need(":");
            entries.put(key, condition());
            expect(accept(",") || peek().is("}"));
        }
        return scope -> {
            Map<Object, Object> dict = new LinkedHashMap<>();
            entries.forEach((key, value) -> dict.put(key.value(scope), value.value(scope)));
            return dict;
        };
    }

    private TemplateExpression postfix(TemplateExpression start) {
        TemplateExpression value = start;
        String called = at > 0 && tokens.get(at - 1).kind() == Kind.NAME ? tokens.get(at - 1).text() : null;
        while (true) {
            TemplateExpression target = value;
            if (accept(".")) {
                expect(peek().kind() == Kind.NAME || peek().kind() == Kind.NUMBER);
                Token name = next();
                if (name.kind() == Kind.NAME && peek().is("(")) {
                    List<TemplateExpression> arguments = arguments();
                    value = scope -> PythonMethods.call(target.value(scope), name.text(), values(arguments, scope));
                } else {
                    Object key = name.kind() == Kind.NAME ? name.text() : name.value();
                    value = scope -> TemplateObjects.item(target.value(scope), key);
                }
            } else if (accept("[")) {
                value = subscript(target);
            } else if (peek().is("(")) {
                expect(called != null);
                String function = called;
                List<TemplateExpression> arguments = arguments();
                value = scope -> call(function, values(arguments, scope), scope);
            } else {
                return value;
            }
            called = null;
        }
    }

    private static Object call(String function, List<Object> arguments, TemplateExpression.Scope scope) {
        MacroFunction macro = scope.macro(function);
        return macro != null ? macro.evaluate(arguments.toArray()) : TemplateFunctions.call(function, arguments, scope);
    }

    private TemplateExpression subscript(TemplateExpression target) {
        TemplateExpression[] bounds = new TemplateExpression[3];
        int colons = 0;
        while (!accept("]")) {
            if (accept(":")) {
                expect(++colons <= 2);
            } else {
                expect(bounds[colons] == null);
                bounds[colons] = tuple(Kind.OPERATOR, "]");
            }
        }
        if (colons == 0) {
            expect(bounds[0] != null);
            return scope -> TemplateObjects.item(target.value(scope), bounds[0].value(scope));
        }
        return scope -> PythonValues.slice(TemplateObjects.defined(target.value(scope), "a sliced value"),
                bound(bounds[0], scope),
                bound(bounds[1], scope), bound(bounds[2], scope));
    }

    private static Object bound(TemplateExpression bound, TemplateExpression.Scope scope) {
        return bound == null ? null : bound.value(scope);
    }

    private TemplateExpression filters(TemplateExpression start) {
        TemplateExpression value = start;
        while (true) {
            TemplateExpression input = value;
            if (accept("|")) {
                String filter = next().text();
                List<TemplateExpression> arguments = peek().is("(") ? arguments() : List.of();
                expect(TemplateFilters.isKnown(filter), "no filter named '" + filter + "'");
                value = scope -> TemplateFilters.apply(filter, input.value(scope),
                        new TemplateArguments(values(arguments, scope)));
            } else if (accept("is")) {
                boolean negated = accept("not");
                String test = next().text();
                List<TemplateExpression> arguments = testArguments();
                expect(TemplateTests.isKnown(test), "no test named '" + test + "'");
                value = scope -> negated != TemplateTests.holds(test, input.value(scope), values(arguments, scope));
            } else {
                return value;
            }
        }
    }

    private List<TemplateExpression> testArguments() {
        Token token = peek();
        if (token.is("(")) {
            return arguments();
        }
        boolean argument = token.kind() == Kind.STRING || token.kind() == Kind.NUMBER || token.is("[") || token.is("{")
                || token.kind() == Kind.NAME && !NO_ARGUMENT.contains(token.text());
        return argument ? List.of(postfix(primary())) : List.of();
    }

    private List<TemplateExpression> arguments() {
        need("(");
        List<TemplateExpression> arguments = new ArrayList<>();
        while (!accept(")")) {
            if (peek().kind() == Kind.NAME && tokens.get(at + 1).is("=")) {
                String name = next().text();
                at++;
                TemplateExpression value = condition();
                arguments.add(scope -> new NamedParameter(name, value.value(scope)));
            } else {
                arguments.add(condition());
            }
            expect(accept(",") || peek().is(")"));
        }
        return arguments;
    }

    private static List<Object> values(List<TemplateExpression> expressions, TemplateExpression.Scope scope) {
        List<Object> values = new ArrayList<>(expressions.size());
        for (TemplateExpression expression : expressions) {
            values.add(expression.value(scope));
        }
        return values;
    }

    private Token peek() {
        return tokens.get(at);
    }

    private Token next() {
        Token token = tokens.get(at);
        expect(token.kind() != Kind.END);
        at++;
        return token;
    }

    private boolean accept(String text) {
        boolean found = peek().is(text) && peek().kind() != Kind.END;
        at += found ? 1 : 0;
        return found;
    }

    private void need(String text) {
        expect(accept(text));
    }

    private void expect(boolean condition) {
        if (!condition) {
            throw error();
        }
    }

    private void expect(boolean condition, String message) {
        if (!condition) {
            throw new TemplateError(message);
        }
    }

    private TemplateError error() {
        String found = peek().kind() == Kind.END ? "its end" : "'" + peek().text() + "'";
        return new TemplateError("unexpected " + found + " in '" + source + "'");
    }
}
