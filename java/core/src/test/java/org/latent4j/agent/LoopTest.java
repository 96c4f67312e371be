package org.latent4j.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.latent4j.Figures;
import org.latent4j.Golden;
import org.latent4j.latent.StopReason;
import org.latent4j.text.Tokenizer;

/** Answers that go in circles, and sane ones that repeat something. */
class LoopTest {
    /** Of few merges: a text has more tokens than with any that is in use, and repeats them more. */
    private static final Tokenizer TOKENIZER = Tokenizer.from(Golden.of("tiny-qwen3").folder(), null);

    private static Optional<String> seen(String text, StopReason reason) {
        int[] tokens = TOKENIZER.encode(text);
        Repetition repetition = Repetition.of(tokens);
        return Loop.seen(text, reason, new Figures(10, 0, Optional.empty(), Double.NaN, tokens.length, tokens.length,
            repetition.distinct(), repetition.cycle(), 0, 0, 0, 0, 0, 0, 0, Optional.empty()));
    }

    static Stream<String> sane() {
        String boat = "Row, row, row your boat,\nGently down the stream.\nMerrily, merrily, merrily, merrily,\n"
            + "Life is but a dream.\n\n";
        String beer = IntStream.range(0, 4).mapToObj(i -> (99 - i) + " bottles of beer on the wall, " + (99 - i)
            + " bottles of beer.\nTake one down and pass it around, " + (98 - i) + " bottles of beer on the wall.\n\n")
            .collect(Collectors.joining());
        String week = Stream.of("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
            .map(day -> day + ": 9:00 am - 5:00 pm\n").collect(Collectors.joining());
        String coda = "The ferry leaves at seven, the harbour lies in grey,\nMy coat is on the railing, my hat has "
            + "blown away.\nThe gulls have had my breakfast, the tide has had my shoe,\nAnd still I sing it loudly:\n\n"
            + "La la la la la la la, la la la la you.\n".repeat(4);
        String identity = IntStream.range(0, 8).mapToObj(row -> IntStream.range(0, 8)
            .mapToObj(column -> row == column ? "1" : "0").collect(Collectors.joining(", ", "[", "]")))
            .collect(Collectors.joining(",\n ", "[", "]"));
        String box = "+" + "-".repeat(60) + "+\n"
            + ("|" + " ".repeat(60) + "|\n").repeat(6) + "+" + "-".repeat(60) + "+";
        return Stream.of("1" + "0".repeat(30), "0." + "3".repeat(34), "0." + "6".repeat(33) + "7",
            "1/7 = 0." + "142857".repeat(8), "01".repeat(32), "[" + "0, ".repeat(49) + "0]",
            "[" + "[0, 0, 0, 0],\n ".repeat(3) + "[0, 0, 0, 0]]", identity, week, boat.repeat(3), beer, coda, box,
            "| a | b | c |\n" + "|---".repeat(12) + "|", "-".repeat(80), "+--+--+--+\n|  |  |  |\n".repeat(9),
            "It is 10^30, that is 1" + "0".repeat(30) + ".");
    }

    @ParameterizedTest
    @MethodSource("sane")
    void whatWasAskedForAndEndedIsNone(String answer) {
        assertThat(seen(answer, StopReason.END_TOKEN)).isEmpty();
        assertThat(seen(answer, StopReason.ASKED)).isEmpty();
    }

    static Stream<String> loops() {
        return Stream.of("and the ".repeat(10), "yes ".repeat(20), "!".repeat(80), "\u6211\u4eec".repeat(40),
            "I do not know. ".repeat(12), "Ha".repeat(30), "The answer is 42. ".repeat(40));
    }

    @ParameterizedTest
    @MethodSource("loops")
    void whatFillsTheAnswerIsOneHoweverItEnded(String answer) {
        for (StopReason reason : new StopReason[] {StopReason.END_TOKEN, StopReason.LIMIT, StopReason.CONTEXT}) {
            assertThat(seen(answer, reason)).as("%s", reason).isPresent();
        }
    }

    static Stream<String> cutOff() {
        String honest = "First, 12 times 30 is 360, for 12 times 3 is 36. Then the 12 is added to it. ";
        return Stream.of(honest + "and the ".repeat(8) + "an", honest + "So we add the numbers again.\n".repeat(3),
            "0." + "3".repeat(200), honest + "0".repeat(300), "=".repeat(60), honest + "\ud83d\ude02".repeat(250),
            "| 1 | 2 |\n".repeat(30));
    }

    @ParameterizedTest
    @MethodSource("cutOff")
    void whatWasCutOffSayingTheSameIsOne(String answer) {
        assertThat(seen(answer, StopReason.LIMIT)).isPresent();
        assertThat(seen(answer, StopReason.END_TOKEN)).isEmpty();
    }

    /** The limit came within something sane: that it is cut off is the stop reason's to say. */
    @ParameterizedTest
    @ValueSource(strings = {"1000000000000000000000000", "[[0, 0, 0, 0],\n [0, 0, 0, 0],\n [0, 0, 0, 0],\n [0, 0",
        "The table is:\n| name | age | city | street |\n|---|---|---|---|---|---|---|---|---|---|",
        "Monday: 9:00 am - 5:00 pm\nTuesday: 9:00 am - 5:00 pm\nWednesday: 9:00 am - 5:00 pm\nThursday: 9:00 am",
        "no no no", ""})
    void whatWasCutOffEarlyIsNone(String answer) {
        assertThat(seen(answer, StopReason.LIMIT)).isEmpty();
    }

    /** Circles with a change in each turn, as models walk them that were told not to repeat themselves. */
    @Test
    void longAnswersThatHardlySayAnythingElseAreLoops() {
        String circles = IntStream.range(0, 24).mapToObj(i -> "The next step is to add the number to the sum that was "
            + "found in the last of the steps, so the sum is now the same " + (char) ('a' + i) + ".\n")
            .collect(Collectors.joining());
        assertThat(seen(circles, StopReason.LIMIT)).hasValueSatisfying(seen -> assertThat(seen)
            .startsWith("repeats itself (").endsWith("% of its four-token runs are different)"));
        assertThat(seen(circles, StopReason.END_TOKEN)).isPresent();
    }
}
