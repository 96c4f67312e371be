package org.latent4j.text;

import java.util.Arrays;
import java.util.Locale;

/**
 * Byte-pair encoding of one piece of text, as Hugging Face's library does it: its characters' tokens, of which the two
 * neighbours whose merge has the lowest rank become one, the leftmost first, until no two can. Usable from any thread.
 */
final class BytePairs {
    private static final int SHORT = 24;
    private static final int LOOK = 0x3FFF;

    /**
     * What is done with a character that is no token.
     *
     * @param bytes its bytes' tokens are taken, where there are such
     * @param unknown the token that stands for it, or -1: it is dropped
     * @param fused whether several in a row become one
     */
    record Fallback(boolean bytes, int unknown, boolean fused) {}

    private final Vocabulary vocabulary;
    private final Merges merges;
    private final Fallback fallback;
    private final boolean ignoresMerges;
    private final int[] byteTokens = new int[256];
    private final int[] low = new int[0x800];
    private final PieceCache cache = new PieceCache();

    BytePairs(Vocabulary vocabulary, Merges merges, Fallback fallback, boolean ignoresMerges) {
        this.vocabulary = vocabulary;
        this.merges = merges;
        this.fallback = fallback;
        this.ignoresMerges = ignoresMerges;
        for (int b = 0; b < 256; b++) {
            byteTokens[b] = vocabulary.id(String.format(Locale.ROOT, "<0x%02X>", b));
        }
        for (int c = 0; c < low.length; c++) {
            low[c] = vocabulary.id(String.valueOf((char) c));
        }
    }

    /** Whether a character is a token. */
    boolean hasToken(char c) {
        return vocabulary.id(String.valueOf(c)) >= 0;
    }

    /**
     * Whether no character is dropped.
     *
     * @param byteLevel whether the characters are GPT-2's letters alone
     */
    boolean takesEveryCharacter(boolean byteLevel) {
        return byteLevel && ByteLetters.ofText().chars().allMatch(letter -> low[letter] >= 0)
                || takesEveryByte() || fallback.unknown() >= 0;
    }

    /** Whether one token may stand for any number of unknown characters. */
    boolean fusesUnknown() {
        return fallback.unknown() >= 0 && fallback.fused() && !takesEveryByte();
    }

    private boolean takesEveryByte() {
        return fallback.bytes() && Arrays.stream(byteTokens).allMatch(id -> id >= 0);
    }

    /** Adds the ids of text[start, end). */
    void encode(char[] text, int start, int end, IntList out) {
        int length = end - start;
        if (length <= PieceCache.LONGEST && cache.find(text, start, end, out)) {
            return;
        }
        int first = out.size();
        int whole = ignoresMerges ? vocabulary.id(text, start, end) : -1;
        if (whole >= 0) {
            out.add(whole);
        } else {
            begin(text, start, end, out);
            merge(out, first);
        }
        if (length <= PieceCache.LONGEST) {
            cache.put(text, start, end, out, first);
        }
    }

    private void begin(char[] text, int start, int end, IntList out) {
        boolean unknown = false; // one is to be added
        for (int at = start; at < end;) {
            int c = Character.codePointAt(text, at, end);
            int next = at + Character.charCount(c);
            int id = c < low.length ? low[c] : vocabulary.id(text, at, next);
            if (id >= 0) {
                if (unknown) {
                    out.add(fallback.unknown());
                    unknown = false;
                }
                out.add(id);
            } else if (!(fallback.bytes() && addBytes(c, out)) && fallback.unknown() >= 0) {
                if (unknown && !fallback.fused()) {
                    out.add(fallback.unknown());
                }
                unknown = true;
            }
            at = next;
        }
        if (unknown) {
            out.add(fallback.unknown());
        }
    }

    private boolean addBytes(int c, IntList out) {
        int size = out.size();
        int n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        for (int i = 0; i < n; i++) {
            int shifted = c >> 6 * (n - 1 - i);
            int b = n == 1 ? c : i > 0 ? 0x80 | shifted & 0x3F : (0xF0 << 4 - n & 0xFF) | shifted;
            if (byteTokens[b] < 0) {
                out.cut(size);
                return false;
            }
            out.add(byteTokens[b]);
        }
        return true;
    }

    private void merge(IntList ids, int first) {
        int n = ids.size() - first;
        if (n <= SHORT) {
            mergeShort(ids, first);
        } else {
            int[] symbols = Arrays.copyOfRange(ids.array(), first, first + n);
            ids.cut(first);
            new LongPiece(symbols).merge(ids);
        }
    }

    private void mergeShort(IntList list, int first) {
        int n = list.size() - first;
        int[] ids = list.array();
        long[] pairs = new long[n];
        for (int i = 0; i + 1 < n; i++) {
            pairs[i] = merges.of(ids[first + i], ids[first + i + 1]);
        }
        while (n > 1) {
            int best = 0;
            for (int i = 1; i + 1 < n; i++) {
                best = pairs[i] >> 32 < pairs[best] >> 32 ? i : best;
            }
            if (pairs[best] == Merges.NONE) {
                break;
            }
            ids[first + best] = (int) pairs[best];
            System.arraycopy(ids, first + best + 2, ids, first + best + 1, n - best - 2);
            System.arraycopy(pairs, best + 1, pairs, best, n - best - 2);
            n--;
            if (best > 0) {
                pairs[best - 1] = merges.of(ids[first + best - 1], ids[first + best]);
            }
            if (best + 1 < n) {
                pairs[best] = merges.of(ids[first + best], ids[first + best + 1]);
            }
        }
        list.cut(first + n);
    }

    /** The merges of many symbols, in a heap: n log n steps. */
    private final class LongPiece {
        private final int[] ids;
        private final int[] next;
        private final int[] previous;
        private final LongHeap heap;

        LongPiece(int[] ids) {
            this.ids = ids;
            next = new int[ids.length];
            previous = new int[ids.length];
            heap = new LongHeap(ids.length);
            for (int i = 0; i < ids.length; i++) {
                next[i] = i + 1 < ids.length ? i + 1 : -1;
                previous[i] = i - 1;
                offer(i, next[i]);
            }
        }

        private void offer(int left, int right) {
            if (left >= 0 && right >= 0) {
                long merge = merges.of(ids[left], ids[right]);
                if (merge != Merges.NONE) {
                    heap.add(merge & 0xFFFFFFFF00000000L | left);
                }
            }
        }

        void merge(IntList out) {
            for (int count = 0; !heap.isEmpty(); count++) {
                if ((count & LOOK) == LOOK) {
                    WorkLimit.interruptible();
                }
                long top = heap.remove();
                int left = (int) top;
                int right = ids[left] < 0 ? -1 : next[left];
                if (right < 0) {
                    continue;
                }
                long merge = merges.of(ids[left], ids[right]);
                if (merge >> 32 != top >> 32) { // one of the two has become another since
                    continue;
                }
                ids[left] = (int) merge;
                ids[right] = -1;
                next[left] = next[right];
                if (next[left] >= 0) {
                    previous[next[left]] = left;
                }
                offer(previous[left], left);
                offer(left, next[left]);
            }
            for (int i = 0; i >= 0; i = next[i]) {
                out.add(ids[i]);
            }
        }
    }
}
