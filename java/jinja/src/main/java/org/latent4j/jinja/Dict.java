package org.latent4j.jinja;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Python's dict: in order of insertion, with 1, 1.0 and true one key. */
final class Dict {
    private record Entry(Object key, Object value) { }

    private final Map<Object, Entry> entries = new LinkedHashMap<>();

    Dict put(Object key, Object value, Budget budget) {
        budget.items(4);
        entries.compute(hashable(key, 0, budget), (k, old) -> new Entry(old == null ? key : old.key, value));
        return this;
    }

    boolean contains(Object key, Budget budget) {
        return entries.containsKey(hashable(key, 0, budget));
    }

    Object get(Object key, Object other, Budget budget) {
        Entry entry = entries.get(hashable(key, 0, budget));
        return entry == null ? other : entry.value;
    }

    boolean has(String key) {
        return entries.containsKey(key);
    }

    /** The value of a key, None if there is no such key. */
    Object at(String key) {
        Entry entry = entries.get(key);
        return entry == null ? null : entry.value;
    }

    int size() {
        return entries.size();
    }

    List<Object> keys(Budget budget) {
        budget.items(size());
        List<Object> keys = new ArrayList<>(size());
        entries.values().forEach(e -> keys.add(e.key));
        return keys;
    }

    List<Object> values(Budget budget) {
        budget.items(size());
        List<Object> values = new ArrayList<>(size());
        entries.values().forEach(e -> values.add(e.value));
        return values;
    }

    List<Object> items(Budget budget) {
        budget.items(4L * size());
        List<Object> items = new ArrayList<>(size());
        entries.values().forEach(e -> items.add(Tuple.of(e.key, e.value)));
        return items;
    }

    /** What equals another such object just when Python's keys are equal. */
    static Object hashable(Object key, int depth, Budget budget) {
        budget.step(1);
        if (key instanceof String text) {
            budget.read(text.length());
            return text;
        }
        if (key instanceof Boolean bool) {
            return bool ? 1L : 0L;
        }
        if (key instanceof Double number) {
            boolean whole = number == Math.rint(number) && !number.isInfinite();
            return whole ? Numbers.of(new BigDecimal(number).toBigInteger()) : number;
        }
        if (key instanceof Tuple tuple) {
            Budget.checkDepth(depth);
            budget.items(4L + 2L * tuple.items().size());
            List<Object> all = new ArrayList<>();
            tuple.items().forEach(item -> all.add(hashable(item, depth + 1, budget)));
            return all;
        }
        if (key instanceof List || key instanceof Dict) {
            throw new TemplateException("unhashable type: '" + Values.type(key) + "'");
        }
        return key;
    }
}
