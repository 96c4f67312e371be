package org.latent4j;

import java.util.Locale;
import java.util.Optional;
import org.latent4j.latent.AlignmentChoice;

/**
 * What one question took. Counts are the question's own; times are wall clock, and where questions were asked together
 * they are those of the batch that it shared.
 *
 * @param promptTokens tokens prefilled, all agents together
 * @param latentSteps latent steps, all agents together
 * @param alignment what agents were to think by, and why; empty if no latent step was asked for
 * @param thoughtCosine of each agent's last latent thought, the lowest cosine to the nearest token's embedding; NaN if
 *     there was none
 * @param decodedTokens tokens decoded, all agents together, end tokens included
 * @param readerTokens of these, the ones whose text the reader saw: the answering agent's, without its end token
 * @param distinctRuns the share of the answer's runs of four tokens that are different from each other; 1 for a short
 *     answer
 * @param cycleTokens tokens of the piece that the answer's end repeats over and over; 0 if it does not
 * @param handedOverBytes keys and values that agents got from agents, all hand-offs together
 * @param prefillSeconds time of reading prompts
 * @param thinkSeconds time of latent steps
 * @param decodeSeconds time of decoding, all agents together
 * @param firstTokenSeconds from the start to the first token of the answer
 * @param totalSeconds from the start to the end
 * @param peakMemoryBytes the most bytes of keys and values that the question held at one time; pages that two memories
 *     share count twice
 * @param thinking what was asked of the latent steps; empty if none were asked for
 */
public record Figures(int promptTokens, int latentSteps, Optional<AlignmentChoice> alignment, double thoughtCosine,
        int decodedTokens, int readerTokens, double distinctRuns, int cycleTokens, long handedOverBytes,
        double prefillSeconds, double thinkSeconds, double decodeSeconds, double firstTokenSeconds, double totalSeconds,
        long peakMemoryBytes, Optional<ThinkingFigures> thinking) {

    /** All of it on one line. */
    @Override
    public String toString() {
        return String.format(Locale.ROOT,
            "%s, %s, %s decoded (%d shown), %s handed over, %s"
                + "prefill %.2f s, think %.2f s, decode %.2f s, first token after %.2f s, total %.2f s, peak memory %s",
            counted(promptTokens, "prompt token"), thought(), counted(decodedTokens, "token"), readerTokens,
            bytes(handedOverBytes),
            thinking.filter(asked -> asked.alignmentSeconds() >= 0.005)
                .map(asked -> String.format(Locale.ROOT, "alignment solved in %.2f s, ", asked.alignmentSeconds()))
                .orElse(""),
            prefillSeconds, thinkSeconds, decodeSeconds,
            firstTokenSeconds, totalSeconds, bytes(peakMemoryBytes));
    }

    private static String counted(int n, String noun) {
        return n + " " + noun + (n == 1 ? "" : "s");
    }

    /** The latent steps: how many, of how many if fewer than asked for, by what, and why there were no more. */
    private String thought() {
        int asked = thinking.map(ThinkingFigures::askedSteps).orElse(latentSteps);
        return (asked > latentSteps ? latentSteps + " of " : "") + counted(asked, "latent step")
            + alignment.map(choice -> " by " + thinking.map(ThinkingFigures::by)
                .orElse(choice.kind().name().toLowerCase(Locale.ROOT)) + " (" + choice.why() + ")").orElse("")
            + thinking.map(figures -> figures.mixture() + figures.early()).orElse("");
    }

    /** A number of bytes as people read it, such as {@code 1.5 MiB}. */
    public static String bytes(long n) {
        if (n < 1024) {
            return n + " B";
        }
        String[] units = {"KiB", "MiB", "GiB", "TiB"};
        double value = n / 1024.0;
        int unit = 0;
        while (value >= 1024 && unit < units.length - 1) {
            value /= 1024;
            unit++;
        }
        return String.format(Locale.ROOT, "%.1f %s", value, units[unit]);
    }
}
