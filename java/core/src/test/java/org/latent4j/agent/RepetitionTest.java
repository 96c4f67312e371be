package org.latent4j.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What counts as an answer that repeats itself. */
class RepetitionTest {
    /** So many tokens of honest text, then a piece of {@code period} different tokens over and over. */
    private static int[] text(int honest, int period, int repeated) {
        return IntStream.range(0, honest + repeated).map(i -> i < honest ? 1000 + i : (i - honest) % period).toArray();
    }

    @Test
    void cyclesOfEveryLengthAreFoundAtTheirLength() {
        for (int period = 1; period <= 64; period++) {
            int enough = Math.max(24, 3 * period);
            for (int honest : new int[] {0, 1, 7, 500}) {
                assertThat(Repetition.of(text(honest, period, enough)).cycle()).as("%d tokens after %d", period, honest)
                    .isEqualTo(period);
                assertThat(Repetition.of(text(honest, period, enough + period / 2)).cycle())
                    .as("cut within a turn").isEqualTo(period);
                assertThat(Repetition.of(text(honest, period, enough - 1)).cycle()).as("one token less").isZero();
            }
        }
        assertThat(Repetition.of(text(10, 65, 1000)).cycle()).as("too long to be called one").isZero();
    }

    @Test
    void aCycleThatAnythingBreaksIsNone() {
        for (int period : new int[] {1, 2, 5, 31, 64}) {
            int[] cycle = text(3, period, 6 * period + 24);
            int[] goesOn = Arrays.copyOf(cycle, cycle.length + 1);
            goesOn[cycle.length] = 777;
            assertThat(Repetition.of(goesOn).cycle()).as("broken at the end").isZero();
            int[] broken = cycle.clone();
            broken[cycle.length - Math.max(24, 3 * period) / 2] = 777;
            assertThat(Repetition.of(broken).cycle()).as("broken within").isZero();
        }
    }

    @ParameterizedTest(name = "{0} honest tokens, then {1} in a cycle of {2}: {3}")
    @CsvSource({"400, 0, 1, 1", "0, 0, 1, 1", "0, 26, 1, 1", "0, 27, 1, 0.0416667", "0, 403, 4, 0.01",
        "203, 200, 10, 0.53"})
    void distinctRunsAreCounted(int honest, int repeated, int period, double distinct) {
        assertThat(Repetition.of(text(honest, period, repeated)).distinct())
            .isCloseTo(distinct, within(0.005));
    }

    @Test
    void shortAnswersAreNoRepetition() {
        for (int[] tokens : new int[][] {{}, {7}, {7, 7, 7, 7}, text(0, 1, 23), text(2, 4, 20)}) {
            assertThat(Repetition.of(tokens)).isEqualTo(new Repetition(0, 1));
        }
    }

    /** Runs whose numbers a hash takes for the same are different all the same. */
    @Test
    void runsOfOtherTokensAreOtherRuns() {
        int[] tokens = new int[400];
        for (int i = 0; i < tokens.length; i++) {
            tokens[i] = i % 2 == 0 ? 5000 + i / 2 : 100_000 - 31 * (i / 2);
        }
        assertThat(Repetition.of(tokens).distinct()).isEqualTo(1);
    }

    @Test
    void proseAndArithmeticAreNoRepetition() {
        String prose = "The cat sat on the mat and the dog sat on the rug . The cat looked at the dog and the dog "
            + "looked at the cat , and then the cat and the dog went out of the house and into the garden . In the "
            + "garden there was a bird . The bird looked at the cat , the cat looked at the bird , and the bird "
            + "flew away .";
        String sums = "3 * 12 = 36 so 36 - 7 = 29 . 4 * 12 = 48 so 48 - 7 = 41 . 5 * 12 = 60 so 60 - 7 = 53 . "
            + "6 * 12 = 72 so 72 - 7 = 65 . The sum of all is 29 + 41 + 53 + 65 = 188 .";
        for (String text : new String[] {prose, sums}) {
            Repetition repetition = Repetition.of(Arrays.stream(text.split(" ")).mapToInt(String::hashCode).toArray());
            assertThat(repetition.cycle()).isZero();
            assertThat(repetition.distinct()).isGreaterThan(0.8);
        }
    }
}
