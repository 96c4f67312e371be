package org.latent4j.text;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/** JSON as Python's json.dumps(value, ensure_ascii=False, indent=indent) writes it: transformers' {@code tojson}. */
final class TemplateJson {
    private TemplateJson() {}

    static String write(Object value, Object indent) {
        StringBuilder out = new StringBuilder();
        write(value, indent == null || indent == PythonValues.NONE ? -1 : (int) PythonValues.index(indent), 1, out);
        return out.toString();
    }

    private static void write(Object value, int indent, int depth, StringBuilder out) {
        if (value instanceof Map<?, ?> map) {
            List<String> entries = new ArrayList<>();
            map.forEach((key, each) -> {
                StringBuilder entry = new StringBuilder(string(PythonValues.text(key))).append(": ");
                write(each, indent, depth + 1, entry);
                entries.add(entry.toString());
            });
            enclose('{', entries, '}', indent, depth, out);
        } else if (value instanceof Collection<?> items) {
            List<String> entries = new ArrayList<>();
            items.forEach(each -> {
                StringBuilder entry = new StringBuilder();
                write(each, indent, depth + 1, entry);
                entries.add(entry.toString());
            });
            enclose('[', entries, ']', indent, depth, out);
        } else if (value instanceof String s) {
            out.append(string(s));
        } else if (value == PythonValues.NONE) {
            out.append("null");
        } else {
            out.append(TemplateObjects.defined(value, "a value given to tojson"));
        }
    }

    private static void enclose(char open, List<String> entries, char close, int indent, int depth, StringBuilder out) {
        if (indent < 0 || entries.isEmpty()) {
            out.append(open).append(String.join(", ", entries)).append(close);
            return;
        }
        String line = "\n" + " ".repeat(indent * depth);
        out.append(open).append(line).append(String.join("," + line, entries)).append('\n')
                .append(" ".repeat(indent * (depth - 1)))
                .append(close);
    }

    private static String string(String s) {
        try {
            return JsonFiles.JSON.writeValueAsString(s);
        } catch (JsonProcessingException e) {
            throw new TemplateError("a string cannot be written as JSON: " + e.getMessage());
        }
    }
}
