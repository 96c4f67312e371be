package org.latent4j.internal;

import java.util.Collection;
import java.util.List;
import java.util.Objects;

/** Lists of arguments in which nothing may be null: whoever passes one is told where. */
public final class NonNull {
    private NonNull() {
    }

    /**
     * A copy that does not change.
     *
     * @param name the argument's
     * @throws NullPointerException if the list or an element is null, with {@code name} or {@code name[index]}
     */
    public static <T> List<T> list(Collection<? extends T> values, String name) {
        Object[] copy = Objects.requireNonNull(values, name).toArray();
        for (int i = 0; i < copy.length; i++) {
            if (copy[i] == null) {
                throw new NullPointerException(name + "[" + i + "]");
            }
        }
        @SuppressWarnings("unchecked")  // they were of that type
        List<T> list = (List<T>) List.of(copy);
        return list;
    }
}
