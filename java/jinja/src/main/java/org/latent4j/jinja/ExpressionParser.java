package org.latent4j.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/** Reads expressions with Jinja2's precedence. */
class ExpressionParser extends TokenStream {
    private static final Set<String> COMPARE = Set.of("==", "!=", "<", "<=", ">", ">=");
    private static final Set<String> PRODUCT = Set.of("*", "/", "//", "%");
    private static final Set<String> ARGUMENT = Set.of("name", "string", "integer", "float", "[", "{");

    TemplateException unknown; // a filter or test that no condition guards

    ExpressionParser(List<Token> tokens) {
        super(tokens);
    }

    Expression expression() {
        enter();
        TemplateException before = unknown;
        Expression then = or();
        while (atName("if")) {
            int line = next().line();
            unknown = before;
            boolean outer = optional;
            optional = true; // as in Jinja2: what is unknown in a branch fails when the branch is taken
            Expression test = or();
            Expression otherwise = skipName("else") ? expression() : null;
            then = new Expression.Conditional(test, then, otherwise, line);
            optional = outer;
        }
        leave();
        return then;
    }

    Expression or() {
        Expression left = and();
        while (skipName("or")) {
            left = new Expression.Or(left, and());
        }
        return left;
    }

    private Expression and() {
        Expression left = not();
        while (skipName("and")) {
            left = new Expression.And(left, not());
        }
        return left;
    }

    private Expression not() {
        if (!skipName("not")) {
            return comparison();
        }
        enter();
        Expression operand = not();
        leave();
        return new Expression.Not(operand);
    }

    private Expression comparison() {
        Expression first = sum();
        List<String> operators = new ArrayList<>();
        List<Expression> others = new ArrayList<>();
        while (true) {
            if (COMPARE.contains(current().type())) {
                operators.add(next().type());
            } else if (skipName("in")) {
                operators.add("in");
            } else if (atName("not") && after().isName("in")) {
                next();
                next();
                operators.add("not in");
            } else {
                return others.isEmpty() ? first : new Expression.Comparison(first, operators, others);
            }
            others.add(sum());
        }
    }

    private Expression sum() {
        Expression left = concat();
        while (at("+") || at("-")) {
            left = new Expression.Binary(next().type(), left, concat());
        }
        return left;
    }

    private Expression concat() {
        List<Expression> parts = new ArrayList<>(List.of(product()));
        while (skip("~")) {
            parts.add(product());
        }
        return parts.size() == 1 ? parts.get(0) : new Expression.Concat(parts);
    }

    private Expression product() {
        Expression left = power();
        while (PRODUCT.contains(current().type())) {
            left = new Expression.Binary(next().type(), left, power());
        }
        return left;
    }

    private Expression power() {
        Expression left = unary(true);
        while (skip("**")) {
            left = new Expression.Binary("**", left, unary(true));
        }
        return left;
    }

    private Expression unary(boolean filtered) {
        Expression expression;
        if (at("-") || at("+")) {
            enter();
            expression = new Expression.Sign(next().is("-"), unary(false));
            leave();
        } else {
            expression = primary();
        }
        expression = postfix(expression);
        return filtered ? filters(expression) : expression;
    }

    Expression primary() {
        Token token = next();
        switch (token.type()) {
            case "name":
                return switch ((String) token.value()) {
                    case "true", "True" -> new Expression.Literal(true);
                    case "false", "False" -> new Expression.Literal(false);
                    case "none", "None" -> new Expression.Literal(null);
                    default -> new Expression.Name((String) token.value());
                };
            case "string":
                StringBuilder text = new StringBuilder((String) token.value());
                while (at("string")) {
                    text.append(next().value());
                }
                return new Expression.Literal(text.toString());
            case "integer", "float":
                return new Expression.Literal(token.value());
            case "(":
                Expression inside = tuple(true, true);
                expect(")");
                return inside;
            case "[":
                return new Expression.ListLiteral(separated("]", this::expression), false);
            case "{":
                List<Expression> values = new ArrayList<>();
                List<Expression> keys = separated("}", () -> {
                    Expression key = expression();
                    expect(":");
                    values.add(expression());
                    return key;
                });
                return new Expression.DictLiteral(keys, values);
            default:
                throw error(token, "unexpected " + token.described());
        }
    }

    private <T> List<T> separated(String close, Supplier<T> part) {
        List<T> parts = new ArrayList<>();
        while (!at(close)) {
            if (!parts.isEmpty()) {
                expect(",");
                if (at(close)) {
                    break;
                }
            }
            parts.add(part.get());
        }
        expect(close);
        return parts;
    }

