package org.latent4j.jinja;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/** Python's tuple; {@code groupby}'s can be asked for its grouper and list by name. */
record Tuple(List<Object> items, boolean group) {
    static Tuple of(Object... items) {
        return new Tuple(Collections.unmodifiableList(Arrays.asList(items)), false);
    }
}
