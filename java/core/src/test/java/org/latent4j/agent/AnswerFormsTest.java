package org.latent4j.agent;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The ways in which models write letters and numbers. In these tables {@code ~n} is a new line. */
class AnswerFormsTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\u0002', value = {
        // negated options
        "Option A is incorrect. Option B is incorrect. Therefore, C. | C",
        "A is wrong. B is wrong. So the answer must be C, since D is impossible. | C",
        "(A) is incorrect. (B) is correct. (C) is incorrect. (D) is incorrect. | B",
        "A) Paris - correct~nB) Rome - incorrect~nC) Oslo - incorrect | A",
        "A. Incorrect.~nB. Correct.~nC. Incorrect. | B",
        "**A** is not right, **B** fits.~n**C** does not follow. | B",
        "The answer is not A but (D). | D",
        "The answer isn't B. It's C. | C",
        "The answer is B, not A. | B",
        "The answer is B because it cannot be negative. | B",
        "We can rule out A and D. Neither B nor E holds. That leaves C. | C",
        "B is correct because A is wrong. | B",
        "Options A, B and D are incorrect. Hence C. | C",
        "The correct answer is C. Option D is close, but too large. | C",
        "Option A can be eliminated. Option B is eliminated too. Option C remains. | C",
        "I would not choose A; I would choose D. | D",
        "Rather than A, choose B. | B",
        "Therefore, C, since the others are wrong. | C",
        "C. The others are wrong. | C",
        "A: False~nB: True~nC: False | B",
        "D is the best answer. A and B are unlikely. | D",
        "Is A correct? No. B is correct. | B",
        "If the answer is A, then x = 2, which is odd. So (B). | B",
        // what is left, what is offered, what is asked for
        "A is wrong because it ignores X. B is wrong because it ignores Y. D is wrong because it ignores Z. C is"
            + " the only one left. | C",
        "A needs X. B needs Y. So C is left. It needs Z. | C",
        "Among A, B, C and D, only B satisfies the condition. | B",
        "Of the options A, B, C and D, only option A satisfies it. | A", "Not only B but also C. Hence D. | D",
        "The incorrect statement is B. A, C and D are correct. | B", "The wrong one is (B). | B",
        "A: True~nB: False~nC: True~nD: True | B", "A is true. B is true. C is not true. | C",
        "A and B are true, D is false. Therefore, C. | C", "The wrong answer is B. The right answer is C. | C",
        "The incorrect statement is B because there is no vitamin D. | B",
        "I first thought the answer is B. Actually it is C. | C", "The answer is B. Wait, I misread it. It is C. | C",
        "B) Aspirin inhibits COX. A) is a beta blocker. | B", "B. Paris~nA. Rome is in Italy. | B",
        "D) seems near.~nA) Rome.~n~nC | C", "Option **A** is incorrect. Option **B** fits. | B",
        "My initial answer was A, but the correct one is C. | C", "The correct statement is (B). | B",
        "Option 'A' is wrong, option 'D' is right. | D",
        // quotes and wide letters
        "Answer: 'C' | C", "'C' | C", "\u2018C\u2019 | C", "The answer is \u2018C\u2019. | C", "\"C\" | C",
        "I choose 'c'. | C", "\u7b54\u6848\uff1a\uff23 | C", "\uff08B\uff09 | B",
        // markdown and LaTeX
        "**B** | B", "Answer: $B$ | B", "\\(B\\) | B", "\\[B\\] | B", "the answer is (c). | C",
        "<answer>B</answer> | B",
        "<answer> (b) </answer> | B", "<ANSWER>**C**</ANSWER> | C", "<answer>B. Paris</answer> | B", "__B__ | B",
        "`B` | B", "**Answer:** B | B", "**Answer: B** | B", "**Answer**: **B** | B", "Answer: \\text{B} | B",
        "The answer is $\\textbf{(D)}$ | D", "The answer is $\\mathrm{C}$. | C", "The answer is \\(\\text{(C)}\\). | C",
        "\\boxed{\\textbf{(C)}\\ 12} | C", "\\boxed{\\mathrm{D}} | D", "\\boxed{(b)} | B", "\\boxed{B. Paris} | B",
        "\\boxed{\\boxed{C}} | C", "\\boxed{\\text{Option B}} | B", "### Answer~n~nB | B",
        "Answer:~n~n**B. Paris** | B",
        "Final answer: [D] | D", "Answer - C | C", "Answer = C | C", "* **C** | C", "- C | C", "Answer: \"B\" | B",
        "The answer is \u201cB\u201d. | B", "> C | C",
        // said in words
        "The correct option is (A). | A", "The best choice would be D. | D", "The answer to the question is B. | B",
        "The answer is therefore C. | C", "The answer is option b. | B", "answer: d | D", "The answer is A. | A",
        "The answer is A because it floats. | A", "I choose B. | B", "I'd say C. | C", "I think it is D. | D",
        "My guess: the letter C. | C", "Correct answer: A) Paris | A", "A is the correct answer. | A",
        "The right answer is clearly (E). | E", "So it must be B. | B", "The answer is C! | C",
        "The answer should be the option D. | D", "The answer is choice B: Paris. | B", "B) Paris | B",
        "(d) | D", "b) | B", "`b` | B", "Only D holds. | D", "\u7b54\u6848\u662fB | B", "\u7b54\u6848\uff1aC\u3002 | C",
        "Both A and C are true, but the most complete is C. | C", "A vitamin. The answer: vitamin C | C",
        "A) Mercury - near.~nB) Venus - hot.~nC) Mars - red.~n~nTherefore, the correct answer is C) Mars. | C",
        "None of A, B, C is right; D is right. | D", "Let A be the area. Since 3 is option C, we pick C. | C",
        // letters that are words
        "A lot of people think so. The answer is B. | B", "I think (B) | B", "I know that A cat sleeps. C. | C",
        "C. It holds vitamin D. | C", "The answer is B. I am sure. A dog would know. | B",
        "B is right. So am I. | B", "Plan A failed. The answer is C | C",
    })
    void choices(String text, String letter) {
        assertThat(AnswerExtraction.extract(TaskKind.CHOICE, text.replace("~n", "\n"))).contains(letter);
    }

    @ParameterizedTest
    @ValueSource(strings = {"The answer is I don't know", "The answer is I don\u2019t know.", "\\boxed{I don't know}",
        "<answer>I do not know</answer>", "A lot of people think so", "I think so", "The answer is a dog",
        "the answer is a.b", "Option A is incorrect. Option B is incorrect.", "Neither A nor B", "It isn't A.",
        "A is wrong.", "So do I.", "what a day, a day", "The answer is A lot", "it's 5 o'clock", "B2B, C++x, AB", "",
        "the b in the word", "It can't be (C)."})
    void noChoice(String text) {
        assertThat(AnswerExtraction.extract(TaskKind.CHOICE, text)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\u0002', value = {
        "It is $\\frac12$. | \\frac{1}{2}", "It is \\(\\dfrac{1}{2}\\). | \\frac{1}{2}",
        "It is $3\\frac{1}{2}$ hours. | 3\\frac{1}{2}", "It is 3 1/2 hours. | 3 1/2", "It is 1{,}200. | 1,200",
        "It is $10,\\!080$. | 10,080", "It is $10\\,080$. | 10080", "It is 1.5e3. | 1.5e3",
        "It is $1.5 \\times 10^{3}$. | 1.5 \\times 10^{3}", "It is **1,200**. | 1,200", "<answer>{8}</answer> | 8",
        "<answer>8</answer> after 3 tries | 8", "The answer is 42. I checked it 3 times. | 42",
        "The answer is **42**, found in 3 steps. | 42", "The answer is 40 + 2 = 42. | 42", "Answer: $-5$ of 10 | -5",
        "#### 18 | 18", "#### 18~nchecked by 2 | 18", "It costs -$5. | -5", "It is \u22127. | -7",
        "It is \u20137. | -7",
        "It is 1.234.567. | 1.234.567", "It is 1.234,50 euros. | 1.234,50", "The answer is 25%. | 25",
        "\\boxed{{8}} | 8", "\\boxed{\\boxed{9}} | 9", "\\boxed{\\(7\\)} | 7",
        "\\boxed{\\frac12\\text{ cup}} | \\frac{1}{2}",
        "\\boxed{3\\tfrac{1}{2}\\text{ h}} | 3\\frac{1}{2}", "\\boxed{**5**} | 5", "\\boxed{$1{,}200$.} | 1,200",
        "It is 10^3. | 10^3", "12 + 30 = 32~n~nThe answer is: 32 | 32", "The answer is x = 5. | 5",
        // signs in words, expressions, ratios, groups
        "The answer is negative 3. | -3", "The answer is minus 3 | -3", "We get negative 1/2. | -1/2",
        "so 5 minus 3 | 3", "The answer is \\sqrt{2}. | \\sqrt{2}", "The answer is $3\\sqrt{5}$. | 3\\sqrt{5}",
        "The answer is $2\\pi$ | 2\\pi", "The area is $2\\pi$. | 2\\pi", "The answer is 2\u03c0. | 2\u03c0",
        "The answer is $x^2$. | x^2",
        "Hence $\\frac{x}{2}$ | \\frac{x}{2}", "First 7, then it is 3\\sqrt{5}. | 3\\sqrt{5}", "It is 3x. | 3x",
        "The answer is $x^2 + 1$. | x^2 + 1", "We have $y = x + 1 = 5$ | 5", "It is $(3, 4)$. | (3, 4)",
        "The result is $90^\\circ$. | 90", "It is $5\\text{ cm}^2$. | 5",
        "so \\(x = \\frac{\\pi}{4}\\) | \\frac{\\pi}{4}",
        "The answer is 1 million. | 1 million", "It has 2.5 million people. | 2.5 million", "It costs 1.5k. | 1.5k",
        "It is 6.02 x 10^23. | 6.02 x 10^23", "It is 6.02 \u00d7 10\u00b2\u00b3. | 6.02 \u00d7 10^{23}",
        "It is 2\u00bd. | 2 1/2", "The answer is \u00be cup | 3/4", "The time is 12:30. | 12:30",
        "The ratio is 3:2 | 3:2",
        "The answer is 3 : 2. | 3 : 2", "Step 1: 5 | 5", "It is 1 234 567. | 1 234 567", "It is \uff15. | 5",
        "The result is 14 cm^2. | 14", "The result is 14 cm\u00b2. | 14", "It is 14 m^2 | 14",
        // what is said to be the answer, and what is not
        "The answer: x = 5, found in 2 steps. | 5", "The answer is $x = 5$; there were 2 steps. | 5",
        "Thus there are **9** apples left after 3 days of 5. | 9", "**Result: 9**~n~n(rounded to 0 decimals) | 9",
        "We need **3** boxes. With 4 more it is 7. | 7", "**Step 2:** it is 8. | 8",
        "There are 5 left (out of 12). | 5",
        "Nothing is left (of 12). | 12",
        "I first thought the answer is 8. Actually it is 9. | 9", "The answer is 8. Wait, I forgot one: it is 9. | 9",
        "Suppose the answer is 8. Then 3 are left. | 3", "The answer is 8. Actually, that was easy. | 8",
        "<answer>The answer is 3</answer> | 3", "<answer>3 apples</answer> | 3 apples",
        "page 3 of 12, answer: 7 | 7", "The answer is 1,200 dollars, not 3. | 1,200",
    })
    void numbers(String text, String number) {
        assertThat(AnswerExtraction.extract(TaskKind.MATH, text.replace("~n", "\n"))).contains(number);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\u0002', value = {
        "\\frac12 | 0.5", "\\frac{1}2 | 0.5", "\\frac1{2} | 0.5", "\\dfrac12 | 1/2", "\\tfrac{1}{2} | 0.5",
        "\\cfrac{1}{2} | 0.5", "3\\frac{1}{2} | 3.5", "3\\frac12 | 7/2", "3 1/2 | 3.5", "-3\\frac{1}{2} | -3.5",
        "-3 1/2 | -7/2", "1{,}200 | 1200", "10,\\!080 | 10080", "10\\,080 | 10080", "10 080 | 10080", "{8} | 8",
        "{{8}} | 8", "1.5e3 | 1500", "1.5E3 | 1,500", "1.5 \\times 10^3 | 1500", "1.5 \\cdot 10^{3} | 1500",
        "1.5\u00d710^3 | 1500", "2 \\times 10^{-2} | 0.02", "10^3 | 1000", "1e-2 | .01", "\u2013 5 | -5",
        "\uff0d5 | -5",
        "x=5 | 5", "f(x) = \\frac12 | 0.5", "\\theta = 3 | 3", "(B) | B", "[B] | b", "(x+1) | x+1", "\"Paris\" | Paris",
        "\u201cParis\u201d | paris", "\u2018B\u2019 | B", "'B' | B", "\\boxed{5} | 5", "x = \\boxed{5} | 5",
        "2\\pi | 2\u03c0", "\\Delta | \u0394", "\\sqrt{2} | \u221a2", "2 \\cdot x | 2 \u00d7 x", "\\frac{x}{2} | x/2",
        "\\frac{x+1}{2} | (x+1)/2", "\\frac{\\sqrt{3}}{2} | \\sqrt{3}/2", "\\frac{1}{2x} | 1/(2x)", "\u00bd | 0.5",
        "1\u00bd | 1.5", "\u215b | 0.125", "\uff15 | 5", "\uff11\uff12\uff0e\uff15 | 12.5", "2 hours | 2 hrs",
        "2 h | 2 hours",
        "5 feet | 5 ft", "5 kg | 5 kilograms", "5 meters | 5 m", "5 metres | 5 meters", "12 inches | 12 inch",
        "5 boxes | 5 box", "3 berries | 3 berry", "3 buses | 3 bus", "5 houses | 5 house", "5 cookies | 5 cookie",
        "5 m/s^2 | 5 meters per second squared", "3\u20444 | 0.75", "5 km/h | 5 kilometers per hour",
        "4 m\u00b2 | 4 square meters",
        "4 cm^2 | 4 square centimeters", "10 | 10%", "50% | 0.5", "50\\% | 1/2", "50 percent | 50%", "1.5k | 1500",
        "2M | 2 million", "negative 3 | -3", "6.02 x 10^23 | 6.02 \u00d7 10\u00b2\u00b3", "3:2 | 3 : 2",
        "12:30 | 12:30",
        "**5** | 5", "\\(5\\) | 5", "\\[5\\] | 5", "$$5$$ | 5", "\\text{5} | 5", "\\mathbf{5} | 5", "5 \\% | 5",
        "50% | 50", "$1,200 | 1200", "-$5 | -5", "\u20ac5 | 5", "5\u20ac | 5", "5 euros | \u20ac5", "18 dollars | 18",
        "18 \\text{ dollars} | 18 dollars", "29 pencils | 29", "5 km/h | 5", "5cm | 5", "5 cm^2 | 5",
        "5 million | 5,000,000", "2.5 thousand dollars | 2500", "1.234.567 | 1234567", "1.234,5 | 1234.5",
        "1'234'567 | 1234567", "1_000 | 1000", "12,34,567 | 1234567", "1\u00a0200 | 1200", "1\u202f200 | 1200",
        "x = \\frac12 | x=\\frac{1}{2}", "\\sqrt{3} | \\sqrt3", "x^{2} | x^2", "\\left(1,2\\right) | (1, 2)",
        "{1}/{2} | 0.5", "\\frac{-1}{2} | -\\frac12", "7. | 7", "**7.** | 7", "$\\boldsymbol{7}$ | 7",
    })
    void sameNumber(String one, String other) {
        assertThat(AnswerExtraction.same(one, other)).isTrue();
        assertThat(AnswerExtraction.same(other, one)).isTrue();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\u0002', value = {
        "3\\frac{1}{2} | 1.5", "3\\frac{1}{2} | 31/2", "\\frac12 | 12", "1{,}200 | 1.2", "1.200 | 1200", "1,20 | 120",
        "1.5e3 | 1.5", "1.5e3 | 15e3", "10^3 | 103", "2 hours | 2 minutes", "2 pi | 2", "2 sin x | 2", "5 and 6 | 5",
        "3m | 3", "x=5 | y=5", "x=5 | 6", "3:2 | 1.5", "3:2 | 3", "2 hours | 2 ft", "50% | 5", "50% | 50 dollars",
        "50% | 0.5%", "3x | 3", "2\\pi | 2", "(1,2) | 1,2", "\\frac{x}{2} | x", "2\\frac{1}{2}x | \\frac{21}{2}x",
        "5 kg | 5 km", "5 cm^2 | 5 cm^3", "5 million | 5", "1 2 | 12", "\\frac{1}{0} | 0", "12 34 | 1234",
        "x^{23} | x^2 3y",
        "-\\frac12 | \\frac12",
    })
    void anotherNumber(String one, String other) {
        assertThat(AnswerExtraction.same(one, other)).isFalse();
        assertThat(AnswerExtraction.same(other, one)).isFalse();
    }

    @ParameterizedTest
    @Timeout(30)
    @ValueSource(strings = {"A is wrong. ", "B ", "(C) ", "answer is ", "**", "the answer is not ", "A and ", "1,000,",
        "\\frac{", "1 ", "1.000.", "$", "\\text{", "#### ", "<answer>", "{", "- ", "1e", "answer: 1+", "rule out A, ",
        "\\frac1", "~", "1 000", "option ", "\\(", "\u2013", "(", "[1, ", "000 ", "1+", "x^", "\\sqrt{", "2\\pi ",
        "**9** ", "a1",
        "(ab ", "12:", "\u00b2", "\u00bd", "negative ", "minus 1 ", "'B' ", "x = ", "answer is 1. ", "`", "```python\n",
        "def f(", "~~~\n", "x.", "Actually ", "only B "})
    void textThatGoesOnIsReadInTime(String part) {
        String text = part.repeat(300_000 / part.length());
        for (TaskKind kind : TaskKind.values()) {
            assertThat(AnswerExtraction.extract(kind, text + "\n")).isNotNull();
        }
        assertThat(AnswerExtraction.same(text, text)).isTrue();
        String shorter = text.substring(0, 9_999);
        assertThat(AnswerExtraction.same(shorter, shorter)).isTrue();
    }

    /** Each group might begin a number, and the last one has a digit too many. */
    @ParameterizedTest
    @Timeout(30)
    @ValueSource(strings = {",000", "\u00a0000", "\u202f000", ".000"})
    void groupsOfDigitsWithoutAnEndAreReadInTime(String group) {
        assertThat(AnswerExtraction.extract(TaskKind.MATH, "1" + group.repeat(300_000) + "0")).isPresent();
        assertThat(AnswerExtraction.extract(TaskKind.MATH, "It is 1" + group.repeat(20) + ", I think."))
            .contains("1" + group.repeat(20));
    }

    @Test
    void nothingIsFoundWithoutWords() {
        assertThat(AnswerExtraction.extract(TaskKind.MATH, "<answer></answer>")).isEmpty();
        assertThat(AnswerExtraction.extract(TaskKind.CHOICE, "<answer></answer>")).isEmpty();
    }
}
