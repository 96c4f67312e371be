package org.latent4j.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A macro, or what a call block hands to one as {@code caller}: a body and the scope that it was written in. */
final class Macro implements Callable {
    private final Statement.MacroBody body;
    private final Scope home;

    Macro(Statement.MacroBody body, Scope home) {
        this.body = body;
        this.home = home;
    }

    String shown(Budget budget) {
        return body.name() == null ? "anonymous" : Repr.of(body.name(), budget);
    }

    Object attribute(String name) {
        return switch (name) {
            case "name" -> body.name();
            case "arguments" -> new Tuple(new ArrayList<>(body.parameters()), false);
            case "caller" -> body.usesCaller();
            case "catch_kwargs" -> body.usesNamed();
            case "catch_varargs" -> body.usesRest();
            default -> new Undefined("'Macro' has no attribute '" + name + "'");
        };
    }

    @Override
    public Object call(Arguments arguments, Render render) {
        Scope scope = home.inner();
        List<String> parameters = body.parameters();
        Map<String, Object> named = new LinkedHashMap<>(arguments.named());
        List<Integer> missing = new ArrayList<>();
        int given = Math.min(arguments.positional().size(), parameters.size());
        for (int i = 0; i < parameters.size(); i++) {
            String name = parameters.get(i);
            if (i < given) {
                scope.set(name, arguments.positional().get(i));
            } else if (named.containsKey(name)) {
                scope.set(name, named.remove(name));
            } else {
                scope.set(name, new Undefined("parameter '" + name + "' was not provided"));
                missing.add(i);
            }
        }
        for (int i : missing) { // in order, as a default may name the parameters before it
            int fallback = i - (parameters.size() - body.defaults().size());
            if (fallback >= 0) {
                scope.set(parameters.get(i), body.defaults().get(fallback).value(scope));
            }
        }
        special(arguments, named, scope);
        int line = render.line;
        TextBuilder out = new TextBuilder(render.budget);
        Statement.run(body.body(), scope, out);
        render.line = line;
        return out.toString();
    }

    private void special(Arguments arguments, Map<String, Object> named, Scope scope) {
        String shown = "macro '" + body.name() + "' takes ";
        if (body.usesCaller() && !body.parameters().contains("caller")) {
            Object caller = named.remove("caller");
            scope.set("caller", caller == null ? new Undefined("No caller defined") : caller);
        }
        if (body.usesNamed()) {
            Dict rest = new Dict();
            named.forEach((name, value) -> rest.put(name, value, scope.budget));
            scope.set("kwargs", rest);
        } else if (!named.isEmpty()) {
            throw new TemplateException(shown + "no keyword argument '" + named.keySet().iterator().next() + "'");
        }
        int parameters = body.parameters().size();
        if (body.usesRest()) {
            scope.set("varargs", new Tuple(arguments.without(parameters).positional(), false));
        } else if (arguments.positional().size() > parameters) {
            throw new TemplateException(shown + "not more than " + parameters + " argument(s)");
        }
    }
}
