package org.latent4j.memory;

import java.util.Objects;

/**
 * Positions {@code [begin, end)} of one memory: what a policy hands to the next agent.
 *
 * @param memory the memory the positions lie in
 * @param begin first position, from 0
 * @param end one past the last position, at least {@code begin}
 */
public record Span(Memory memory, int begin, int end) {
    /** @throws IllegalArgumentException if {@code begin} is negative or {@code end} lies before it */
    public Span {
        Objects.requireNonNull(memory, "memory");
        if (begin < 0 || end < begin) {
            throw new IllegalArgumentException("span [" + begin + ", " + end + ") is no range of positions");
        }
    }

    /** How many positions the span holds. */
    public int length() {
        return end - begin;
    }
}
