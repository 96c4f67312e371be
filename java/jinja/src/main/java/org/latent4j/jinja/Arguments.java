package org.latent4j.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What a call hands over, by place and by name. */
record Arguments(List<Object> positional, Map<String, Object> named) {
    static final Arguments NONE = new Arguments(List.of(), Map.of());
    private static final Object MISSING = new Object();

    /** Arguments in the order of the parameters of a function, the first few of which must be given. */
    record Bound(String function, Object[] values) {
        boolean has(int index) {
            return values[index] != MISSING;
        }

        Object get(int index, Object other) {
            return has(index) ? values[index] : other;
        }

        Object get(int index) {
            return values[index];
        }

        String text(int index, String other) {
            Object value = get(index, other);
            if (!(value instanceof String) && value != other) {
                throw new TemplateException(function + "() expects a text, got '" + Values.type(value) + "'");
            }
            return (String) value;
        }

        boolean truth(int index) {
            return has(index) && Values.truth(values[index]);
        }

        /** An integer, cut to what an int holds. */
        int integer(int index, int other) {
            return has(index) ? Numbers.clamped(values[index], function) : other;
        }
    }

    Bound bind(String function, int required, String... parameters) {
        Object[] values = new Object[parameters.length];
        if (positional.size() > parameters.length) {
            throw new TemplateException(function + "() takes at most " + parameters.length + " arguments, got "
                    + positional.size());
        }
        Map<String, Object> rest = new LinkedHashMap<>(named);
        for (int i = 0; i < parameters.length; i++) {
            boolean byName = rest.containsKey(parameters[i]);
            if (byName && i < positional.size()) {
                throw new TemplateException(function + "() got two values for '" + parameters[i] + "'");
            }
            values[i] = i < positional.size() ? positional.get(i) : byName ? rest.remove(parameters[i]) : MISSING;
            if (values[i] == MISSING && i < required) {
                throw new TemplateException(function + "() needs the argument '" + parameters[i] + "'");
            }
        }
        if (!rest.isEmpty()) {
            throw new TemplateException(function + "() takes no argument '" + rest.keySet().iterator().next() + "'");
        }
        return new Bound(function, values);
    }

    /** As {@link #bind}, for Python's functions that know no names. */
    Bound places(String function, int required, int most) {
        String[] names = new String[most];
        for (int i = 0; i < most; i++) {
            names[i] = " " + (i + 1);
        }
        return bind(function, required, names);
    }

    Arguments without(int first) {
        return new Arguments(new ArrayList<>(positional.subList(Math.min(first, positional.size()),
                positional.size())), named);
    }
}
