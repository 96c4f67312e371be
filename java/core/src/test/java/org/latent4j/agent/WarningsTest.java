package org.latent4j.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.latent4j.AnswerWarning;
import org.latent4j.Figures;
import org.latent4j.latent.AlignmentChoice;
import org.latent4j.latent.AlignmentKind;

/** When an answer's figures speak against it, and in what words. */
class WarningsTest {
    private static Figures figures(AlignmentKind kind, double thoughtCosine, double distinctRuns, int cycleTokens) {
        return new Figures(10, kind == null ? 0 : 5, Optional.ofNullable(kind).map(k -> new AlignmentChoice(k, "why")),
            thoughtCosine, 40, 40, distinctRuns, cycleTokens, 0, 0, 0, 0, 0, 0, 0,
            Optional.empty());
    }

    @Test
    void nothingIsSaidOfAnAnswerThatIsFine() {
        assertThat(Warnings.of(figures(AlignmentKind.SOFT, 0.95, 1, 0))).isEmpty();
        assertThat(Warnings.of(figures(AlignmentKind.SOFT, 0.31, 0.51, 0))).isEmpty();
        assertThat(Warnings.of(figures(null, Double.NaN, 1, 0))).as("without thoughts").isEmpty();
    }

    @Test
    void thoughtsThatLeftTheEmbeddingsAreSaidWithWhatToTry() {
        assertThat(Warnings.of(figures(AlignmentKind.IDENTITY, 0.24, 1, 0))).containsExactly(new AnswerWarning(
            AnswerWarning.Kind.THOUGHTS_LEFT_EMBEDDINGS, "the latent thoughts left the token embeddings (cosine 0.24 "
                + "to the nearest, alignment identity): try the alignment soft, or fewer latent steps"));
        assertThat(Warnings.of(figures(AlignmentKind.RIDGE, -0.5, 1, 0))).singleElement()
            .satisfies(warning -> assertThat(warning.message()).contains("cosine -0.50", "alignment ridge"));
    }

    @Test
    void anAnswerThatRepeatsItselfIsSaidWithWhatToTry() {
        assertThat(Warnings.of(figures(null, Double.NaN, 0.1, 7))).singleElement().satisfies(warning -> {
            assertThat(warning.kind()).isEqualTo(AnswerWarning.Kind.ANSWER_REPEATS);
            assertThat(warning.message()).startsWith("the answer ends in the same 7 tokens over and over: try ")
                .doesNotContain("\n");
        });
        assertThat(Warnings.of(figures(null, Double.NaN, 0.42, 0))).singleElement()
            .extracting(AnswerWarning::message, InstanceOfAssertFactories.STRING)
            .startsWith("the answer repeats itself (42% of its four-token runs are different): try ");
        assertThat(Warnings.of(figures(AlignmentKind.NONE, 0, 0, 1))).extracting(AnswerWarning::kind)
            .containsExactly(AnswerWarning.Kind.values());
    }
}
