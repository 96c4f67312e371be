package org.latent4j.latent;

/** Where a running rollout is. The order is the native {@code l4j_phase}. */
public enum Phase {
    /** Not begun, or done. */
    IDLE,
    /** Reading the prompts; a step is a position. */
    PREFILL,
    /** Latent steps. */
    THINK,
    /** Decoding; a step is a token of each member. */
    DECODE
}
