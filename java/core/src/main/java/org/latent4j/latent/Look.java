package org.latent4j.latent;

/** Which thoughts a rollout looks at ({@link Thought}). The order is the native {@code l4j_look}. */
public enum Look {
    /** None: they cost nothing beyond the steps. */
    NONE,
    /** Each member's last: a step then takes as long as two decoded tokens more. */
    LAST,
    /** All. */
    ALL
}
