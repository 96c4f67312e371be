package org.latent4j.agent;

import java.util.regex.Pattern;

/** Answers that are named only to be tried, or were taken back. */
final class Supposition {
    private static final Pattern BEFORE = Pattern.compile("(?i)\\b(?:if|whether|suppos\\w+|assum\\w+|initial(?:ly)?"
        + "|at first|(?:was|were|be) tempt\\w+|mistakenly|wrongly|thought(?!\\s*[:.])|guessed)\\b");
    private static final Pattern AFTER = Pattern.compile("(?i)\\b(?:actually|wait|correction|oops|scratch that"
        + "|my mistake|on second thought|on reflection|mistaken)\\b");

    private Supposition() {
    }

    /** Whether the sentence that {@code before} ends in only supposes what comes next. */
    static boolean isIn(String before) {
        int start = Math.max(Math.max(before.lastIndexOf(". "), before.lastIndexOf('\n')),
            Math.max(before.lastIndexOf('!'), before.lastIndexOf('?')));
        return BEFORE.matcher(before.substring(start + 1)).find();
    }

    /** Whether {@code after} takes back what stands before it. */
    static boolean isEndedBy(String after) {
        return AFTER.matcher(after).find();
    }
}
