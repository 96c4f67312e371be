package org.latent4j.agent;

/** Which meaning a team follows where the paper and its published code differ. */
public enum Compatibility {
    /** The paper's meaning. */
    CORRECTED,
    /**
     * The published code's, where a latent team differs: a hierarchical team's experts work as a chain; with 0 latent
     * steps the answering agent starts with no memory; policies cut the cache without re-rotating its keys; {@link
     * org.latent4j.latent.AlignmentKind#AUTO} is {@link org.latent4j.latent.AlignmentKind#IDENTITY}.
     */
    OFFICIAL
}
