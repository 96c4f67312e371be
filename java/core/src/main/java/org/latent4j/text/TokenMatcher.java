package org.latent4j.text;

import java.util.Arrays;
import java.util.BitSet;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.IntPredicate;

/** Finds the leftmost of some texts in a text, of those that begin at one place the longest. */
final class TokenMatcher {
    private static final long FACTOR = ThreadLocalRandom.current().nextLong() | 1; // no file can aim at it

    private final BitSet firsts = new BitSet();
    private long[] edges = new long[256]; // (node + 1) << 16 | character, or 0
    private int[] targets = new int[256];
    private int nodes = 1;
    private int[] tokens = {-1}; // by node

    /** Adds a text; of two that are the same the first counts. */
    void add(String text, int token) {
        firsts.set(text.charAt(0));
        int node = 0;
        for (int i = 0; i < text.length(); i++) {
            int slot = slot(node, text.charAt(i));
            if (edges[slot] == 0) {
                edges[slot] = edge(node, text.charAt(i));
                targets[slot] = nodes++;
                node = targets[slot];
                if (nodes > tokens.length) {
                    int old = tokens.length;
                    tokens = Arrays.copyOf(tokens, 2 * nodes);
                    Arrays.fill(tokens, old, tokens.length, -1);
                }
                if (2 * nodes > edges.length) {
                    grow();
                }
            } else {
                node = targets[slot];
            }
        }
        tokens[node] = tokens[node] < 0 ? token : tokens[node];
    }

    private void grow() {
        long[] oldEdges = edges;
        int[] oldTargets = targets;
        edges = new long[2 * oldEdges.length];
        targets = new int[edges.length];
        for (int i = 0; i < oldEdges.length; i++) {
            if (oldEdges[i] != 0) {
                int slot = slot((int) (oldEdges[i] >>> 16) - 1, (char) oldEdges[i]);
                edges[slot] = oldEdges[i];
                targets[slot] = oldTargets[i];
            }
        }
    }

    private static long edge(int node, char c) {
        return node + 1L << 16 | c;
    }

    private int slot(int node, char c) {
        long edge = edge(node, c);
        long hash = edge * FACTOR;
        int slot = (int) (hash ^ hash >>> 32) & edges.length - 1;
        while (edges[slot] != 0 && edges[slot] != edge) {
            slot = slot + 1 & edges.length - 1;
        }
        return slot;
    }

    boolean isEmpty() {
        return nodes == 1;
    }

    /**
     * Where the next of the texts begins.
     *
     * @param mark is passed over
     * @param unmarked whether a token, by its number, is not found where a mark stands in it or, if it is a single
     *     character, behind it
     * @param found gets the token's number and where it ends
     * @return -1 if there is none
     */
    int find(String text, int from, int mark, IntPredicate unmarked, int[] found, WorkLimit limit) {
        for (int start = from; start < text.length(); start++) {
            limit.step();
            if (!firsts.get(text.charAt(start))) {
                continue;
            }
            found[0] = -1;
            int node = 0;
            boolean marked = false;
            for (int at = start; at < text.length(); at++) {
                limit.step();
                if (text.charAt(at) == mark) {
                    marked = true;
                    continue;
                }
                int slot = slot(node, text.charAt(at));
                if (edges[slot] == 0) {
                    break;
                }
                node = targets[slot];
                if (tokens[node] >= 0 && !((marked || single(text, start, at, mark)) && unmarked.test(tokens[node]))) {
                    found[0] = tokens[node];
                    found[1] = at + 1;
                }
            }
            if (found[0] >= 0) {
                return start;
            }
        }
        return -1;
    }

    private static boolean single(String text, int start, int last, int mark) {
        int end = start + Character.charCount(text.codePointAt(start));
        return last + 1 == end && end < text.length() && text.charAt(end) == mark;
    }
}
