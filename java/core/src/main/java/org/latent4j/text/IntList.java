package org.latent4j.text;

import java.util.Arrays;

/** Ints that grow in number. */
final class IntList {
    private int[] values;
    private int size;

    IntList(int capacity) {
        values = new int[Math.max(8, capacity)];
    }

    void add(int value) {
        if (size == values.length) {
            values = Arrays.copyOf(values, (int) Math.min(Integer.MAX_VALUE - 8, 2L * size));
        }
        values[size++] = value;
    }

    /** What the ints stand in, until the next is added. */
    int[] array() {
        return values;
    }

    int get(int index) {
        return values[index];
    }


    int size() {
        return size;
    }

    void cut(int to) {
        size = to;
    }

    int[] toArray() {
        return Arrays.copyOf(values, size);
    }
}
