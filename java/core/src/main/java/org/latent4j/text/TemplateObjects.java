package org.latent4j.text;

import com.hubspot.jinjava.util.ForLoop;
import java.util.List;
import java.util.Map;

/** Attributes and items of a template's values. */
final class TemplateObjects {
    private TemplateObjects() {}

    /** target.key or target[key]; undefined (null) if a dict has no such key or a list no such index. */
    static Object item(Object target, Object key) {
        defined(target, "a value whose '" + PythonValues.text(key) + "' is asked for");
        if (target instanceof Map<?, ?> map) {
            return map.get(key);
        } else if (target instanceof ForLoop loop) {
            return loop(loop, PythonValues.text(key));
        } else if ((target instanceof List<?> || target instanceof String) && key instanceof Number) {
            int size = target instanceof String s ? s.length() : ((List<?>) target).size();
            long index = PythonValues.index(key);
            int at = (int) (index < 0 ? index + size : index);
            boolean inside = at >= 0 && at < size;
            return !inside ? null : target instanceof String s ? String.valueOf(s.charAt(at))
                    : ((List<?>) target).get(at);
        }
        return null;
    }

    /** The value, unless it is undefined. */
    static Object defined(Object value, String what) {
        if (value == null) {
            throw new TemplateError(what + " is undefined");
        }
        return value;
    }

    private static Object loop(ForLoop loop, String key) {
        return switch (key) {
            case "index" -> (long) loop.getIndex();
            case "index0" -> (long) loop.getIndex0();
            case "revindex" -> (long) loop.getRevindex();
            case "revindex0" -> (long) loop.getRevindex0();
            case "first" -> loop.isFirst();
            case "last" -> loop.isLast();
            case "length" -> (long) loop.getLength();
            case "depth" -> (long) loop.getDepth();
            default -> throw new TemplateError("loop." + key + " is not supported");
        };
    }
}
