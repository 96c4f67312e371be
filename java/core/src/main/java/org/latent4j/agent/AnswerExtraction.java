package org.latent4j.agent;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;

/**
 * Finds the answer in what the answering agent wrote. What stands before the last {@code </think>} is thought, not
 * answer.
 *
 * <ul>
 *   <li>{@link TaskKind#MATH}: the last closed {@code \boxed{...}}, else the last {@code <answer>...</answer>},
 *   else the number or expression of the last "answer is 42" or {@code #### 42} that is not taken back, else the last
 *   one: that in bold before others of its sentence, one in an aside in brackets only if there is no other; a number
 *   within an expression with symbols is never taken alone
 *   <li>{@link TaskKind#CHOICE}: the letter of the last {@code \boxed{...}}, else of the last {@code
 *   <answer>...</answer>}, else the last letter that is said to be the answer ("the answer is (c)", "B is correct") and
 *   not taken back, else the last one that a conclusion names ("therefore, C", "only B", "option B"), else the one that
 *   ends or opens the text, else the last one that stands alone; never one that is said to be wrong, the article A or
 *   the pronoun I. Where several are said to be correct and a single one is not, that one was asked for
 *   <li>{@link TaskKind#CODE}: the last block of Python between fences ({@code ```} or {@code ~~~}, closed by one on a
 *   line of its own), or a block before it whose definitions it only uses; else the last block of any language; else
 *   the whole text if it is nothing but a program that begins with a definition or an import
 *   <li>{@link TaskKind#OPEN}: the text
 * </ul>
 *
 * <p>The time it takes grows with the length of the text and no faster.
 */
public final class AnswerExtraction {
    private static final String BOXED = "\\boxed";
    private static final String ANSWER_BEGIN = "<answer>";
    private static final String ANSWER_END = "</answer>";

    private AnswerExtraction() {
    }

    /** The answer in {@code text}, empty where there is none. */
    public static Optional<String> extract(TaskKind kind, String text) {
        Objects.requireNonNull(kind, "kind");
        Objects.requireNonNull(text, "text");
        String said = text.substring(text.lastIndexOf("</think>") < 0 ? 0 : text.lastIndexOf("</think>")
            + "</think>".length());
        return switch (kind) {
            case MATH -> boxed(said).flatMap(AnswerExtraction::marked)
                .or(() -> tagged(said).flatMap(AnswerExtraction::marked))
                .or(() -> NumberSearch.stated(said)).or(() -> NumberSearch.last(said));
            case CHOICE -> boxed(said).flatMap(ChoiceText::marked).or(() -> tagged(said).flatMap(ChoiceText::marked))
                .or(() -> ChoiceText.settled(said));
            case CODE -> CodeBlocks.last(said);
            case OPEN -> Optional.of(said.strip()).filter(s -> !s.isEmpty());
        };
    }

    /** What a box or a tag holds: as it stands, or the number of the sentence if it is one. */
    private static Optional<String> marked(String content) {
        return NumberSearch.stated(content).or(() -> Optional.of(MathText.plain(content)).filter(s -> !s.isEmpty()));
    }

    /**
     * Whether two answers say the same: numbers by value (18 = 18.0, 1,200 = 1200, 1/2 = 0.5 = {@code \frac12}) and,
     * where both name one, by unit (2 hours = 2 h); the rest by letters. A percentage is the same as the number before
     * its sign and as the number that it is (50% = 50 and 50% = 0.5), for graders take both; a name before an equals
     * sign says nothing if only one answer has one (x = 5 is 5).
     */
    public static boolean same(String one, String other) {
        Objects.requireNonNull(one, "one");
        Objects.requireNonNull(other, "other");
        String a = MathText.plain(one);
        String b = MathText.plain(other);
        if (MathText.named(a).isPresent() != MathText.named(b).isPresent()) {
            a = MathText.named(a).orElse(a);
            b = MathText.named(b).orElse(b);
        }
        Optional<Quantity> x = Quantity.parse(a);
        Optional<Quantity> y = Quantity.parse(b);
        if (x.isPresent() && y.isPresent()) {
            return x.get().matches(y.get());
        }
        return MathText.comparable(a).equals(MathText.comparable(b));
    }

    /**
     * What the last {@code \boxed{...}} holds whose braces close; a text that was cut off may end in one that does not.
     */
    static Optional<String> boxed(String text) {
        Deque<Integer> open = new ArrayDeque<>();
        int begin = -1;
        int end = -1;
        for (int i = 0; i < text.length(); i++) { // once, for a text may hold any number of boxes that do not close
            char c = text.charAt(i);
            if (c == '\\') {
                i++;
            } else if (c == '{') {
                open.push(i);
            } else if (c == '}' && !open.isEmpty()) {
                int at = open.pop();
                if (at > begin && followsBoxed(text, at)) {
                    begin = at;
                    end = i;
                }
            }
        }
        return begin < 0 ? Optional.empty() : Optional.of(text.substring(begin + 1, end));
    }

    private static boolean followsBoxed(String text, int brace) {
        int end = brace;
        while (end > 0 && text.charAt(end - 1) == ' ') {
            end--;
        }
        return text.startsWith(BOXED, end - BOXED.length());
    }

    /** What the last pair of answer tags holds; a model that was cut off may have closed none. */
    private static Optional<String> tagged(String text) {
        String lower = text.toLowerCase(Locale.ROOT);
        int end = lower.lastIndexOf(ANSWER_END);
        int begin = lower.lastIndexOf(ANSWER_BEGIN, end < 0 ? lower.length() : end);
        if (begin < 0 || lower.length() != text.length()) {
            return Optional.empty();
        }
        return Optional.of(text.substring(begin + ANSWER_BEGIN.length(), end < 0 ? text.length() : end));
    }
}
