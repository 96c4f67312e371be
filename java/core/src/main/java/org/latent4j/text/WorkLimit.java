package org.latent4j.text;

import org.latent4j.ErrorCode;
import org.latent4j.LatentException;

/**
 * What one text may cost: so many looks at a character for each of its characters, and some more. A pattern or a set of
 * added tokens may need quadratic or exponential time for a text; then this ends it. It also sees that the thread was
 * interrupted. For one thread.
 */
final class WorkLimit {
    /** Looks at a character that a text may cost for each of its characters: honest tokenizers need up to twenty. */
    static final int STEPS_PER_CHARACTER = 128;
    /** Looks that any text may cost beside. */
    static final long STEPS = 1 << 24;
    /** Characters that a text may become for each that it has, while it is normalized and cut. */
    static final int GROWTH = 8;
    /** Characters that any text may grow by beside. */
    static final int MARGIN = 1 << 16;

    private static final int LOOK = 0xFFFF;

    private final long allowed;
    private final long longest;
    private long left;

    /** @param length the text's, in chars */
    WorkLimit(int length) {
        allowed = STEPS + (long) STEPS_PER_CHARACTER * length;
        longest = Math.min(Integer.MAX_VALUE - 8L, MARGIN + (long) GROWTH * length);
        left = allowed;
    }

    /** Counts one look at a character. */
    void step() {
        if ((--left & LOOK) == 0) {
            look();
        }
    }

    private void look() {
        interruptible();
        if (left <= 0) {
            throw new LatentException(ErrorCode.BAD_ARGUMENT, "cutting the text into words takes more than " + allowed
                    + " steps (" + STEPS_PER_CHARACTER + " for each of its characters and " + STEPS + " more):"
                    + " the tokenizer's pattern does not suit it; give it a shorter text, or one without long runs");
        }
    }

    /** @throws LatentException BAD_ARGUMENT if a text has become too long */
    void length(long chars) {
        if (chars > longest) {
            throw new LatentException(ErrorCode.BAD_ARGUMENT, "the tokenizer makes a text of more than "
                    + longest + " characters out of this one (" + GROWTH + " for each of its characters and " + MARGIN
                    + " more)");
        }
    }

    /** @throws LatentException CANCELLED if the thread is interrupted; its flag stays set */
    static void interruptible() {
        if (Thread.currentThread().isInterrupted()) {
            throw new LatentException(ErrorCode.CANCELLED, "the thread was interrupted in the tokenizer");
        }
    }
}
