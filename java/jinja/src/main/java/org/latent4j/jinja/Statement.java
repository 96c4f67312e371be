package org.latent4j.jinja;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;

/** What a template does when it is rendered. */
sealed interface Statement {
    /** Where rendering goes on. */
    enum Flow { NEXT, BREAK, CONTINUE }

    /** The name, which no template can write, of a block's text while its filters run. */
    String BLOCK = "\0block";

    Flow run(Scope scope, TextBuilder out);

    int line();

    static Flow run(List<Statement> statements, Scope scope, TextBuilder out) {
        scope.budget.enter();
        for (Statement statement : statements) {
            scope.budget.step(1);
            scope.render.line = statement.line();
            Flow flow = statement.run(scope, out);
            if (flow != Flow.NEXT) {
                scope.budget.leave();
                return flow;
            }
        }
        scope.budget.leave();
        return Flow.NEXT;
    }

    record Data(String text, int line) implements Statement {
        @Override
        public Flow run(Scope scope, TextBuilder out) {
            out.append(text);
            return Flow.NEXT;
        }
    }

    record Print(Expression expression, int line) implements Statement {
        @Override
        public Flow run(Scope scope, TextBuilder out) {
            out.append(Values.text(expression.value(scope), scope.budget));
            return Flow.NEXT;
        }
    }

    record If(Expression test, List<Statement> then, List<Statement> otherwise, int line) implements Statement {
        @Override
        public Flow run(Scope scope, TextBuilder out) {
            return Statement.run(Values.truth(test.value(scope)) ? then : otherwise, scope, out);
        }
    }

    record Jump(Flow flow, int line) implements Statement {
        @Override
        public Flow run(Scope scope, TextBuilder out) {
            return flow;
        }
    }

    /** What can be assigned to: a name, an attribute of a namespace, or several in a tuple. */
    record Target(String name, String attribute, List<Target> parts) {
        void assign(Object value, Scope scope) {
            if (parts != null) {
                unpack(value, scope);
            } else if (attribute == null) {
                scope.set(name, value);
            } else if (scope.get(name) instanceof Namespace namespace) {
                namespace.attributes.put(attribute, value, scope.budget);
            } else {
                throw new TemplateException("cannot assign attribute on non-namespace object");
            }
        }

        private void unpack(Object value, Scope scope) {
            Iterator<Object> items = Values.iterator(value, scope.budget);
            for (Target part : parts) {
                if (!items.hasNext()) {
                    throw new TemplateException("not enough values to unpack (expected " + parts.size() + ")");
                }
                part.assign(items.next(), scope);
            }
            if (items.hasNext()) {
                throw new TemplateException("too many values to unpack (expected " + parts.size() + ")");
            }
        }
    }

    record Set(Target target, Expression value, int line) implements Statement {
        @Override
        public Flow run(Scope scope, TextBuilder out) {
            target.assign(value.value(scope), scope);
            return Flow.NEXT;
        }
    }

    /** A block's text through filters, to a target or, without one, to the output. */
    record Capture(Target target, Expression filters, List<Statement> body, int line) implements Statement {
        @Override
        public Flow run(Scope scope, TextBuilder out) {
            TextBuilder text = new TextBuilder(scope.budget);
            Scope inner = scope.inner();
            Flow flow = Statement.run(body, inner, text);
            if (flow != Flow.NEXT) {
                return flow;
            }
            Object value = text.toString();
            if (filters != null) {
                inner.set(BLOCK, value);
                value = filters.value(inner);
            }
            if (target == null) {
                out.append(Values.text(value, scope.budget));
            } else {
                target.assign(value, scope);
            }
            return Flow.NEXT;
        }
    }

    record With(List<Target> targets, List<Expression> values, List<Statement> body, int line) implements Statement {
        @Override
        public Flow run(Scope scope, TextBuilder out) {
            Scope inner = scope.inner();
            for (int i = 0; i < targets.size(); i++) {
                targets.get(i).assign(values.get(i).value(scope), inner);
            }
            return Statement.run(body, inner, out);
        }
    }

    record For(Target target, Expression items, Expression test, boolean recursive, List<Statement> body,
            List<Statement> otherwise, int line) implements Statement {
        @Override
        public Flow run(Scope scope, TextBuilder out) {
            loop(items.value(scope), 0, scope, out);
            return Flow.NEXT;
        }

        private void loop(Object iterable, int depth0, Scope scope, TextBuilder out) {
            Iterator<Object> all = Values.iterator(iterable, scope.budget);
            Callable again = (arguments, render) -> {
                TextBuilder text = new TextBuilder(scope.budget);
                int from = render.line;
                loop(arguments.positional().get(0), (int) arguments.positional().get(1), scope, text);
                render.line = from;
                return text.toString();
            };
            Iterator<Object> chosen = test == null ? all : new Chosen(all, this, scope);
            Loop loop = new Loop(test == null ? iterable : Iteration.once(chosen), chosen, recursive ? again : null,
                    depth0, scope.budget);
            boolean unfinished = true;
            while (loop.hasNext()) {
                Scope inner = scope.inner();
                inner.set("loop", loop);
                target.assign(loop.next(), inner);
                Flow flow = Statement.run(body, inner, out);
                unfinished &= flow != Flow.NEXT;
                if (flow == Flow.BREAK) {
                    break;
                }
            }
            if (unfinished) { // as in Jinja2: no item, or none whose body came to its end
                Statement.run(otherwise, scope.inner(), out);
            }
        }
    }

    /** The items that a loop's test chooses, each tested no sooner than it is needed. */
    final class Chosen implements Iterator<Object> {
        private final Iterator<Object> items;
        private final For loop;
        private final Scope scope;
        private Object next;
        private boolean ready;

        Chosen(Iterator<Object> items, For loop, Scope scope) {
            this.items = items;
            this.loop = loop;
            this.scope = scope;
        }

        @Override
        public boolean hasNext() {
            while (!ready && items.hasNext()) {
                scope.budget.step(1);
                next = items.next();
                Scope inner = scope.inner();
                loop.target.assign(next, inner);
                ready = Values.truth(loop.test.value(inner));
            }
            return ready;
        }

        @Override
        public Object next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            ready = false;
            return next;
        }
    }

    /** A macro's parameters and text; the last parameters have defaults. */
    record MacroBody(String name, List<String> parameters, List<Expression> defaults, List<Statement> body,
            boolean usesCaller, boolean usesNamed, boolean usesRest) { }

    record DefineMacro(MacroBody macro, int line) implements Statement {
        @Override
        public Flow run(Scope scope, TextBuilder out) {
            scope.set(macro.name(), new Macro(macro, scope));
            return Flow.NEXT;
        }
    }

    record CallBlock(Expression.Call call, MacroBody caller, int line) implements Statement {
        @Override
        public Flow run(Scope scope, TextBuilder out) {
            Arguments given = call.given().values(scope);
            Map<String, Object> named = new LinkedHashMap<>(given.named());
            if (named.put("caller", new Macro(caller, scope)) != null) {
                throw new TemplateException("a call block gives 'caller' itself");
            }
            Object text = Expression.Call.call(call.target().value(scope),
                    new Arguments(given.positional(), named), scope, line);
            out.append(Values.text(text, scope.budget));
            return Flow.NEXT;
        }
    }
}
