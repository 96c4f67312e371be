package org.latent4j.latent;

/**
 * The alignment that a model thinks by.
 *
 * @param kind never {@link AlignmentKind#AUTO}
 * @param why in a few words, such as {@code the embeddings are tied}
 */
public record AlignmentChoice(AlignmentKind kind, String why) {
}
