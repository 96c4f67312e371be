package org.latent4j.text;

import java.util.Arrays;
import java.util.concurrent.ThreadLocalRandom;

/** Which two tokens make a third, and which pair goes first. Filled by one thread, then usable from any. */
final class Merges {
    /** No merge: larger than any. */
    static final long NONE = Long.MAX_VALUE;

    private static final long FACTOR = ThreadLocalRandom.current().nextLong() | 1; // no file can aim at it

    private long[] table = new long[2048]; // pair and merge in turns
    private int count;
    private int ranks;

    Merges() {
        clear();
    }

    private void clear() {
        Arrays.fill(table, -1);
    }

    /** Adds a pair behind all others; if it was there, it loses its place. */
    void add(int left, int right, int merged) {
        put((long) left << 32 | right, (long) ranks++ << 32 | merged);
        if (4 * count > table.length) {
            long[] old = table;
            table = new long[2 * old.length];
            clear();
            count = 0;
            for (int i = 0; i < old.length; i += 2) {
                if (old[i] >= 0) {
                    put(old[i], old[i + 1]);
                }
            }
        }
    }

    private void put(long pair, long merge) {
        int slot = slot(pair);
        count += table[slot] < 0 ? 1 : 0;
        table[slot] = pair;
        table[slot + 1] = merge;
    }

    private int slot(long pair) {
        long hash = pair * FACTOR;
        int slot = (int) (hash ^ hash >>> 32) << 1 & table.length - 1;
        while (table[slot] >= 0 && table[slot] != pair) {
            slot = slot + 2 & table.length - 1;
        }
        return slot;
    }

    /** The merge of two tokens, its rank in the upper half and the token it makes in the lower, or NONE. */
    long of(int left, int right) {
        int slot = slot((long) left << 32 | right);
        return table[slot] < 0 ? NONE : table[slot + 1];
    }

    /** How many were added. */
    int size() {
        return ranks;
    }
}
