package org.latent4j.jinja;

import java.util.HashMap;
import java.util.Map;

/** The names of a template, loop body, macro or block, and of what lies around it in the text. */
final class Scope {
    final Render render;
    final Budget budget;
    private final Scope parent;
    private final Map<String, Object> names = new HashMap<>();

    Scope(Render render, Scope parent) {
        this.render = render;
        this.budget = render.budget;
        this.parent = parent;
    }

    Scope inner() {
        return new Scope(render, this);
    }

    void set(String name, Object value) {
        budget.items(1);
        names.put(name, value);
    }

    Object get(String name) {
        for (Scope scope = this; scope != null; scope = scope.parent) {
            Object value = scope.names.get(name);
            if (value != null || scope.names.containsKey(name)) {
                return value;
            }
        }
        Callable global = Globals.find(name);
        return global != null ? global : new Undefined("'" + name + "' is undefined");
    }
}
