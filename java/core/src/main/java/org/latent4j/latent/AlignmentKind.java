package org.latent4j.latent;

/**
 * How a hidden state becomes the next input embedding: {@code e = (h W) * targetNorm / max(||h W||, 1e-6)}, where
 * {@code targetNorm} is the mean norm of the input embeddings (arXiv 2511.20639, section 3.1). The order is the native
 * {@code l4j_alignment}.
 */
public enum AlignmentKind {
    /** W = I: only the norm is restored. The default, as in the paper's code. */
    IDENTITY,
    /** W maps output embeddings to input embeddings by least squares, lambda = 1e-5. */
    RIDGE,
    /** A control: a random matrix with the singular values of {@link #RIDGE}. */
    RANDOM,
    /** A control: h is fed back as it is, not rescaled. */
    NONE
}
