package org.latent4j.text;

import com.hubspot.jinjava.objects.Namespace;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The functions a chat template may call: Jinja2's own and those transformers adds. */
final class TemplateFunctions {
    private static final int LONGEST_RANGE = 1 << 20;

    private TemplateFunctions() {}

    /** Whether a name is defined without being a variable ({@code strftime_now is defined}). */
    static boolean isKnown(String name) {
        return List.of("raise_exception", "strftime_now", "namespace", "range", "dict").contains(name);
    }

    static Object call(String name, List<Object> values, TemplateExpression.Scope scope) {
        TemplateArguments a = new TemplateArguments(values);
        return switch (name) {
            case "raise_exception" -> throw new TemplateError(a.text(0, "message", ""));
            case "strftime_now" -> strftime(LocalDateTime.now(scope.clock()), a.text(0, "format", ""));
            case "namespace" -> new Namespace(dict(a));
            case "dict" -> dict(a);
            case "range" -> range(a.positional());
            default -> throw new TemplateError("'" + name + "' is undefined: no such function or macro");
        };
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> dict(TemplateArguments a) {
        Map<String, Object> result = new LinkedHashMap<>();
        a.positional().forEach(map -> result.putAll((Map<String, Object>) map));
        result.putAll(a.named());
        return result;
    }

    private static List<Object> range(List<Object> bounds) {
        long start = bounds.size() > 1 ? PythonValues.index(bounds.get(0)) : 0;
        long stop = PythonValues.index(bounds.get(bounds.size() > 1 ? 1 : 0));
        long step = bounds.size() > 2 ? PythonValues.index(bounds.get(2)) : 1;
        if (step == 0 || Math.abs((stop - start) / step) > LONGEST_RANGE) {
            throw new TemplateError("range(" + start + ", " + stop + ", " + step + ") is too long");
        }
        List<Object> result = new ArrayList<>();
        for (long i = start; step > 0 ? i < stop : i > stop; i += step) {
            result.add(i);
        }
        return result;
    }

    /** time.strftime for the fields that dates are written with. */
    private static String strftime(LocalDateTime time, String format) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < format.length(); i++) {
            if (format.charAt(i) != '%' || i + 1 == format.length()) {
                out.append(format.charAt(i));
                continue;
            }
            boolean bare = format.charAt(i + 1) == '-' && i + 2 < format.length(); // %-d: no leading zero
            i += bare ? 2 : 1;
            String pattern = switch (format.charAt(i)) {
                case 'd' -> bare ? "d" : "dd";
                case 'm' -> bare ? "M" : "MM";
                case 'b' -> "MMM";
                case 'B' -> "MMMM";
                case 'Y' -> "yyyy";
                case 'y' -> "yy";
                case 'H' -> bare ? "H" : "HH";
                case 'I' -> bare ? "h" : "hh";
                case 'M' -> "mm";
                case 'S' -> "ss";
                case 'p' -> "a";
                case 'a' -> "EEE";
                case 'A' -> "EEEE";
                case 'j' -> "DDD";
                case '%' -> "'%'";
                default -> throw new TemplateError("strftime_now does not know %" + format.charAt(i));
            };
            out.append(DateTimeFormatter.ofPattern(pattern, Locale.US).format(time));
        }
        return out.toString();
    }
}
