package org.latent4j.agent;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.latent4j.AnswerWarning;
import org.latent4j.Figures;
import org.latent4j.latent.AlignmentChoice;
import org.latent4j.latent.AlignmentKind;

/** What the figures of an answer say against it. */
final class Warnings {
    /** Thoughts that work are nearer to a token's embedding than this, those that broke are not. */
    private static final double LEAST_COSINE = 0.3;

    /** Honest prose and arithmetic have more different runs of tokens than this, answers that go in circles fewer. */
    private static final double LEAST_DISTINCT = 0.5;

    private Warnings() {
    }

    static List<AnswerWarning> of(Figures figures) {
        List<AnswerWarning> warnings = new ArrayList<>();
        if (figures.thoughtCosine() < LEAST_COSINE) {
            AlignmentKind kind = figures.alignment().map(AlignmentChoice::kind).orElse(AlignmentKind.AUTO);
            warnings.add(new AnswerWarning(AnswerWarning.Kind.THOUGHTS_LEFT_EMBEDDINGS, String.format(Locale.ROOT,
                "the latent thoughts left the token embeddings (cosine %.2f to the nearest, alignment %s): try the"
                    + " alignment soft, or fewer latent steps", figures.thoughtCosine(),
                kind.name().toLowerCase(Locale.ROOT))));
        }
        if (figures.cycleTokens() > 0 || figures.distinctRuns() < LEAST_DISTINCT) {
            String seen = figures.cycleTokens() > 0
                ? "ends in the same " + figures.cycleTokens() + " tokens over and over"
                : String.format(Locale.ROOT, "repeats itself (%.0f%% of its four-token runs are different)",
                    100 * figures.distinctRuns());
            warnings.add(new AnswerWarning(AnswerWarning.Kind.ANSWER_REPEATS, "the answer " + seen
                + ": try a temperature above 0, a repetition penalty, fewer latent steps, or a larger model"));
        }
        return warnings;
    }
}
