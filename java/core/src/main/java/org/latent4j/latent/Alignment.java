package org.latent4j.latent;

/**
 * An alignment as solved for one model.
 *
 * @param kind which
 * @param dModel the model's width
 * @param matrix {@code [dModel, dModel]}, row-major; row vectors: {@code e = h W}
 * @param targetNorm the norm an aligned row is scaled to: the mean norm of the input embeddings; 0 for {@link
 *     AlignmentKind#NONE}, which does not scale
 * @param distanceFromIdentity {@code ||W - I|| / ||I||} in the Frobenius norm
 */
public record Alignment(AlignmentKind kind, int dModel, float[] matrix, float targetNorm, double distanceFromIdentity) {
}
