package org.latent4j.latent;

/** Where a running rollout, or a team, is. */
public enum Phase {  // the order of the first four is the native l4j_phase
    /** Not begun, or done. */
    IDLE,
    /** Reading the prompts; a step is a position. */
    PREFILL,
    /** Latent steps. */
    THINK,
    /** Decoding; a step is a token of each member. */
    DECODE,
    /** A team's first asking solves its model's alignment, before any rollout; steps are not counted. */
    ALIGN
}
