package org.latent4j.latent;

/**
 * How a hidden state h becomes the next input embedding e.
 *
 * <p>{@link #IDENTITY}, {@link #RIDGE} and {@link #RANDOM}: {@code e = (h W) * targetNorm / max(||h W||, 1e-6)}, where
 * {@code targetNorm} is the mean norm of the input embeddings (arXiv 2511.20639, section 3.1). {@link #SOFT} and {@link
 * #ARGMAX}: {@code e} lies on the span of token embeddings ({@link Soft}).
 *
 * <p>Which one: where input and output embeddings are tied, ridge is the identity, and a thought made by either leaves
 * the region that the first layer knows; after a few steps small models then write nonsense. Thoughts by {@link #SOFT}
 * stay in it on every model.
 */
public enum AlignmentKind {  // the order of the first six is the native l4j_alignment
    /** W = I: only the norm is restored. The default of the paper's code. */
    IDENTITY,
    /** W maps output embeddings to input embeddings by least squares, lambda = 1e-5: the paper's alignment. */
    RIDGE,
    /** A control: a random matrix with the singular values of {@link #RIDGE}. */
    RANDOM,
    /** A control: h is fed back as it is, not rescaled. */
    NONE,
    /** The likeliest tokens' embeddings, mixed by their probabilities: soft thinking (arXiv 2505.15778). */
    SOFT,
    /** {@link #RIDGE} where embeddings are untied and W is far from identity, else {@link #SOFT}. The default. */
    AUTO,
    /** A control: the likeliest token's embedding, so that a thought is a token: {@link #SOFT} of one token. */
    ARGMAX
}
