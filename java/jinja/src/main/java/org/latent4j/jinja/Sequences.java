package org.latent4j.jinja;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/** The filters that work on items. */
final class Sequences {
    private Sequences() {}

    /** What {@code attribute=} of a filter names: a path with dots, or an index; null is the item itself. */
    static UnaryOperator<Object> path(Object attribute, Object other, Budget budget) {
        if (attribute == null) {
            return item -> item;
        }
        List<Object> parts = new ArrayList<>();
        if (attribute instanceof String text) {
            for (String part : text.split("\\.", -1)) {
                boolean digits = !part.isEmpty() && part.chars().allMatch(Character::isDigit);
                parts.add(digits ? Numbers.parsed(part, 10) : part);
            }
        } else {
            parts.add(attribute);
        }
        return item -> {
            Object value = item;
            for (Object part : parts) {
                value = Attributes.item(value, part, budget);
                value = value instanceof Undefined && other != null ? other : value;
            }
            return value;
        };
    }

    private static Object ignoringCase(Object value, boolean caseSensitive, Budget budget) {
        return value instanceof String text && !caseSensitive ? Texts.lower(text, budget) : value;
    }

    /** Merge sort: stable, and whatever the values compare to, it ends. */
    static List<Object> sorted(List<Object> items, UnaryOperator<Object> key, boolean reverse, Budget budget) {
        int length = items.size();
        budget.items(4L * length);
        Object[][] from = new Object[length][];
        for (int i = 0; i < length; i++) {
            from[i] = new Object[] {key.apply(items.get(i)), items.get(i)};
        }
        Object[][] to = new Object[length][];
        for (long width = 1; width < length; width *= 2) {
            for (long low = 0; low < length; low += 2 * width) {
                int middle = (int) Math.min(low + width, length);
                int high = (int) Math.min(low + 2 * width, length);
                int left = (int) low;
                int right = middle;
                for (int i = (int) low; i < high; i++) {
                    boolean takesRight = left == middle || right < high && (reverse
                            ? before(from[left][0], from[right][0], budget)
                            : before(from[right][0], from[left][0], budget));
                    to[i] = from[takesRight ? right++ : left++];
                }
            }
            Object[][] swap = from;
            from = to;
            to = swap;
        }
        List<Object> result = new ArrayList<>(length);
        for (Object[] each : from) {
            result.add(each[1]);
        }
        return result;
    }

    private static boolean before(Object a, Object b, Budget budget) {
        return Values.compare(a, b, budget) == -1;
    }

    static Object sort(Object value, Arguments arguments, Budget budget) {
        Arguments.Bound given = arguments.bind("sort", 0, "reverse", "case_sensitive", "attribute");
        Object attribute = given.get(2, null);
        List<UnaryOperator<Object>> keys = new ArrayList<>();
        if (attribute instanceof String text) {
            for (String part : text.split(",", -1)) {
                keys.add(path(part, null, budget));
            }
        } else {
            keys.add(path(attribute, null, budget));
        }
        boolean caseSensitive = given.truth(1);
        return sorted(Values.list(value, budget), item -> {
            budget.items(keys.size());
            List<Object> key = new ArrayList<>();
            keys.forEach(each -> key.add(ignoringCase(each.apply(item), caseSensitive, budget)));
            return key;
        }, given.truth(0), budget);
    }

    static Object dictsort(Object value, Arguments arguments, Budget budget) {
        Arguments.Bound given = arguments.bind("dictsort", 0, "case_sensitive", "by", "reverse");
        String by = given.text(1, "key");
        if (!(value instanceof Dict dict) || !by.equals("key") && !by.equals("value")) {
            throw new TemplateException("dictsort needs a mapping, and sorts by 'key' or 'value'");
        }
        int index = by.equals("key") ? 0 : 1;
        return sorted(dict.items(budget), item -> ignoringCase(Values.indexed(item).get(index), given.truth(0), budget),
                given.truth(2), budget);
    }

    static Object groupby(Object value, Arguments arguments, Budget budget) {
        Arguments.Bound given = arguments.bind("groupby", 1, "attribute", "default", "case_sensitive");
        UnaryOperator<Object> real = path(given.get(0), given.get(1, null), budget);
        UnaryOperator<Object> key = item -> ignoringCase(real.apply(item), given.truth(2), budget);
        List<Object> groups = new ArrayList<>();
        List<Object> group = null;
        Object last = null;
        for (Object item : sorted(Values.list(value, budget), key, false, budget)) {
            budget.items(2);
            Object now = key.apply(item);
            if (group == null || !Values.equal(last, now, budget)) {
                group = new ArrayList<>();
                groups.add(new Tuple(Arrays.asList(real.apply(item), group), true));
            }
            group.add(item);
            last = now;
        }
        return groups;
    }

    static Object unique(Object value, Arguments arguments, Budget budget) {
        Arguments.Bound given = arguments.bind("unique", 0, "case_sensitive", "attribute");
        UnaryOperator<Object> key = path(given.get(1, null), null, budget);
        Set<Object> seen = new HashSet<>();
        return chosen(Values.iterator(value, budget), item -> {
            budget.items(1);
            return seen.add(Dict.hashable(ignoringCase(key.apply(item), given.truth(0), budget), 0, budget));
        }, budget);
    }

