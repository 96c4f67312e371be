package org.latent4j.text;

import java.util.Arrays;

/**
 * The ids of short pieces that came lately: most words of a text are words that came before. Of two pieces that share a
 * place the later one stays. Usable from any thread without a lock: an entry never changes, and one that is lost is
 * only computed again.
 */
final class PieceCache {
    /** Chars of the longest pieces that are kept. */
    static final int LONGEST = 32;

    private static final int ENTRIES = 1 << 13;

    private static final class Entry {
        private final char[] piece;
        private final int[] ids;

        Entry(char[] piece, int[] ids) {
            this.piece = piece;
            this.ids = ids;
        }
    }

    private final Entry[] entries = new Entry[ENTRIES];

    boolean find(char[] text, int start, int end, IntList out) {
        Entry entry = entries[place(text, start, end)];
        if (entry == null || !Arrays.equals(entry.piece, 0, entry.piece.length, text, start, end)) {
            return false;
        }
        for (int id : entry.ids) {
            out.add(id);
        }
        return true;
    }

    void put(char[] text, int start, int end, IntList ids, int first) {
        entries[place(text, start, end)] = new Entry(Arrays.copyOfRange(text, start, end),
                Arrays.copyOfRange(ids.array(), first, ids.size()));
    }

    private static int place(char[] text, int start, int end) {
        int hash = 0;
        for (int i = start; i < end; i++) {
            hash = 31 * hash + text[i];
        }
        return (hash ^ hash >>> 13) & ENTRIES - 1;
    }
}
