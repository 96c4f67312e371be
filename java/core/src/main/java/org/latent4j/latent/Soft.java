package org.latent4j.latent;

/**
 * What {@link AlignmentKind#SOFT} mixes: {@code e = sum p_i E_i} over the {@code topK} likeliest tokens after h, with
 * {@code p = softmax(logits / temperature + noise * g)} and E_i their input embeddings, not rescaled (soft thinking,
 * arXiv 2505.15778).
 *
 * @param topK how many tokens, 1 to 64; default 10
 * @param temperature above 0, default 1: lower sharpens the mixture, higher flattens it
 * @param noise how much of a Gumbel number g_i is added to each of the {@code topK} (arXiv 2508.03440): 0, the default,
 *     for none; 1 draws the mixture as its probabilities say. The numbers depend on the member's seed, the position and
 *     the token, so that a thought is a sample and other seeds think otherwise
 */
public record Soft(int topK, float temperature, float noise) {
    /** Tokens that can be mixed at most. */
    public static final int MOST_TOKENS = 64;

    /**
     * The ten likeliest at temperature 1, without noise: the alignment's own default, which a rollout thinks by. A
     * team's is {@link org.latent4j.Team.Builder#SOFT}.
     */
    public static final Soft DEFAULT = new Soft(10, 1, 0);

    /** @throws IllegalArgumentException if a value is outside its range */
    public Soft {
        if (topK < 1 || topK > MOST_TOKENS) {
            throw new IllegalArgumentException("soft topK is " + topK + ", must be 1 to " + MOST_TOKENS);
        }
        if (!(temperature > 0) || Float.isInfinite(temperature)) {
            throw new IllegalArgumentException("soft temperature is " + temperature + ", must be above 0 and finite");
        }
        if (!(noise >= 0) || Float.isInfinite(noise)) {
            throw new IllegalArgumentException("soft noise is " + noise + ", must be 0 (none) or more, and finite");
        }
    }

    /** In words: {@code 10 tokens at temperature 0.5}, and the noise if there is any. */
    @Override
    public String toString() {
        return topK + (topK == 1 ? " token" : " tokens") + " at temperature " + temperature
            + (noise == 0 ? "" : " with noise " + noise);
    }
}
