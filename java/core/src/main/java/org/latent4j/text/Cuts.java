package org.latent4j.text;

/** Puts what a pattern matches in a piece, and what lies between, together to new pieces: Hugging Face's behaviors. */
final class Cuts {
    /** What becomes of a match. */
    enum Behavior { REMOVED, ISOLATED, MERGED_WITH_PREVIOUS, MERGED_WITH_NEXT, CONTIGUOUS }

    private final Behavior behavior;
    private final boolean inverted;
    private final Pieces out;
    private int start = -1; // of a span that the next may join
    private int end;
    private boolean match;

    Cuts(Behavior behavior, boolean inverted, Pieces out) {
        this.behavior = behavior;
        this.inverted = inverted;
        this.out = out;
    }

    /** Takes the next span of the piece. */
    void span(int from, int to, boolean matched) {
        boolean isMatch = matched != inverted;
        switch (behavior) {
            case REMOVED -> {
                if (!isMatch) {
                    out.add(from, to);
                }
            }
            case ISOLATED -> out.add(from, to);
            default -> {
                if (start >= 0 && joins(isMatch)) {
                    end = to;
                } else {
                    close();
                    start = from;
                    end = to;
                }
                match = isMatch;
            }
        }
    }

    private boolean joins(boolean isMatch) {
        return switch (behavior) {
            case CONTIGUOUS -> isMatch == match;
            case MERGED_WITH_PREVIOUS -> isMatch && !match;
            default -> match && !isMatch;
        };
    }

    /** Ends the piece. */
    void close() {
        if (start >= 0) {
            out.add(start, end);
        }
        start = -1;
        match = false;
    }
}
