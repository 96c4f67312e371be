package org.latent4j.cli;

/** What every help text and the tests of them ask: a question that the embedded model answers rightly. */
final class Examples {
    static final String QUESTION = "What is the capital of France?";
    /** A word of the right answer. */
    static final String ANSWER = "Paris";
    static final String QUOTED = "\"" + QUESTION + "\"";

    private Examples() {
    }
}
