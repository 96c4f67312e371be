package org.latent4j.agent;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.latent4j.AnswerWarning;
import org.latent4j.Figures;
import org.latent4j.internal.WhiteSpace;
import org.latent4j.latent.AlignmentChoice;
import org.latent4j.latent.AlignmentKind;
import org.latent4j.latent.Sampling;
import org.latent4j.latent.StopReason;

/** What speaks against an answer, with what to try that the run did not do already. */
final class Warnings {
    /** Thoughts that work are nearer to a token's embedding than this, those that broke are not. */
    private static final double LEAST_COSINE = 0.3;

    private final Figures figures;
    private final Sampling sampling;
    private final int stepsOfAgent;

    /**
     * @param sampling how the answer was decoded
     * @param stepsOfAgent latent steps that each thinking agent was allowed
     */
    Warnings(Figures figures, Sampling sampling, int stepsOfAgent) {
        this.figures = figures;
        this.sampling = sampling;
        this.stepsOfAgent = stepsOfAgent;
    }

    /** Those of an answer with this text, which ended for that reason. */
    List<AnswerWarning> of(String text, StopReason reason) {
        List<AnswerWarning> warnings = new ArrayList<>();
        if (figures.thoughtCosine() < LEAST_COSINE) {
            AlignmentKind kind = figures.alignment().map(AlignmentChoice::kind).orElse(AlignmentKind.AUTO);
            List<String> remedies = new ArrayList<>();
            remedies.add("the alignment " + (kind == AlignmentKind.SOFT ? "argmax" : "soft"));
            addFewerSteps(remedies);
            warnings.add(new AnswerWarning(AnswerWarning.Kind.THOUGHTS_LEFT_EMBEDDINGS, String.format(Locale.ROOT,
                "the latent thoughts left the token embeddings (cosine %.2f to the nearest, alignment %s): %s",
                figures.thoughtCosine(), kind.name().toLowerCase(Locale.ROOT), advice(remedies))));
        }
        if (WhiteSpace.isAll(text)) {
            if (reason != StopReason.NONE) {
                warnings.add(new AnswerWarning(AnswerWarning.Kind.ANSWER_EMPTY, empty(reason)));
            }
            return warnings;
        }
        Loop.seen(text, reason, figures).ifPresent(seen -> warnings.add(new AnswerWarning(
            AnswerWarning.Kind.ANSWER_REPEATS, "the answer " + seen + ": " + advice(againstLoops()))));
        return warnings;
    }

    private String empty(StopReason reason) {
        List<String> remedies = new ArrayList<>();
        String why = switch (reason) {
            case ASKED -> "a stop string came before any text";
            case LIMIT, CONTEXT -> "all that came was white space, until there was no room for more";
            default -> "the model ended it before any text";
        };
        if (reason == StopReason.ASKED) {
            remedies.add("other stop strings");
        } else if (reason == StopReason.LIMIT) {
            remedies.add("more new tokens");
        }
        remedies.add(anotherDraw());
        addFewerSteps(remedies);
        remedies.add("another prompt");
        return "the answer is empty: " + why + ": " + advice(remedies);
    }

    private List<String> againstLoops() {
        List<String> remedies = new ArrayList<>();
        remedies.add(anotherDraw());
        remedies.add(sampling.penalties().repetition() > 1 ? "a higher repetition penalty" : "a repetition penalty");
        addFewerSteps(remedies);
        remedies.add("a larger model");
        return remedies;
    }

    private String anotherDraw() {
        return sampling.temperature() == 0 ? "a temperature above 0" : "another seed";
    }

    private void addFewerSteps(List<String> remedies) {
        if (figures.latentSteps() > 0 && stepsOfAgent > 1) {
            remedies.add("fewer latent steps");
        }
    }

    private static String advice(List<String> remedies) {
        int last = remedies.size() - 1;
        return "try " + (last == 0 ? remedies.get(0) : String.join(", ", remedies.subList(0, last))
            + (last > 1 ? "," : "") + " or " + remedies.get(last));
    }
}
