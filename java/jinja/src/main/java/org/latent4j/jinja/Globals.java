package org.latent4j.jinja;

import java.time.ZonedDateTime;
import java.util.List;

/** The functions that every template can call. */
final class Globals {
    private Globals() {}

    static Callable find(String name) {
        return switch (name) {
            case "range" -> Globals::range;
            case "dict" -> (a, r) -> dict(a, name, r);
            case "namespace" -> (a, r) -> {
                Namespace namespace = new Namespace();
                Dict dict = dict(a, name, r);
                dict.keys(r.budget).forEach(k -> namespace.attributes.put(k, dict.get(k, null, r.budget), r.budget));
                return namespace;
            };
            case "cycler" -> (a, r) -> new Cycler(a.positional());
            case "joiner" -> (a, r) -> joiner(a.bind(name, 0, "sep").text(0, ", "));
            case "raise_exception" -> (a, r) -> {
                throw new TemplateException(Values.text(a.bind(name, 1, "message").get(0), r.budget));
            };
            case "strftime_now" -> (a, r) ->
                    Dates.format(ZonedDateTime.now(r.clock), a.bind(name, 1, "format").text(0, ""), r.budget);
            case "lipsum" -> (a, r) -> {
                throw new TemplateException("'lipsum' is refused: a prompt is not random");
            };
            default -> null;
        };
    }

    private static Range range(Arguments arguments, Render render) {
        Arguments.Bound given = arguments.places("range", 1, 3);
        long[] bounds = new long[3];
        for (int i = 0; i < 3; i++) {
            Object bound = given.get(i, 1L);
            if (!Numbers.isInteger(bound)) {
                throw new TemplateException("range() expects integers, got '" + Values.type(bound) + "'");
            }
            if (Numbers.big(bound).bitLength() > 62) {
                throw new TemplateException("range() expects smaller integers than " + bound);
            }
            bounds[i] = Numbers.big(bound).longValue();
        }
        return given.has(1) ? Range.of(bounds[0], bounds[1], bounds[2]) : Range.of(0, bounds[0], 1);
    }

    private static Dict dict(Arguments arguments, String name, Render render) {
        Dict dict = new Dict();
        if (arguments.positional().size() > 1) {
            throw new TemplateException(name + "() takes at most 1 argument by place");
        }
        for (Object from : arguments.positional()) {
            for (Object item : from instanceof Dict given ? given.items(render.budget)
                    : Values.list(from, render.budget)) {
                List<Object> pair = Values.list(item, render.budget);
                if (pair.size() != 2) {
                    throw new TemplateException(name + "() expects pairs, got " + pair.size() + " items");
                }
                dict.put(pair.get(0), pair.get(1), render.budget);
            }
        }
        arguments.named().forEach((key, value) -> dict.put(key, value, render.budget));
        return dict;
    }

    private static Callable joiner(String separator) {
        boolean[] used = new boolean[1];
        return (arguments, render) -> {
            String text = used[0] ? separator : "";
            used[0] = true;
            return text;
        };
    }

    /** Goes round its items. */
    static final class Cycler {
        private final List<Object> items;
        private int at;

        Cycler(List<Object> items) {
            if (items.isEmpty()) {
                throw new TemplateException("at least one item has to be provided");
            }
            this.items = items;
        }

        Object attribute(String name) {
            return switch (name) {
                case "current" -> items.get(at);
                case "next" -> (Callable) (a, r) -> {
                    Object item = items.get(at);
                    at = (at + 1) % items.size();
                    return item;
                };
                case "reset" -> (Callable) (a, r) -> {
                    at = 0;
                    return null;
                };
                default -> new Undefined("'Cycler' object has no attribute '" + name + "'");
            };
        }
    }
}
