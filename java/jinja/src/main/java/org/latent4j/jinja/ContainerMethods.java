package org.latent4j.jinja;

import java.util.List;

/** Methods of lists, tuples, dictionaries and numbers; those that change their object are refused. */
final class ContainerMethods {
    private ContainerMethods() {}

    static Callable ofDict(Dict dict, String name) {
        return switch (name) {
            case "keys" -> (a, r) -> view(a, name, "dict_keys", dict.keys(r.budget));
            case "values" -> (a, r) -> view(a, name, "dict_values", dict.values(r.budget));
            case "items" -> (a, r) -> view(a, name, "dict_items", dict.items(r.budget));
            case "copy" -> (a, r) -> {
                a.places(name, 0, 0);
                return dict;
            };
            case "get" -> (a, r) -> {
                Arguments.Bound given = a.places(name, 1, 2);
                return dict.get(given.get(0), given.get(1, null), r.budget);
            };
            default -> null;
        };
    }

    private static Object view(Arguments arguments, String name, String kind, List<Object> items) {
        arguments.places(name, 0, 0);
        return Iteration.view(kind, items);
    }

    static Object ofItems(Object value, String name) {
        List<Object> items = Values.indexed(value);
        if (value instanceof Tuple tuple && tuple.group() && (name.equals("grouper") || name.equals("list"))) {
            return items.get(name.equals("grouper") ? 0 : 1);
        }
        return switch (name) {
            case "index" -> (Callable) (a, r) -> {
                Arguments.Bound given = a.places(name, 1, 3);
                int from = given.integer(1, 0);
                int to = given.integer(2, items.size());
                for (int i = Math.max(0, from < 0 ? from + items.size() : from);
                        i < Math.min(items.size(), to < 0 ? to + items.size() : to); i++) {
                    if (Values.equal(items.get(i), given.get(0), r.budget)) {
                        return (long) i;
                    }
                }
                throw new TemplateException(Repr.of(given.get(0), r.budget) + " is not in list");
            };
            case "count" -> (Callable) (a, r) -> {
                Object sought = a.places(name, 1, 1).get(0);
                return items.stream().filter(item -> Values.equal(item, sought, r.budget)).count();
            };
            case "copy" -> value instanceof Tuple ? null : (Callable) (a, r) -> {
                a.places(name, 0, 0);
                return value;
            };
            default -> null;
        };
    }

    static Callable ofNumber(Object value, String name) {
        return switch (name) {
            case "bit_length" -> value instanceof Double ? null
                    : (a, r) -> (long) Numbers.big(value).abs().bitLength();
            case "is_integer" -> value instanceof Double real ? (a, r) -> real == Math.rint(real)
                    && !real.isInfinite() : null;
            default -> null;
        };
    }
}