    static Object extreme(Object value, Arguments arguments, boolean most, Budget budget) {
        Arguments.Bound given = arguments.bind(most ? "max" : "min", 0, "case_sensitive", "attribute");
        UnaryOperator<Object> key = path(given.get(1, null), null, budget);
        Iterator<Object> items = Values.iterator(value, budget);
        if (!items.hasNext()) {
            return new Undefined("No aggregated item, sequence was empty.");
        }
        Object best = items.next();
        Object bestKey = ignoringCase(key.apply(best), given.truth(0), budget);
        while (items.hasNext()) {
            Object item = items.next();
            Object itemKey = ignoringCase(key.apply(item), given.truth(0), budget);
            if (most ? before(bestKey, itemKey, budget) : before(itemKey, bestKey, budget)) {
                best = item;
                bestKey = itemKey;
            }
        }
        return best;
    }

    static Object sum(Object value, Arguments arguments, Render render) {
        Arguments.Bound given = arguments.bind("sum", 0, "attribute", "start");
        UnaryOperator<Object> key = path(given.get(0, null), null, render.budget);
        Object sum = given.get(1, 0L);
        if (sum instanceof String) {
            throw new TemplateException("sum() can't sum strings");
        }
        for (Iterator<Object> i = Values.iterator(value, render.budget); i.hasNext();) {
            sum = Operators.binary("+", sum, key.apply(i.next()), render);
        }
        return sum;
    }

    private static Iteration chosen(Iterator<Object> items, Predicate<Object> test, Budget budget) {
        return Iteration.once(new Iterator<>() {
            private Object next;
            private boolean ready;

            @Override
            public boolean hasNext() {
                while (!ready && items.hasNext()) {
                    budget.step(1);
                    next = items.next();
                    ready = test.test(next);
                }
                return ready;
            }

            @Override
            public Object next() {
                if (!hasNext()) {
                    throw new NoSuchElementException();
                }
                ready = false;
                return next;
            }
        });
    }

    static Object select(Object value, Arguments arguments, boolean wanted, boolean byAttribute, Render render) {
        int test = byAttribute ? 1 : 0;
        List<Object> given = arguments.positional();
        if (!Values.truth(value)) {
            return Iteration.once(Collections.emptyIterator());
        }
        if (given.size() < test) {
            throw new TemplateException("Missing parameter for attribute name");
        }
        UnaryOperator<Object> key = path(byAttribute ? given.get(0) : null, null, render.budget);
        Arguments rest = arguments.without(test + 1);
        return chosen(Values.iterator(value, render.budget), item -> {
            Object subject = key.apply(item);
            return wanted == (given.size() == test ? Values.truth(subject)
                    : Tests.check(Values.text(given.get(test), render.budget), subject, rest, render));
        }, render.budget);
    }

    static Object map(Object value, Arguments arguments, Render render) {
        if (!Values.truth(value)) {
            return Iteration.once(Collections.emptyIterator());
        }
        UnaryOperator<Object> function;
        if (arguments.positional().isEmpty() && arguments.named().containsKey("attribute")) {
            Arguments.Bound given = arguments.bind("map", 0, "attribute", "default");
            function = path(given.get(0), given.get(1, null), render.budget);
        } else if (arguments.positional().isEmpty()) {
            throw new TemplateException("map requires a filter argument");
        } else {
            String name = Values.text(arguments.positional().get(0), render.budget);
            Arguments rest = arguments.without(1);
            function = item -> Filters.apply(name, item, rest, render);
        }
        Iterator<Object> items = Values.iterator(value, render.budget);
        return Iteration.once(new Iterator<>() {
            @Override
            public boolean hasNext() {
                return items.hasNext();
            }

            @Override
            public Object next() {
                render.budget.enter();
                Object result = function.apply(items.next());
                render.budget.leave();
                return result;
            }
        });
    }

    static Object batch(Object value, Arguments arguments, Budget budget) {
        Arguments.Bound given = arguments.bind("batch", 1, "linecount", "fill_with");
        int size = given.integer(0, 0);
        List<Object> all = new ArrayList<>();
        List<Object> row = new ArrayList<>();
        for (Object item : Values.list(value, budget)) {
            budget.items(1);
            if (row.size() == size) {
                all.add(row);
                row = new ArrayList<>();
            }
            row.add(item);
        }
        if (!row.isEmpty()) {
            if (given.get(1, null) != null && row.size() < size) {
                budget.items(size);
                row.addAll(Collections.nCopies(size - row.size(), given.get(1)));
            }
            all.add(row);
        }
        return Iteration.once(all.iterator());
    }

    static Object slice(Object value, Arguments arguments, Budget budget) {
        Arguments.Bound given = arguments.bind("slice", 1, "slices", "fill_with");
        int slices = given.integer(0, 0);
        List<Object> items = Values.list(value, budget);
        if (slices == 0) {
            throw new TemplateException("integer division or modulo by zero");
        }
        budget.items(2L * Math.max(0, slices) + items.size());
        List<Object> all = new ArrayList<>();
        int each = slices < 0 ? 0 : items.size() / slices;
        int extra = slices < 0 ? 0 : items.size() % slices;
        int at = 0;
        for (int i = 0; i < slices; i++) {
            int end = at + each + (i < extra ? 1 : 0);
            List<Object> part = new ArrayList<>(items.subList(at, end));
            if (given.get(1, null) != null && i >= extra) {
                part.add(given.get(1));
            }
            all.add(part);
            at = end;
        }
        return Iteration.once(all.iterator());
    }
}
