package org.latent4j.jinja;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/** The variable {@code loop}; looks at the next item only when it is asked for, as Jinja2's does. */
final class Loop implements Callable {
    private static final Object NOTHING = new Object();

    private final Budget budget;
    private final Callable recursion; // null: the loop is not recursive
    private final int depth0;
    private final int known;
    private Iterator<Object> items;
    private int index0 = -1;
    private int length = -1;
    private Object before = NOTHING;
    private Object current = NOTHING;
    private Object after = NOTHING;
    private List<Object> lastChanged;

    Loop(Object iterable, Iterator<Object> items, Callable recursion, int depth0, Budget budget) {
        this.known = iterable instanceof Iteration i && i.view() == null ? -1 : Values.length(iterable);
        this.items = items;
        this.recursion = recursion;
        this.depth0 = depth0;
        this.budget = budget;
    }

    boolean hasNext() {
        return after != NOTHING || items.hasNext();
    }

    Object next() {
        budget.step(1);
        before = current;
        current = after != NOTHING ? after : items.next();
        after = NOTHING;
        index0++;
        return current;
    }

    int length() {
        if (length < 0 && known >= 0) {
            length = known;
        } else if (length < 0) {
            List<Object> rest = new ArrayList<>();
            while (items.hasNext()) {
                budget.items(1);
                rest.add(items.next());
            }
            items = rest.iterator();
            length = rest.size() + index0 + 1 + (after == NOTHING ? 0 : 1);
        }
        return length;
    }

    private Object peek() {
        if (after == NOTHING && items.hasNext()) {
            after = items.next();
        }
        return after;
    }

    Object attribute(String name) {
        return switch (name) {
            case "index" -> index0 + 1L;
            case "index0" -> (long) index0;
            case "revindex" -> (long) length() - index0;
            case "revindex0" -> length() - index0 - 1L;
            case "first" -> index0 == 0;
            case "last" -> peek() == NOTHING;
            case "length" -> (long) length();
            case "depth" -> depth0 + 1L;
            case "depth0" -> (long) depth0;
            case "previtem" -> before == NOTHING ? new Undefined("there is no previous item") : before;
            case "nextitem" -> peek() == NOTHING ? new Undefined("there is no next item") : after;
            case "cycle" -> (Callable) (a, r) -> cycle(a.positional());
            case "changed" -> (Callable) (a, r) -> changed(a.positional());
            default -> new Undefined("'LoopContext' has no attribute '" + name + "'");
        };
    }

    private Object cycle(List<Object> values) {
        if (values.isEmpty()) {
            throw new TemplateException("no items for cycling given");
        }
        return values.get(index0 % values.size());
    }

    private boolean changed(List<Object> values) {
        boolean same = lastChanged != null && Values.equal(lastChanged, values, budget);
        lastChanged = values;
        return !same;
    }

    @Override
    public Object call(Arguments arguments, Render render) {
        if (recursion == null) {
            throw new TemplateException("The loop must have the 'recursive' marker to be called recursively.");
        }
        return recursion.call(new Arguments(List.of(arguments.places("loop", 1, 1).get(0), depth0 + 1), null), render);
    }

    String shown() {
        return "<LoopContext " + (index0 + 1) + "/" + length() + ">";
    }
}
