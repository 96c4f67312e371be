package org.latent4j.agent;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Numbers in a text, as people and LaTeX write them: 1,200, 1{,}200, 3 1/2, \frac{1}{2}, 1.5e3, 1.5 \times 10^3, 12:30.
 * A number that is a part of an expression with symbols is none: there, the expression is found as it stands.
 */
final class NumberSearch {
    private static final int WINDOW = 200;  // characters around a statement that may say it is none
    private static final String SMALL = "\\d{1,40}";
    private static final String PART = "(?:\\{\\s{0,3}-?" + SMALL + "(?:\\.\\d{1,40})?\\s{0,3}}|\\d)";
    private static final String FRACTION = "\\\\frac\\s{0,3}" + PART + "\\s{0,3}" + PART;
    private static final String POWER = "10\\s?\\^\\s?(?:\\{\\s?-?\\d{1,3}\\s?}|-?\\d{1,3})";
    private static final String EXPONENT = "(?:[eE][-+]?\\d{1,3}(?!\\w)"
        + "|\\s{0,3}(?:\u00d7|\u00b7|x|\\\\times|\\\\cdot|\\*)\\s{0,3}" + POWER + ")";
    private static final String GROUPED = "(?:\\d{1,3}(?:,\\d{3}){1,40}+(?!\\d)"
        + "|\\d{1,3}(?:\\.\\d{3}){1,40}+,\\d{1,2}(?![\\d,])|\\d{1,3}(?:\\.\\d{3}){2,40}+(?!\\d|\\.\\d)"
        + "|\\d{1,3}(?:[ \u00a0\u2009\u202f]\\d{3}){1,40}+(?![\\d/:]))";
    private static final String DECIMAL = "(?:" + GROUPED + "(?:\\.\\d++)?|\\d++(?:\\.\\d++)?|\\.\\d++)";
    private static final String RATIO = SMALL + "(?:(?::| : )" + SMALL + "){1,9}+";
    private static final String NUMBER = "(?>" + SMALL + "\\s{0,3}" + FRACTION + "|" + FRACTION
        + "|" + SMALL + "\\s\\d{1,40}/\\d{1,40}(?![\\d/])|" + RATIO
        + "|" + POWER + "|" + DECIMAL + "(?:/\\d++|" + EXPONENT + ")?)";
    private static final String SCALE = "(?:\\s(?:hundred|thousand|million|billion|trillion)\\b|(?:[kKM]|bn)(?!\\w))";

    private static final String COMMAND = "(?:\\\\(?!text|math|bold|bm|boxed|fbox|mbox|hbox|q?quad|emph|operatorname"
        + "|begin|end)[A-Za-z]{1,20}+\\s?)";
    private static final String LETTER = "(?:(?<![A-Za-z])[A-Za-z](?![A-Za-z'\u2019])|[\\p{IsGreek}\u221a\u221e])";
    private static final String BRACES = "(?:\\{(?:[^{}\\n]|\\{[^{}\\n]{0,80}+}){0,160}+})";
    private static final String BRACKETS = "(?:(?<!\\\\)[(\\[](?:,\\s|[^()\\[\\]\\s\\\\$]|" + COMMAND
        + "|\\s[-+*/=]\\s){1,80}+[)\\]])";
    private static final String FIRST = "(?:" + NUMBER + SCALE + "?|" + COMMAND + "|" + LETTER + "|" + BRACKETS + ")";
    private static final String ATOMS = "(?:" + FIRST + "|[\\^_]|" + BRACES + "|[\\^_]-\\d)";
    private static final String OPERATOR = "[ \\t]?[-+*/=<>\u00d7\u00f7\u00b7\u2248\u2264\u2265][ \\t]?";
    private static final String UNIT = "\\s(?![xyz]\\^)[A-Za-z]{1,3}\\^\\{?[23]}?(?![\\w^])";
    /** What is written without a word between: a number, an expression, an equation. */
    private static final Pattern RUN = Pattern.compile("(?<![\\w.^_\\\\]|[\\^_][-{]|[\\^_]\\{-)(?<run>(?:[-+]\\s?)?"
        + "(?:\\$\\s?)?" + FIRST + ATOMS + "*+(?:" + OPERATOR + "-?\\$?" + FIRST + ATOMS + "*+|\\s" + COMMAND + ATOMS
        + "*+)*+)(?:" + UNIT + ")?+");
    private static final Pattern EQUALS = Pattern.compile(
        "[=\u2248]|\\\\(?:approx|to|[rR]ightarrow|implies|therefore|equiv|sim)(?![A-Za-z])");
    private static final Pattern WHOLE = Pattern.compile("([-+]?)\\s?\\$?\\s?[(\\[]?(" + NUMBER + SCALE
        + "?)(?:[mgslhLVWNJCF]|[)\\]])?");
    private static final Pattern LABEL = Pattern.compile("[A-Za-z]_?\\{?\\d+}?(?:[A-Za-z]\\d*)*+");
    private static final Pattern SYMBOL =
        Pattern.compile("[\\\\^_A-Za-z\\p{IsGreek}\u221a\u221e]|[(\\[][^)\\]]{0,80},");
    private static final Pattern VALUE = Pattern.compile("\\d|\\\\[A-Za-z]|[\\p{IsGreek}\u221a\u221e]");
    private static final Pattern ANY = Pattern.compile("(?<![\\w.])([-+]?)(?:\\$\\s?)?(" + NUMBER + ")");

