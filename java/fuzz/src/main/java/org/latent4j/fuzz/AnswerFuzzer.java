package org.latent4j.fuzz;

import org.latent4j.agent.AnswerExtraction;
import org.latent4j.agent.TaskKind;

/** What a model wrote, of which an answer is found and compared. */
public final class AnswerFuzzer {
    private static final int LONG = 6_000;
    /** Of choices, of which so many letters are looked at anyway: watched, a long one takes half a minute. */
    private static final int LONG_CHOICE = 1_000;

    private AnswerFuzzer() {
    }

    public static void fuzzerTestOneInput(byte[] input) {
        String text = Outcome.text(input);
        for (TaskKind kind : TaskKind.values()) {
            AnswerExtraction.extract(kind, text).ifPresent(answer -> Outcome.expect(
                    AnswerExtraction.same(answer, answer), "'" + answer + "' is not itself"));
        }
        AnswerExtraction.same(text, "1/2");
        // The same again and again, after one beginning and before one end: what is quadratic shows.
        if (!text.isEmpty() && text.length() <= 12) {
            int third = text.length() / 3;
            for (TaskKind kind : TaskKind.values()) {
                AnswerExtraction.extract(kind, many(text, third, kind == TaskKind.CHOICE ? LONG_CHOICE : LONG));
            }
            String many = many(text, third, LONG);
            AnswerExtraction.same(many, many + "1");
        }
    }

    private static String many(String text, int third, int length) {
        String again = text.substring(third, text.length() - third);
        return text.substring(0, third) + again.repeat(length / again.length()) + text.substring(text.length() - third);
    }
}