    /** One expression, or several with commas as a tuple. */
    Expression tuple(boolean conditional, boolean emptyAllowed, String... ends) {
        List<Expression> items = new ArrayList<>();
        boolean tuple = false;
        while (!(at("variable_end") || at("block_end") || at(")") || atName(ends))) {
            items.add(conditional ? expression() : or());
            if (!skip(",")) {
                break;
            }
            tuple = true;
        }
        if (!tuple && items.size() == 1) {
            return items.get(0);
        }
        if (!tuple && !emptyAllowed) {
            throw error("expected an expression, got " + current().described());
        }
        return new Expression.ListLiteral(items, true);
    }

    Expression postfix(Expression start) {
        Expression expression = start;
        while (true) {
            if (skip(".")) {
                if (!at("name") && !at("integer")) {
                    throw error("expected a name or number after '.', got " + current().described());
                }
                Token token = next();
                expression = token.is("name") ? new Expression.Attribute(expression, (String) token.value())
                        : new Expression.Item(expression, new Expression.Literal(token.value()));
            } else if (skip("[")) {
                expression = subscript(expression);
            } else if (at("(")) {
                int line = current().line();
                expression = new Expression.Call(expression, given(), line);
            } else {
                return expression;
            }
        }
    }

    private Expression subscript(Expression target) {
        Expression from = at(":") ? null : expression();
        if (at("]")) {
            next();
            return new Expression.Item(target, from);
        }
        if (skip(",")) {
            List<Expression> items = new ArrayList<>(List.of(from));
            items.addAll(separated("]", this::expression));
            return new Expression.Item(target, new Expression.ListLiteral(items, true));
        }
        expect(":");
        Expression to = at(":") || at("]") ? null : expression();
        Expression step = skip(":") && !at("]") ? expression() : null;
        expect("]");
        return new Expression.Slice(target, from, to, step);
    }

    Expression.Given given() {
        expect("(");
        List<Expression> positional = new ArrayList<>();
        Map<String, Expression> named = new LinkedHashMap<>();
        Expression[] rest = new Expression[2];
        separated(")", () -> {
            boolean afterRest = rest[0] != null || rest[1] != null;
            if (at("*") || at("**")) {
                int kind = next().is("*") ? 0 : 1;
                if (rest[1] != null || kind == 0 && rest[0] != null) {
                    throw error("invalid syntax for function call expression");
                }
                rest[kind] = expression();
            } else if (at("name") && after().is("=")) {
                String name = name();
                next();
                if (rest[1] != null || named.put(name, expression()) != null) {
                    throw error("invalid syntax for function call expression");
                }
            } else if (afterRest || !named.isEmpty()) {
                throw error("invalid syntax for function call expression");
            } else {
                positional.add(expression());
            }
            return null;
        });
        return new Expression.Given(positional, named, rest[0], rest[1]);
    }

    private Expression filters(Expression start) {
        Expression expression = start;
        while (true) {
            if (at("|")) {
                expression = filter(expression);
            } else if (atName("is")) {
                expression = test(expression);
            } else if (at("(")) {
                int line = current().line();
                expression = new Expression.Call(expression, given(), line);
            } else {
                return expression;
            }
        }
    }

    /** One filter after a bar, or, for a filter block, without it. */
    Expression filter(Expression target) {
        skip("|");
        Token token = current();
        String name = dotted();
        if (!optional && !Filters.knows(name)) {
            unknown = unknown != null ? unknown : error(token, "No filter named '" + name + "'.");
        }
        return new Expression.Filter(target, name, at("(") ? given() : Expression.Given.NOTHING, token.line());
    }

    private String dotted() {
        StringBuilder name = new StringBuilder(name());
        while (skip(".")) {
            name.append('.').append(name());
        }
        return name.toString();
    }

    private Expression test(Expression target) {
        Token token = next();
        boolean negated = skipName("not");
        String name = dotted();
        if (!optional && !Tests.knows(name)) {
            unknown = unknown != null ? unknown : error(token, "No test named '" + name + "'.");
        }
        Expression.Given given = Expression.Given.NOTHING;
        if (at("(")) {
            given = given();
        } else if (ARGUMENT.contains(current().type()) && !atName("else", "or", "and")) {
            if (atName("is")) {
                throw error("You cannot chain multiple tests with is");
            }
            given = new Expression.Given(List.of(postfix(primary())), Map.of(), null, null);
        }
        Expression test = new Expression.Test(target, name, given, token.line());
        return negated ? new Expression.Not(test) : test;
    }
}
