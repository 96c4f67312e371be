package org.latent4j.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The answer in a text, and whether two answers are the same. */
class AnswerExtractionTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "first \\boxed{1}, no: \\boxed{42}. | 42",
        "\\boxed{\\frac{3}{4}} | \\frac{3}{4}",
        "\\boxed{\\dfrac{3}{4}} | \\frac{3}{4}",
        "\\boxed{\\{1, 2\\}} | \\{1, 2\\}",
        "\\boxed {7} | 7",
        "\\boxed{\\text{Monday}} | Monday",
        "\\boxed{18\\text{ dollars}} | 18",
        "\\boxed{18\\,\\mathrm{cm}} | 18",
        "\\boxed{x \\text{ and } y} | x  and  y",
        "\\boxed{\\text{a } \\textbf{b}} | a  b",
        "\\boxed{\\$1,200} | 1,200",
        "\\boxed{$5$} | 5",
        "\\boxed{90^\\circ} | 90",
        "\\boxed{90^{\\circ}} | 90",
        "\\boxed{\\left(1, 2\\right)} | (1, 2)",
        "\\boxed{3} is it, as \\boxed{was cut | 3",
        "cut off in \\boxed{12 | 12",
        "empty \\boxed{} so 9 | 9",
        "it costs $1,234.50 in all. | 1,234.50",
        "12 + 30 = 42. | 42",
        "a drop to -3 | -3",
        "the range 10-5 | 5",
        "x = \u22127 | -7",
        "one half, or 1/2. | 1/2",
        "probability .25 | .25",
        "<think>\\boxed{1} 5</think>so 6 | 6",
        "version v2 and 8 | 8",
        "1, 2, 3 | 3",
    })
    void findsTheAnswerToMathematics(String text, String answer) {
        assertThat(AnswerExtraction.extract(TaskKind.MATH, text)).contains(answer);
    }

    @Test
    void findsNothingWhereNothingIs() {
        assertThat(AnswerExtraction.extract(TaskKind.MATH, "I do not know.")).isEmpty();
        assertThat(AnswerExtraction.extract(TaskKind.MATH, "")).isEmpty();
        assertThat(AnswerExtraction.extract(TaskKind.CHOICE, "none of these words")).isEmpty();
        assertThat(AnswerExtraction.extract(TaskKind.CODE, "print(1)")).isEmpty();
        assertThat(AnswerExtraction.extract(TaskKind.OPEN, " \n")).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "\\boxed{B} | B",
        "\\boxed{b} | B",
        "\\boxed{\\text{C}} | C",
        "\\boxed{\\text{(D) 12}} | D",
        "The answer is (C). | C",
        "The answer is **C**. | C",
        "Answer: D | D",
        "A is wrong. The correct answer is option B, not A | B",
        "A dog. I think (B) | B",
        "C. | C",
        "E | E",
    })
    void findsTheLetterOfAChoice(String text, String answer) {
        assertThat(AnswerExtraction.extract(TaskKind.CHOICE, text)).contains(answer);
    }

    @Test
    void aLetterMayStandOnALineOfItsOwn() {
        assertThat(AnswerExtraction.extract(TaskKind.CHOICE, "so it must be\nC\nas was said")).contains("C");
    }

    @Test
    void findsTheLastBlockOfPython() {
        String text = "First:\n```python\na = 1\n```\nBetter:\n```python\ndef f(x):\n    return x\n```\n"
            + "Run it:\n```sh\npython f.py\n```\n";
        assertThat(AnswerExtraction.extract(TaskKind.CODE, text)).contains("def f(x):\n    return x");
        assertThat(AnswerExtraction.extract(TaskKind.CODE, "```\nx = 2\n```")).contains("x = 2");
        assertThat(AnswerExtraction.extract(TaskKind.CODE, "```python\nx = 2\ny = ")).contains("x = 2\ny = ");
    }

    @Test
    void anOpenAnswerIsTheTextWithoutItsThoughts() {
        assertThat(AnswerExtraction.extract(TaskKind.OPEN, "<think>hm</think>\n\nBlue.\n"))
            .isEqualTo(Optional.of("Blue."));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "18 | 18.0", "1,200 | 1200", "1200.00 | 1,200", "1/2 | 0.5", "\\frac{1}{2} | .5", "-\\frac{6}{4} | -1.5",
            "+7 | 7", "$18 | 18",
        "50\\% | 50", "1e3 | 1000", "\\text{Monday} | monday", "(1,2) | (1, 2)", "x+1 | x + 1",
        "18\\text{ dollars} | 18", "42. | 42",
        "6/4 | 3/2", "-0 | 0", "\\dfrac{3}{4} | 0.75", "\u22125 | -5",
    })
    void sameAnswers(String one, String other) {
        assertThat(AnswerExtraction.same(one, other)).isTrue();
        assertThat(AnswerExtraction.same(other, one)).isTrue();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "18 | 18.01", "12 | 1,2", "1/2 | 1/3", "Monday | Tuesday", "5 | -5", "1/0 | 0", "x | 1", "3 | 3x",
            "0.333 | 1/3",
    })
    void differentAnswers(String one, String other) {
        assertThat(AnswerExtraction.same(one, other)).isFalse();
        assertThat(AnswerExtraction.same(other, one)).isFalse();
    }

    @Test
    void longTextIsReadInTime() {
        String digits = "9".repeat(100_000);
        assertThat(AnswerExtraction.extract(TaskKind.MATH, digits)).contains(digits);
        assertThat(AnswerExtraction.same(digits, digits)).isTrue();
        assertThat(AnswerExtraction.extract(TaskKind.MATH, "\\boxed{".repeat(2_000) + "1")).contains("1");
    }

    @Test
    @Timeout(20)
    void textsWithoutEndAreReadOnce() {
        String unclosed = "\\boxed{".repeat(200_000);
        assertThat(AnswerExtraction.extract(TaskKind.MATH, unclosed + "4} 5")).contains("4");
        assertThat(AnswerExtraction.extract(TaskKind.MATH, unclosed + " 5")).contains("5");
        assertThat(AnswerExtraction.extract(TaskKind.CHOICE, "answer" + "*".repeat(1_000_000) + "x")).isEmpty();
        assertThat(AnswerExtraction.extract(TaskKind.CHOICE, "answer" + "*".repeat(1_000_000) + "B")).contains("B");
        assertThat(AnswerExtraction.same("1" + ".".repeat(1_000_000), "2")).isFalse();
        assertThat(AnswerExtraction.same("\\text{}".repeat(200_000), "x")).isFalse();
        assertThat(AnswerExtraction.extract(TaskKind.MATH, "\\boxed{" + ".".repeat(1_000_000) + "}")).isPresent();
    }
}
