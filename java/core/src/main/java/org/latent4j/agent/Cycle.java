package org.latent4j.agent;

/**
 * What the end of a sequence repeats without a change, cut within a turn or not.
 *
 * @param period how long the piece is that is repeated; 0: none is, three times at least
 * @param length how much of the sequence's end it covers
 */
record Cycle(int period, int length) {
    private static final int LEAST_TURNS = 3;
    private static final Cycle NONE = new Cycle(0, 0);

    /**
     * The shortest, unless a longer one covers at least a turn more.
     *
     * @param longest no longer piece is sought
     */
    static Cycle of(int[] sequence, int longest) {
        Cycle best = NONE;
        for (int period = 1; period <= Math.min(longest, sequence.length / LEAST_TURNS); period++) {
            int length = period;
            while (length < sequence.length
                && sequence[sequence.length - 1 - length] == sequence[sequence.length - 1 - length + period]) {
                length++;
            }
            if (length >= LEAST_TURNS * period && (best == NONE || length >= best.length + period)) {
                best = new Cycle(period, length);
            }
        }
        return best;
    }

    int turns() {
        return period == 0 ? 0 : length / period;
    }
}
