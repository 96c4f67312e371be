package org.latent4j.jinja;

import java.util.Iterator;
import java.util.List;

/** Python's generator or view: what {@code map} and the like, or a dictionary's methods, return. */
record Iteration(String kind, List<Object> view, Iterator<Object> items) {
    /** Can be walked once. */
    static Iteration once(Iterator<Object> items) {
        return new Iteration("generator", null, items);
    }

    /** Can be walked again and again, and has a length. */
    static Iteration view(String kind, List<Object> items) {
        return new Iteration(kind, items, null);
    }

    Iterator<Object> iterator() {
        return view == null ? items : view.iterator();
    }
}
