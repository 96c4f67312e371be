package org.latent4j.agent;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds the answer in what the answering agent wrote. What stands before the last {@code </think>} is thought, not
 * answer.
 *
 * <ul>
 *   <li>{@link TaskKind#MATH}: the last closed {@code \boxed{...}}, else the last number
 *   <li>{@link TaskKind#CHOICE}: the letter of the last {@code \boxed{...}}, else of the last "answer is B", else the
 *   last letter that
 *       stands alone
 *   <li>{@link TaskKind#CODE}: the last {@code ```python} block, else the last block
 *   <li>{@link TaskKind#OPEN}: the text
 * </ul>
 */
public final class AnswerExtraction {
    private static final String BOXED = "\\boxed";
    private static final Pattern NUMBER = Pattern.compile(
        "(?<![\\w.])[-+\u2212]?(?:\\d{1,3}(?:,\\d{3})+(?![\\d])|\\d+)?"
            + "(?:(?<=\\d)\\.\\d+|(?<!\\d)\\.\\d+)?(?:(?<=\\d)/\\d+)?");
    private static final Pattern STATED_CHOICE = Pattern.compile(
        "(?i:answer|choice|option)(?i:\\s+is|\\s*:)?[\\s:*]*+"
            + "(?:(?i:option|choice)\\s+)?[(\\[*]*([A-Z])(?![\\w'])[)\\]*.]*");
    private static final Pattern LONE_CHOICE =
        Pattern.compile("(?m)(?<![\\w'])(?:\\(([A-Z])\\)|\\[([A-Z])]|([A-Z])(?=[).:,]|\\s*$))");
    private static final Pattern BOXED_CHOICE = Pattern.compile("(?<![A-Za-z])([A-Za-z])(?![A-Za-z])");
    private static final Pattern BLOCK = Pattern.compile("```([^\\n`]*)\\n(.*?)(?:\\n?```|\\z)", Pattern.DOTALL);

    private AnswerExtraction() {
    }

    /** The answer in {@code text}, empty where there is none. */
    public static Optional<String> extract(TaskKind kind, String text) {
        String said = text.substring(text.lastIndexOf("</think>") < 0 ? 0 : text.lastIndexOf("</think>")
            + "</think>".length());
        return switch (kind) {
            case MATH -> boxed(said).map(MathText::plain).filter(s -> !s.isEmpty()).or(() -> lastNumber(said));
            case CHOICE -> boxed(said).map(MathText::plain).flatMap(s -> first(BOXED_CHOICE, s)).or(() -> stated(said));
            case CODE -> lastBlock(said);
            case OPEN -> Optional.of(said.strip()).filter(s -> !s.isEmpty());
        };
    }

    /** Whether two answers say the same: numbers by value (18 = 18.0, 1,200 = 1200, 1/2 = 0.5), the rest by letters. */
    public static boolean same(String one, String other) {
        Optional<Rational> a = Rational.parse(MathText.plain(one));
        Optional<Rational> b = Rational.parse(MathText.plain(other));
        if (a.isPresent() && b.isPresent()) {
            return a.get().equals(b.get());
        }
        return MathText.comparable(one).equals(MathText.comparable(other));
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

    private static Optional<String> lastNumber(String text) {
        Optional<String> last = Optional.empty();
        Matcher matcher = NUMBER.matcher(text);
        while (matcher.find()) {
            if (matcher.group().chars().anyMatch(Character::isDigit)) {
                last = Optional.of(matcher.group().replace('\u2212', '-'));
            }
        }
        return last;
    }

    private static Optional<String> stated(String text) {
        return last(STATED_CHOICE, text).or(() -> last(LONE_CHOICE, text));
    }

    private static Optional<String> lastBlock(String text) {
        Optional<String> python = Optional.empty();
        Optional<String> any = Optional.empty();
        Matcher matcher = BLOCK.matcher(text);
        while (matcher.find()) {
            any = Optional.of(matcher.group(2));
            String language = matcher.group(1).strip();
            if (language.equalsIgnoreCase("python") || language.equalsIgnoreCase("python3")
                || language.equalsIgnoreCase("py")) {
                python = any;
            }
        }
        return python.isPresent() ? python : any;
    }

    private static Optional<String> first(Pattern pattern, String text) {
        Matcher matcher = pattern.matcher(text);
        return matcher.find() ? Optional.of(matcher.group(1).toUpperCase(Locale.ROOT)) : Optional.empty();
    }

    private static Optional<String> last(Pattern pattern, String text) {
        Optional<String> last = Optional.empty();
        Matcher matcher = pattern.matcher(text);
        while (matcher.find()) {
            for (int group = 1; group <= matcher.groupCount(); group++) {
                last = matcher.group(group) == null ? last : Optional.of(matcher.group(group));
            }
        }
        return last;
    }
}
