package org.latent4j.agent;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Numbers in a text, as people and LaTeX write them: 1,200, 1{,}200, 3 1/2, \frac{1}{2}, 1.5e3, 1.5 \times 10^3. */
final class NumberSearch {
    private static final String SMALL = "\\d{1,40}";
    private static final String PART = "(?:\\{\\s{0,3}-?" + SMALL + "(?:\\.\\d{1,40})?\\s{0,3}}|\\d)";
    private static final String FRACTION = "\\\\frac\\s{0,3}" + PART + "\\s{0,3}" + PART;
    private static final String EXPONENT =
        "(?:[eE][-+]?\\d{1,3}(?!\\w)|\\s{0,3}(?:\u00d7|\\\\times|\\\\cdot|\\*)\\s{0,3}10\\s?\\^\\s?"
            + "(?:\\{\\s?-?\\d{1,3}\\s?}|-?\\d{1,3}))";
    /** Groups of three digits: of more a number is sought anew in each, so all of them would be looked at each time. */
    private static final String SOME = "{1,60}+";
    private static final String GROUPED = "(?:\\d{1,3}(?:,\\d{3})" + SOME + "(?!\\d)"
        + "|\\d{1,3}(?:\\.\\d{3})++,\\d{1,2}(?![\\d,])"
        + "|\\d{1,3}(?:\\.\\d{3}){2,}+(?!\\d|\\.\\d)|\\d{1,3}(?:[\u00a0\u2009\u202f]\\d{3})" + SOME + "(?!\\d))";
    private static final String DECIMAL = "(?:" + GROUPED + "(?:\\.\\d++)?|\\d++(?:\\.\\d++)?|\\.\\d++)";
    private static final String NUMBER = "(?:" + SMALL + "\\s{0,3}" + FRACTION + "|" + FRACTION
        + "|" + SMALL + "\\s\\d{1,40}/\\d{1,40}(?![\\d/])"
        + "|10\\s?\\^\\s?(?:\\{\\s?-?\\d{1,3}\\s?}|-?\\d{1,3})|" + DECIMAL + "(?:/\\d++|" + EXPONENT + ")?)";
    private static final Pattern ANY = Pattern.compile("(?<![\\w.])([-+]?)(?:\\$\\s?)?(" + NUMBER + ")");
    private static final Pattern STATED = Pattern.compile("(?:(?i:\\banswer(?:\\s+is|\\s*:|\\s*=)|#{4})"
        + "(?i:\\s+(?:therefore|thus|simply|clearly))?)[\\s:*`]{0,8}(?:\\\\[(\\[]\\s?)?\\$?([-+]?)\\$?(" + NUMBER
        + ")(?![\\w^]|,?\\d|[\\s\\\\)$]{0,3}(?:[-+/=^\u00d7\u00f7]|\\*(?!\\*)|times|cdot|div|plus|minus))");

    private NumberSearch() {
    }

    /** The number that is said last to be the answer, if it is not the start of a calculation. */
    static Optional<String> stated(String text) {
        return last(STATED, text);
    }

    /** The last number. */
    static Optional<String> last(String text) {
        return last(ANY, text);
    }

    private static Optional<String> last(Pattern pattern, String text) {
        Matcher matcher = pattern.matcher(MathText.plainNumbers(text));
        String last = null;
        while (matcher.find()) {
            last = matcher.group(1) + matcher.group(2);
        }
        return Optional.ofNullable(last);
    }
}
