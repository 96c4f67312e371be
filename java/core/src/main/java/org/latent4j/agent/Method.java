package org.latent4j.agent;

/**
 * How the agents of a team tell each other what they think (arXiv 2511.20639, section 4.1: LatentMAS and its two
 * baselines).
 */
public enum Method {
    /** One agent, one prompt: the first baseline. */
    SINGLE,
    /** Every agent decodes text, which later agents read in their prompts: the second baseline, TextMAS. */
    TEXT,
    /** Agents think in latent steps and hand their memory on; only the last decodes: LatentMAS. */
    LATENT
}
