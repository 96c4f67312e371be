package org.latent4j.agent;

/**
 * What the next agent gets of the memory before it, in a latent team. Positions that are dropped leave no gap: the keys
 * of those that stay are re-rotated to 0..n-1.
 */
public enum MemoryPolicy {
    /** Everything that every agent before it read and thought. */
    FULL,
    /** Only the last agent's prompt and thoughts; after experts side by side, each expert's. */
    LATEST,
    /** Only the last agent's latent thoughts; after experts side by side, each expert's. */
    LATENT_ONLY,
    /** A control: nothing. Each agent starts from an empty memory. */
    NONE,
    /**
     * A control: the answering agent gets what the thinkers left on the <em>next</em> question of the batch (the last
     * question's gets the first's). Hand-offs between thinkers stay whole, so that the answering agent sees nothing of
     * its own question but its prompt. Needs two questions or more.
     */
    SHUFFLED
}
