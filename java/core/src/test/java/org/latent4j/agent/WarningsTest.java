package org.latent4j.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.latent4j.AnswerWarning;
import org.latent4j.Figures;
import org.latent4j.latent.AlignmentChoice;
import org.latent4j.latent.AlignmentKind;
import org.latent4j.latent.Penalties;
import org.latent4j.latent.Sampling;
import org.latent4j.latent.StopReason;

/** What is said against an answer, and what is said to try. */
class WarningsTest {
    private static final Sampling GREEDY = Sampling.greedy(100);
    private static final Sampling DRAWN = new Sampling(100, 0.6f, 0.95f, 0, new int[0]);
    private static final String LOOP = "and the ".repeat(10);

    private static Figures figures(AlignmentKind kind, double thoughtCosine) {
        return new Figures(10, kind == null ? 0 : 10, Optional.ofNullable(kind).map(k -> new AlignmentChoice(k, "why")),
            thoughtCosine, 40, 40, 1, 0, 0, 0, 0, 0, 0, 0, 0, Optional.empty());
    }

    private static List<AnswerWarning> thoughts(AlignmentKind kind, double cosine, int steps) {
        return new Warnings(figures(kind, cosine), GREEDY, steps).of("It is 42.", StopReason.END_TOKEN);
    }

    /** What a single warning says. */
    private static String said(Sampling sampling, AlignmentKind kind, String text, StopReason reason) {
        List<AnswerWarning> warnings = new Warnings(figures(kind, kind == null ? Double.NaN : 0.9), sampling,
            kind == null ? 0 : 5).of(text, reason);
        assertThat(warnings).hasSize(1).allSatisfy(warning -> assertThat(warning.message()).doesNotContain("\n"));
        return warnings.get(0).message();
    }

    @Test
    void nothingIsSaidOfAnAnswerThatIsFine() {
        assertThat(thoughts(AlignmentKind.SOFT, 0.95, 5)).isEmpty();
        assertThat(thoughts(AlignmentKind.SOFT, 0.31, 5)).isEmpty();
        assertThat(thoughts(null, Double.NaN, 0)).as("without thoughts").isEmpty();
    }

    @Test
    void thoughtsThatLeftTheEmbeddingsAreSaidWithWhatToTry() {
        assertThat(thoughts(AlignmentKind.IDENTITY, 0.24, 5)).containsExactly(new AnswerWarning(
            AnswerWarning.Kind.THOUGHTS_LEFT_EMBEDDINGS, "the latent thoughts left the token embeddings (cosine 0.24 "
                + "to the nearest, alignment identity): try the alignment soft or fewer latent steps"));
        assertThat(thoughts(AlignmentKind.RIDGE, -0.5, 1)).singleElement().satisfies(warning ->
            assertThat(warning.message()).contains("cosine -0.50", "alignment ridge")
                .endsWith(": try the alignment soft"));
        assertThat(thoughts(AlignmentKind.SOFT, 0.1, 5)).singleElement().satisfies(warning ->
            assertThat(warning.message()).endsWith(": try the alignment argmax or fewer latent steps"));
    }

    @Test
    void whatIsToBeTriedIsWhatTheRunDidNotDo() {
        assertThat(said(GREEDY, null, LOOP, StopReason.LIMIT)).isEqualTo("the answer ends in 'and the ' 10 times over: "
            + "try a temperature above 0, a repetition penalty, or a larger model");
        assertThat(said(DRAWN, AlignmentKind.SOFT, LOOP, StopReason.LIMIT)).endsWith(
            ": try another seed, a repetition penalty, fewer latent steps, or a larger model");
        assertThat(said(DRAWN.withPenalties(Penalties.none().withRepetition(1.1f)), null, LOOP, StopReason.LIMIT))
            .endsWith(": try another seed, a higher repetition penalty, or a larger model");
    }

    @Test
    void anAnswerWithoutTextIsSaidWithWhatToTry() {
        for (String nothing : new String[] {"", " \n", "\u00a0\u2007\u200b"}) {
            assertThat(new Warnings(figures(null, Double.NaN), GREEDY, 0).of(nothing, StopReason.END_TOKEN))
                .extracting(AnswerWarning::kind).containsExactly(AnswerWarning.Kind.ANSWER_EMPTY);
        }
        assertThat(said(GREEDY, null, "", StopReason.END_TOKEN)).isEqualTo("the answer is empty: the model ended it "
            + "before any text: try a temperature above 0 or another prompt");
        assertThat(said(DRAWN, AlignmentKind.SOFT, "", StopReason.ASKED)).isEqualTo("the answer is empty: a stop "
            + "string came before any text: try other stop strings, another seed, fewer latent steps, or another "
            + "prompt");
        assertThat(said(GREEDY, null, "\n".repeat(90), StopReason.LIMIT)).contains("white space", "more new tokens");
        assertThat(new Warnings(figures(null, Double.NaN), GREEDY, 0).of("", StopReason.NONE))
            .as("none was asked for").isEmpty();
    }

    @Test
    void aPieceIsShownOnOneLineAndCutAndSteersNoTerminal() {
        String long50 = "abcdefghij\u202eklmnopqrs\ntuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ. ";
        assertThat(said(GREEDY, null, long50.repeat(4), StopReason.LIMIT)).startsWith(
            "the answer ends in 'abcdefghij klmnopqrs tuvwxyz ABCDEFGHIJK...' 4 times over: ");
    }
}
