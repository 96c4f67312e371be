package org.latent4j.text;

import com.hubspot.jinjava.el.ext.NamedParameter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The arguments of a filter or function, by place and by name. */
final class TemplateArguments {
    private final List<Object> positional = new ArrayList<>();
    private final Map<String, Object> named = new LinkedHashMap<>();

    TemplateArguments(List<Object> arguments) {
        for (Object argument : arguments) {
            if (argument instanceof NamedParameter parameter) {
                named.put(parameter.getName(), parameter.getValue());
            } else {
                positional.add(argument);
            }
        }
    }

    List<Object> positional() {
        return positional;
    }

    Map<String, Object> named() {
        return named;
    }

    /** The argument of this place (-1: only by name) or name, or the default. */
    Object get(int place, String name, Object otherwise) {
        return place >= 0 && place < positional.size() ? positional.get(place) : named.getOrDefault(name, otherwise);
    }

    String text(int place, String name, String otherwise) {
        return PythonValues.text(get(place, name, otherwise));
    }

    boolean truth(int place, String name) {
        return PythonValues.truth(get(place, name, false));
    }

    /** Those from a place on. */
    List<Object> from(int place) {
        return positional.subList(Math.min(place, positional.size()), positional.size());
    }
}
