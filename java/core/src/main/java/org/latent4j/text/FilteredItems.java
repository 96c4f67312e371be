package org.latent4j.text;

import com.hubspot.jinjava.lib.fn.MacroFunction;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The items of {@code for names in all if test}. Chosen before the loop begins, so that loop.index counts only these.
 */
record FilteredItems(TemplateExpression all, List<String> names,
        TemplateExpression test) implements TemplateExpression {
    @Override
    public Object value(Scope scope) {
        List<Object> chosen = new ArrayList<>();
        for (Object item : PythonValues.list(all.value(scope))) {
            if (PythonValues.truth(test.value(new ItemScope(scope, bind(item))))) {
                chosen.add(item);
            }
        }
        return chosen;
    }

    private Map<String, Object> bind(Object item) {
        Map<String, Object> bound = new HashMap<>();
        for (int i = 0; i < names.size(); i++) {
            bound.put(names.get(i), names.size() == 1 ? item : TemplateObjects.item(item, (long) i));
        }
        return bound;
    }

    private record ItemScope(Scope outer, Map<String, Object> bound) implements Scope {
        @Override
        public Object variable(String name) {
            return bound.containsKey(name) ? bound.get(name) : outer.variable(name);
        }

        @Override
        public MacroFunction macro(String name) {
            return outer.macro(name);
        }

        @Override
        public Clock clock() {
            return outer.clock();
        }
    }
}
