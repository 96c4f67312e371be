package org.latent4j.latent;

/**
 * What ends a member's thinking before all its latent steps are done. Looked at before each step, on the thought that
 * the step would run, which then is not run; each member for itself. The first that holds ends it.
 *
 * @param entropyBelow nats; the entropy of the next token's distribution has been below it for {@code entropySteps}
 *     steps that follow each other (the cold stop of arXiv 2505.15778); 0: off
 * @param entropySteps 1 or more
 * @param cosineAbove two thoughts that follow each other have a cosine above it, a fixed point; 0: off
 * @param atEndToken one of the rollout's end tokens ({@link Sampling#endTokens()}) is the likeliest next token; a
 *     rollout without any is refused
 */
public record ThinkUntil(float entropyBelow, int entropySteps, float cosineAbove, boolean atEndToken) {
    /** All steps are done. */
    public static final ThinkUntil STEPS_ARE_DONE = new ThinkUntil(0, 1, 0, false);

    /** @throws IllegalArgumentException if a value is outside its range */
    public ThinkUntil {
        if (!(entropyBelow >= 0) || Float.isInfinite(entropyBelow)) {
            throw new IllegalArgumentException("entropyBelow is " + entropyBelow
                + ", must be 0 (off) or more, and finite");
        }
        if (entropySteps < 1) {
            throw new IllegalArgumentException("entropySteps is " + entropySteps + ", must be 1 or more");
        }
        if (!(cosineAbove >= 0 && cosineAbove <= 1)) {
            throw new IllegalArgumentException("cosineAbove is " + cosineAbove + ", must be 0 (off) to 1");
        }
    }

    /** This, and an entropy below {@code nats} for {@code steps} steps. */
    public ThinkUntil orEntropyBelow(double nats, int steps) {
        return new ThinkUntil((float) nats, steps, cosineAbove, atEndToken);
    }

    /** This, and a fixed point. */
    public ThinkUntil orCosineAbove(double cosine) {
        return new ThinkUntil(entropyBelow, entropySteps, (float) cosine, atEndToken);
    }

    /** This, and an end token. */
    public ThinkUntil orEndToken() {
        return new ThinkUntil(entropyBelow, entropySteps, cosineAbove, true);
    }
}
