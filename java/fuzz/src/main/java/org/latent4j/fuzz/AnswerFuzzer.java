package org.latent4j.fuzz;

import org.latent4j.agent.AnswerExtraction;
import org.latent4j.agent.TaskKind;

/** What a model wrote, of which an answer is found and compared. */
public final class AnswerFuzzer {
    private AnswerFuzzer() {
    }

    public static void fuzzerTestOneInput(byte[] input) {
        String text = Outcome.text(input);
        for (TaskKind kind : TaskKind.values()) {
            AnswerExtraction.extract(kind, text).ifPresent(answer -> Outcome.expect(
                    AnswerExtraction.same(answer, answer), "'" + answer + "' is not itself"));
        }
        AnswerExtraction.same(text, "1/2");
        // The same again and again: what is quadratic shows.
        if (!text.isEmpty() && text.length() <= 16) {
            String many = text.repeat(2000);
            for (TaskKind kind : TaskKind.values()) {
                AnswerExtraction.extract(kind, many);
            }
            AnswerExtraction.same(many, many + "1");
        }
    }
}
