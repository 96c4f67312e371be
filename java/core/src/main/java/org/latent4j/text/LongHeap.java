package org.latent4j.text;

import java.util.Arrays;

/** Longs of which the least comes out first. */
final class LongHeap {
    private long[] values;
    private int size;

    LongHeap(int capacity) {
        values = new long[Math.max(16, capacity)];
    }

    boolean isEmpty() {
        return size == 0;
    }

    void add(long value) {
        if (size == values.length) {
            values = Arrays.copyOf(values, size + (size >> 1));
        }
        int at = size++;
        while (at > 0 && values[at - 1 >> 1] > value) {
            values[at] = values[at - 1 >> 1];
            at = at - 1 >> 1;
        }
        values[at] = value;
    }

    long remove() {
        long least = values[0];
        long value = values[--size];
        int at = 0;
        for (int child = 1; child < size; child = 2 * at + 1) {
            child += child + 1 < size && values[child + 1] < values[child] ? 1 : 0;
            if (values[child] >= value) {
                break;
            }
            values[at] = values[child];
            at = child;
        }
        values[at] = value;
        return least;
    }
}
