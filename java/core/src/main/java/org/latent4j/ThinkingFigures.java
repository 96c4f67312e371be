package org.latent4j;

import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.latent4j.latent.AlignmentKind;
import org.latent4j.latent.ThinkEnd;
import org.latent4j.latent.Thinking;

/**
 * What was asked of a team's latent thinking on one question, and how it ended.
 *
 * @param settings how each thinking agent thought: steps of each at most, the alignment that was taken (never {@link
 *     AlignmentKind#AUTO}), the mixture, and what could end it before
 * @param askedSteps latent steps asked for, all thinking agents together
 * @param ends why each of them stopped, in the order in which they worked
 * @param alignmentSeconds what it took to solve the alignment before anything else; 0 if it was solved already. Not
 *     part of {@link Figures#totalSeconds()}
 */
public record ThinkingFigures(Thinking settings, int askedSteps, List<ThinkEnd> ends, double alignmentSeconds) {
    /** Takes a copy of {@code ends}. */
    public ThinkingFigures {
        Objects.requireNonNull(settings, "settings");
        ends = List.copyOf(ends);
    }

    /** What thoughts are made of, in words: {@code soft}, {@code random blended with 1.0 of soft}. */
    String by() {
        String kind = settings.alignment().name().toLowerCase(Locale.ROOT);
        return settings.blend() > 0 ? kind + " blended with " + settings.blend() + " of soft" : kind;
    }

    /** What soft mixes, in words; empty where no soft is in the thoughts. */
    String mixture() {
        boolean mixes = settings.alignment() == AlignmentKind.SOFT || settings.blend() > 0;
        return mixes ? ", soft of " + settings.mixture() : "";
    }

    /** Who stopped before its steps were done, and why; empty if nobody did. */
    String early() {
        Map<ThinkEnd, Integer> counts = new EnumMap<>(ThinkEnd.class);
        ends.stream().filter(end -> end != ThinkEnd.STEPS).forEach(end -> counts.merge(end, 1, Integer::sum));
        return counts.entrySet().stream().map(entry -> ", " + entry.getValue()
                + (entry.getValue() == 1 ? " agent" : " agents") + " stopped early: " + reason(entry.getKey()))
            .collect(Collectors.joining());
    }

    private String reason(ThinkEnd end) {
        return switch (end) {
            case STEPS -> "all steps are done";
            case ENTROPY -> "entropy below " + settings.until().entropyBelow();
            case FIXED_POINT -> "cosine above " + settings.until().cosineAbove();
            case END_TOKEN -> "an end token was likeliest";
        };
    }
}