    private static final Pattern STATED = Pattern.compile("(?:(?i:\\banswer(?:\\s+is|\\s*:|\\s*=)|#{4})"
        + "(?i:\\s+(?:therefore|thus|simply|clearly|equal to|about|approximately))?)[\\s:*`]{0,8}"
        + "(?:\\\\[(\\[]\\s{0,3})?\\${0,2}(?=[-+\\\\$\\w.(\\[\\p{IsGreek}\u221a])");
    private static final Pattern GOES_ON = Pattern.compile("[ \\t\\\\)$]{0,3}(?:[-+/\u00d7\u00f7]\\s?[\\d\\\\$(]|[=^]"
        + "|(?:times|cdot|div|plus|minus|multiplied|divided)\\b)");
    private static final Pattern ASIDE =
        Pattern.compile("(?<![\\\\\\w])\\((?=[^()\\\\\\n]{0,200}[A-Za-z]{2})[^()\\\\\\n]{0,200}\\)");
    private static final Pattern BOLD = Pattern.compile("(?:\\*\\*|__)([^*_\\n]{1,200})(?:\\*\\*|__)(?!:)");
    private static final Pattern SENTENCE_END = Pattern.compile("[.!?][*_]{0,2}\\s+|\\n");

    private NumberSearch() {
    }

    /** The number or expression that is said last to be the answer, if it is not the start of a calculation. */
    static Optional<String> stated(String text) {
        String plain = MathText.plainNumbers(text);
        Matcher matcher = STATED.matcher(plain);
        Matcher run = RUN.matcher(plain).useTransparentBounds(true);
        Matcher next = GOES_ON.matcher(plain);
        Optional<String> last = Optional.empty();
        int end = 0;
        while (matcher.find()) {
            if (!run.region(matcher.end(), plain.length()).lookingAt()
                || next.region(run.end(), plain.length()).lookingAt()
                || Supposition.isIn(plain.substring(Math.max(0, matcher.start() - WINDOW), matcher.start()))) {
                continue;
            }
            Optional<String> value = value(run.group("run"));
            if (value.isPresent()) {
                last = value;
                end = run.end();
            }
        }
        boolean ended = last.isPresent()
            && Supposition.isEndedBy(plain.substring(end, Math.min(plain.length(), end + WINDOW)));
        return ended && found(plain.substring(end)).isPresent() ? Optional.empty() : last;
    }

    /** The last number or expression; one in bold before others of its sentence, an aside only if there is no other. */
    static Optional<String> last(String text) {
        String plain = MathText.plainNumbers(text);
        String spoken = ASIDE.matcher(plain).replaceAll(" ");
        Matcher ends = SENTENCE_END.matcher(spoken);
        Optional<String> last = Optional.empty();
        int begin = 0;
        while (begin < spoken.length()) {
            int end = ends.find() ? ends.end() : spoken.length();
            String sentence = spoken.substring(begin, end);
            Optional<String> found = bold(sentence).or(() -> found(sentence));
            last = found.isPresent() ? found : last;
            begin = end;
        }
        return last.isPresent() ? last : found(plain);
    }

    private static Optional<String> bold(String sentence) {
        Optional<String> last = Optional.empty();
        for (Matcher matcher = BOLD.matcher(sentence); matcher.find();) {
            Optional<String> found = matcher.group(1).endsWith(":") ? Optional.empty() : found(matcher.group(1));
            last = found.isPresent() ? found : last;
        }
        return last;
    }

    private static Optional<String> found(String plain) {
        Optional<String> last = Optional.empty();
        for (Matcher matcher = RUN.matcher(plain); matcher.find();) {
            String run = matcher.group("run");
            Optional<String> found = value(run).or(() -> SYMBOL.matcher(run).find() ? Optional.empty() : operand(run));
            last = found.isPresent() ? found : last;
        }
        return last;
    }

    /** What a run of mathematics comes to: nothing where it is a sum that is not worked out, or a mere name. */
    private static Optional<String> value(String run) {
        int begin = 0;
        for (Matcher matcher = EQUALS.matcher(run); matcher.find();) {
            begin = matcher.end();
        }
        String value = run.substring(begin).strip();
        Matcher number = WHOLE.matcher(value);
        if (number.matches()) {
            return Optional.of(number.group(1) + number.group(2));
        }
        if (!SYMBOL.matcher(value).find() || !VALUE.matcher(value).find() || LABEL.matcher(value).matches()) {
            return Optional.empty();
        }
        return Optional.of(MathText.plain(value)).filter(plain -> !plain.isEmpty());
    }

    private static Optional<String> operand(String sum) {
        String last = null;
        for (Matcher matcher = ANY.matcher(sum); matcher.find();) {
            last = matcher.group(1) + matcher.group(2);
        }
        return Optional.ofNullable(last);
    }
}
