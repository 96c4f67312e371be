package org.latent4j.agent;

import java.nio.IntBuffer;
import java.util.HashSet;
import java.util.Set;

/**
 * How much a text repeats itself.
 *
 * @param cycle tokens of the piece that the text's end repeats without a change, three times or more and over at least
 *     {@value #LEAST_TOKENS} tokens; 0: none
 * @param distinct the share of its runs of {@value #RUN} tokens that are different from each other, 1 for a short text
 */
record Repetition(int cycle, double distinct) {
    private static final int LEAST_TOKENS = 24;
    private static final int LONGEST_CYCLE = 64;
    private static final int RUN = 4;

    static Repetition of(int[] tokens) {
        Cycle cycle = Cycle.of(tokens, LONGEST_CYCLE);
        return new Repetition(cycle.length() < LEAST_TOKENS ? 0 : cycle.period(), distinctOf(tokens));
    }

    private static double distinctOf(int[] tokens) {
        int runs = tokens.length - RUN + 1;
        if (runs < LEAST_TOKENS) {
            return 1;
        }
        Set<IntBuffer> seen = new HashSet<>();
        for (int i = 0; i < runs; i++) {
            seen.add(IntBuffer.wrap(tokens, i, RUN));
        }
        return (double) seen.size() / runs;
    }
}
