package org.latent4j.latent;

import java.util.List;

/**
 * What is seen of one latent step: of its input e, the thought, and of the hidden state h that e was made of.
 *
 * @param step which latent step of the member, from 0
 * @param entropy of the distribution over the vocabulary after h, in nats
 * @param norm {@code ||e||}
 * @param stepCosine of e and the thought before it in this rollout; NaN for the first
 * @param nearestCosine of e and the input embedding that is nearest to it: near 1, it is almost a token; near 0, it is
 *     nothing that the first layer was trained to read
 * @param nearestToken that embedding's token
 * @param likeliest the likeliest tokens after h, best first, up to five
 */
public record Thought(int step, double entropy, double norm, double stepCosine, double nearestCosine, int nearestToken,
        List<Likely> likeliest) {
    /** Takes a copy of {@code likeliest}. */
    public Thought {
        likeliest = List.copyOf(likeliest);
    }

    /**
     * A token and its probability.
     *
     * @param token its id
     * @param probability of the whole vocabulary's
     */
    public record Likely(int token, double probability) {
    }
}
