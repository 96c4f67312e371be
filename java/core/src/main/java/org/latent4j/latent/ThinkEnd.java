package org.latent4j.latent;

/** Why a member thinks no further. The order is the native {@code l4j_think_end}. */
public enum ThinkEnd {
    /** All its latent steps are done, be they none. */
    STEPS,
    /** {@link ThinkUntil#entropyBelow()}. */
    ENTROPY,
    /** {@link ThinkUntil#cosineAbove()}. */
    FIXED_POINT,
    /** {@link ThinkUntil#atEndToken()}. */
    END_TOKEN
}
