package org.latent4j.cli;

/** Nobody reads the output any more ({@code latent4j ask ... | head -1}): the run ends, without a word. */
final class OutputClosed extends RuntimeException {
    private static final long serialVersionUID = 1;

    OutputClosed() {
        super("the output was closed", null, false, false);
    }
}
