package org.latent4j.jinja;

import java.util.ArrayList;
import java.util.List;

/** Attributes, items and slices, as Jinja2 looks for them. */
final class Attributes {
    private Attributes() {}

    /** What {@code value.name} is: a method before an item. */
    static Object get(Object value, String name, Budget budget) {
        if (value instanceof Undefined undefined) {
            throw undefined.error();
        }
        Object found = own(value, name, budget);
        if (found instanceof Undefined && value instanceof Dict dict && dict.has(name)) {
            return dict.at(name);
        }
        return found;
    }

    /** What {@code value[key]} is: an item before a method. */
    static Object item(Object value, Object key, Budget budget) {
        if (value instanceof Undefined undefined) {
            throw undefined.error();
        }
        if (value instanceof Dict dict && !(key instanceof List || key instanceof Dict) && dict.contains(key, budget)) {
            return dict.get(key, null, budget);
        }
        List<Object> items = Values.indexed(value);
        boolean indexed = items != null || value instanceof String || value instanceof Range;
        if (indexed && Numbers.isInteger(key)) {
            budget.read(value instanceof String text ? text.length() : 0);
            int length = Values.length(value);
            int index = Numbers.clamped(key, "[]");
            index += index < 0 ? length : 0;
            if (index >= 0 && index < length) {
                if (value instanceof String text) {
                    return Characters.slice(text, index, index + 1);
                }
                return items == null ? ((Range) value).get(index) : items.get(index);
            }
        }
        return key instanceof String name ? own(value, name, budget)
                : new Undefined("'" + Values.type(value) + "' object has no element " + Repr.of(key, budget));
    }

    private static Object own(Object value, String name, Budget budget) {
        Object found = value instanceof String text ? StringMethods.find(text, name)
                : value instanceof Dict dict ? ContainerMethods.ofDict(dict, name)
                : value instanceof Namespace namespace && namespace.attributes.has(name)
                        ? namespace.attributes.get(name, null, budget)
                : value instanceof Loop loop ? loop.attribute(name)
                : value instanceof Macro macro ? macro.attribute(name)
                : value instanceof Globals.Cycler cycler ? cycler.attribute(name)
                : Values.indexed(value) != null ? ContainerMethods.ofItems(value, name)
                : Numbers.is(value) ? ContainerMethods.ofNumber(value, name) : null;
        boolean isNone = found == null && value instanceof Namespace namespace && namespace.attributes.has(name);
        return found != null || isNone ? found
                : new Undefined("'" + Values.type(value) + "' object has no attribute '" + name + "'");
    }

    static Object slice(Object value, Object from, Object to, Object step, Budget budget) {
        if (value instanceof Undefined undefined) {
            throw undefined.error();
        }
        List<Object> items = Values.indexed(value);
        if (items == null && !(value instanceof String) && !(value instanceof Range)) {
            throw new TemplateException("'" + Values.type(value) + "' object cannot be sliced");
        }
        for (Object bound : new Object[] {from, to, step}) {
            if (bound != null && !Numbers.isInteger(bound)) {
                throw new TemplateException("slice indices must be integers or None");
            }
        }
        int by = step == null ? 1 : Numbers.clamped(step, "slice");
        if (by == 0) {
            throw new TemplateException("slice step cannot be zero");
        }
        if (value instanceof String text) {
            budget.read(text.length());
        }
        int length = Values.length(value);
        int start = bound(from, by > 0 ? 0 : length - 1, length, by);
        int end = bound(to, by > 0 ? length : -1, length, by);
        if (value instanceof String text && by == 1) {
            budget.text(Math.max(0, 2L * (end - start)));
            return Characters.slice(text, start, end);
        }
        int count = (int) Math.max(0, ((long) end - start + by - Integer.signum(by)) / by);
        if (value instanceof Range range) {
            long first = range.start() + start * range.step();
            long stride = range.step() * by;
            return new Range(first, range.start() + end * range.step(), stride, count);
        }
        budget.items(count);
        List<Object> source = items != null ? items : Characters.each((String) value, budget);
        List<Object> all = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            all.add(source.get((int) (start + (long) i * by)));
        }
        if (value instanceof String) {
            StringBuilder text = new StringBuilder();
            all.forEach(text::append);
            return text.toString();
        }
        return value instanceof Tuple ? new Tuple(all, false) : all;
    }

    private static int bound(Object bound, int other, int length, int step) {
        if (bound == null) {
            return other;
        }
        int index = Numbers.clamped(bound, "slice");
        int low = step > 0 ? 0 : -1;
        int high = step > 0 ? length : length - 1;
        return Math.max(low, Math.min(high, index < 0 ? index + length : index));
    }
}
