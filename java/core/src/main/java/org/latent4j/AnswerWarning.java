package org.latent4j;

import java.util.Objects;

/**
 * Something that speaks against an answer, seen while it was made.
 *
 * @param kind which
 * @param message one line: what was seen, and what to try
 */
public record AnswerWarning(Kind kind, String message) {
    /** @throws NullPointerException if either is null */
    public AnswerWarning {
        Objects.requireNonNull(kind, "kind");
        Objects.requireNonNull(message, "message");
    }

    /** What can be seen. */
    public enum Kind {
        /** Latent thoughts are far from every token's embedding: nothing that the first layer was trained to read. */
        THOUGHTS_LEFT_EMBEDDINGS,
        /** The answer goes in circles: it was cut off saying the same again and again, or hardly says anything else. */
        ANSWER_REPEATS,
        /** The answer has no text but white space. */
        ANSWER_EMPTY
    }
}
