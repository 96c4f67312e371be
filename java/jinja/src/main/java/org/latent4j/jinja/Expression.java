package org.latent4j.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What can be evaluated in a scope. */
sealed interface Expression {
    /** Evaluates within the budget; whoever evaluates a part of an expression calls this. */
    default Object value(Scope scope) {
        scope.budget.enter();
        try {
            return evaluate(scope);
        } finally {
            scope.budget.leave();
        }
    }

    Object evaluate(Scope scope);

    private static List<Object> values(List<Expression> expressions, Scope scope) {
        scope.budget.items(expressions.size());
        List<Object> values = new ArrayList<>(expressions.size());
        for (Expression expression : expressions) {
            values.add(expression.value(scope));
        }
        return values;
    }

    record Literal(Object constant) implements Expression {
        @Override
        public Object evaluate(Scope scope) {
            return constant;
        }
    }

    record Name(String name) implements Expression {
        @Override
        public Object evaluate(Scope scope) {
            return scope.get(name);
        }
    }

    record ListLiteral(List<Expression> items, boolean tuple) implements Expression {
        @Override
        public Object evaluate(Scope scope) {
            List<Object> values = values(items, scope);
            return tuple ? new Tuple(values, false) : values;
        }
    }

    record DictLiteral(List<Expression> keys, List<Expression> items) implements Expression {
        @Override
        public Object evaluate(Scope scope) {
            Dict dict = new Dict();
            for (int i = 0; i < keys.size(); i++) {
                dict.put(keys.get(i).value(scope), items.get(i).value(scope), scope.budget);
            }
            return dict;
        }
    }

    record And(Expression left, Expression right) implements Expression {
        @Override
        public Object evaluate(Scope scope) {
            Object value = left.value(scope);
            return Values.truth(value) ? right.value(scope) : value;
        }
    }

    record Or(Expression left, Expression right) implements Expression {
        @Override
        public Object evaluate(Scope scope) {
            Object value = left.value(scope);
            return Values.truth(value) ? value : right.value(scope);
        }
    }

    record Not(Expression operand) implements Expression {
        @Override
        public Object evaluate(Scope scope) {
            return !Values.truth(operand.value(scope));
        }
    }

    record Conditional(Expression test, Expression then, Expression otherwise, int line) implements Expression {
        @Override
        public Object evaluate(Scope scope) {
            if (Values.truth(test.value(scope))) {
                return then.value(scope);
            }
            return otherwise != null ? otherwise.value(scope) : new Undefined("the inline if-expression on line " + line
                    + " evaluated to false and no else section was defined.");
        }
    }

    record Comparison(Expression first, List<String> operators, List<Expression> others) implements Expression {
        @Override
        public Object evaluate(Scope scope) {
            Object left = first.value(scope);
            for (int i = 0; i < others.size(); i++) {
                Object right = others.get(i).value(scope);
                if (!Operators.compare(operators.get(i), left, right, scope.budget)) {
                    return false;
                }
                left = right;
            }
            return true;
        }
    }

    record Binary(String operator, Expression left, Expression right) implements Expression {
        @Override
        public Object evaluate(Scope scope) {
            return Operators.binary(operator, left.value(scope), right.value(scope), scope.render);
        }
    }

    record Sign(boolean minus, Expression operand) implements Expression {
        @Override
        public Object evaluate(Scope scope) {
            return Operators.sign(minus, operand.value(scope));
        }
    }

    record Concat(List<Expression> parts) implements Expression {
        @Override
        public Object evaluate(Scope scope) {
            TextBuilder out = new TextBuilder(scope.budget);
            for (Object part : values(parts, scope)) {
                out.append(Values.text(part, scope.budget));
            }
            return out.toString();
        }
    }

    record Attribute(Expression target, String name) implements Expression {
        @Override
        public Object evaluate(Scope scope) {
            return Attributes.get(target.value(scope), name, scope.budget);
        }
    }

    record Item(Expression target, Expression key) implements Expression {
        @Override
        public Object evaluate(Scope scope) {
            return Attributes.item(target.value(scope), key.value(scope), scope.budget);
        }
    }

    record Slice(Expression target, Expression from, Expression to, Expression step) implements Expression {
        @Override
        public Object evaluate(Scope scope) {
            Object value = target.value(scope);
            return Attributes.slice(value, bound(from, scope), bound(to, scope), bound(step, scope), scope.budget);
        }

        private static Object bound(Expression bound, Scope scope) {
            return bound == null ? null : bound.value(scope);
        }
    }

    /** The arguments of a call as they are written; rest and named parts may be null. */
    record Given(List<Expression> positional, Map<String, Expression> named, Expression rest, Expression restNamed) {
        static final Given NOTHING = new Given(List.of(), Map.of(), null, null);

        Arguments values(Scope scope) {
            if (this == NOTHING) {
                return Arguments.NONE;
            }
            List<Object> values = Expression.values(positional, scope);
            Map<String, Object> byName = new LinkedHashMap<>();
            if (rest != null) {
                values.addAll(Values.list(rest.value(scope), scope.budget));
            }
            named.forEach((name, value) -> byName.put(name, value.value(scope)));
            if (restNamed != null) {
                if (!(restNamed.value(scope) instanceof Dict more)) {
                    throw new TemplateException("argument after ** must be a mapping");
                }
                for (Object key : more.keys(scope.budget)) {
                    if (!(key instanceof String name) || byName.containsKey(name)) {
                        throw new TemplateException("keywords must be texts, each once");
                    }
                    byName.put(name, more.at(name));
                }
            }
            return new Arguments(values, byName);
        }
    }

    record Call(Expression target, Given given, int line) implements Expression {
        @Override
        public Object evaluate(Scope scope) {
            return call(target.value(scope), given.values(scope), scope, line);
        }

        static Object call(Object function, Arguments arguments, Scope scope, int line) {
            scope.render.line = line;
            if (function instanceof Callable callable) {
                return callable.call(arguments, scope.render);
            }
            throw function instanceof Undefined undefined ? undefined.error()
                    : new TemplateException("'" + Values.type(function) + "' object is not callable");
        }
    }

    record Filter(Expression target, String name, Given given, int line) implements Expression {
        @Override
        public Object evaluate(Scope scope) {
            Object value = target.value(scope);
            Arguments arguments = given.values(scope);
            scope.render.line = line;
            return Filters.apply(name, value, arguments, scope.render);
        }
    }

    record Test(Expression target, String name, Given given, int line) implements Expression {
        @Override
        public Object evaluate(Scope scope) {
            Object value = target.value(scope);
            Arguments arguments = given.values(scope);
            scope.render.line = line;
            return Tests.check(name, value, arguments, scope.render);
        }
    }
}
