package org.latent4j.latent;

import java.util.Objects;

/**
 * How tokens are chosen, and when decoding stops: penalties, then temperature, top-k, top-p and min-p, then the draw
 * ({@code java/docs/sampling.md}). At temperature 0 the likeliest token after the penalties.
 *
 * @param maxNewTokens tokens at most, 0: decode nothing
 * @param temperature divides the logits, 0: greedy
 * @param topP keeps the likeliest tokens of this total probability, (0, 1]; 1: all
 * @param topK keeps so many of the likeliest tokens; 0: all
 * @param minP keeps tokens that are at least so many times as likely as the likeliest, 0 to 1; 0: all
 * @param penalties what earlier tokens do to the next one
 * @param endTokens ids that end a member's text; one is returned as the last token
 */
public record Sampling(int maxNewTokens, float temperature, float topP, int topK, float minP, Penalties penalties,
        int[] endTokens) {
    /** @throws IllegalArgumentException if a value is outside its range */
    public Sampling {
        Objects.requireNonNull(penalties, "penalties");
        endTokens = Objects.requireNonNull(endTokens, "endTokens").clone();
        if (maxNewTokens < 0) {
            throw new IllegalArgumentException("maxNewTokens is " + maxNewTokens + ", must not be negative");
        }
        if (!(temperature >= 0) || Float.isInfinite(temperature)) {
            throw new IllegalArgumentException("temperature is " + temperature
                + ", must be 0 (greedy) or more, and finite");
        }
        if (!(topP > 0 && topP <= 1)) {
            throw new IllegalArgumentException("topP is " + topP + ", must be in (0, 1]");
        }
        if (topK < 0) {
            throw new IllegalArgumentException("topK is " + topK + ", must be 0 (all) or more");
        }
        if (!(minP >= 0 && minP <= 1)) {
            throw new IllegalArgumentException("minP is " + minP + ", must be in [0, 1]");
        }
    }

    /**
     * Without penalties and min-p.
     *
     * @throws IllegalArgumentException if a value is outside its range
     */
    public Sampling(int maxNewTokens, float temperature, float topP, int topK, int[] endTokens) {
        this(maxNewTokens, temperature, topP, topK, 0, Penalties.none(), endTokens);
    }

    /** Decode nothing. */
    public static Sampling none() {
        return greedy(0);
    }

    /** The likeliest token each time, up to {@code maxNewTokens} or one of {@code endTokens}. */
    public static Sampling greedy(int maxNewTokens, int... endTokens) {
        return new Sampling(maxNewTokens, 0, 1, 0, endTokens);
    }

    /** This with another {@link #minP}. */
    public Sampling withMinP(float value) {
        return new Sampling(maxNewTokens, temperature, topP, topK, value, penalties, endTokens);
    }

    /** This with other {@link #penalties}. */
    public Sampling withPenalties(Penalties value) {
        return new Sampling(maxNewTokens, temperature, topP, topK, minP, value, endTokens);
    }

    @Override
    public int[] endTokens() {
        return endTokens.clone();
    }
}
