package org.latent4j.latent;

import java.util.Objects;

/**
 * How tokens are chosen, and when decoding stops.
 *
 * @param maxNewTokens tokens at most, 0: decode nothing
 * @param temperature divides the logits, 0: greedy
 * @param topP keeps the likeliest tokens of this total probability, (0, 1]; 1: all
 * @param topK keeps so many of the likeliest tokens; 0: all
 * @param endTokens ids that end a member's text; one is returned as the last token
 */
public record Sampling(int maxNewTokens, float temperature, float topP, int topK, int[] endTokens) {
    /** @throws IllegalArgumentException if a value is outside its range */
    public Sampling {
        if (maxNewTokens < 0) {
            throw new IllegalArgumentException("maxNewTokens is " + maxNewTokens + ", must not be negative");
        }
        if (!(temperature >= 0) || Float.isInfinite(temperature)) {
            throw new IllegalArgumentException("temperature is " + temperature + ", must be 0 (greedy) or more");
        }
        if (!(topP > 0 && topP <= 1)) {
            throw new IllegalArgumentException("topP is " + topP + ", must be in (0, 1]");
        }
        if (topK < 0) {
            throw new IllegalArgumentException("topK is " + topK + ", must be 0 (all) or more");
        }
        endTokens = Objects.requireNonNull(endTokens, "endTokens").clone();
    }

    /** Decode nothing. */
    public static Sampling none() {
        return greedy(0);
    }

    /** The likeliest token each time, up to {@code maxNewTokens} or one of {@code endTokens}. */
    public static Sampling greedy(int maxNewTokens, int... endTokens) {
        return new Sampling(maxNewTokens, 0, 1, 0, endTokens);
    }

    @Override
    public int[] endTokens() {
        return endTokens.clone();
    }
}
