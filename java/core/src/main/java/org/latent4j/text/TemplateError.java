package org.latent4j.text;

/**
 * A fault in a chat template or in what it was given; {@link ChatTemplate} turns it into a LatentException that names
 * the line.
 */
final class TemplateError extends RuntimeException {
    private static final long serialVersionUID = 1;

    TemplateError(String message) {
        super(message);
    }
}
