package org.latent4j.agent;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import org.latent4j.Figures;
import org.latent4j.internal.Printable;
import org.latent4j.latent.StopReason;

/**
 * Tells answers that go in circles from those that repeat something because it is asked of them: digits of a third,
 * a matrix of zeros, a song's verses, the rule of a table.
 *
 * <p>An answer that was cut off, by the limit or a full context, goes in circles if its last
 * {@value #LEAST_CHARACTERS} characters or more are one piece of at most {@value #LONGEST_PIECE} characters, three
 * times or more; or, of {@value #CUT_OFF_TOKENS} tokens or more, if fewer than two fifths of its runs of four tokens
 * are different. One that ended by itself, with an end token or a stop string, does so only if the piece came
 * {@value #MANY_TURNS} times and fills four fifths of it; or, of {@value #LONG_TOKENS} tokens or more, if fewer than
 * three in twenty of its runs are different.
 *
 * <p>All this is of words, where letters and the marks between sentences prevail. Numbers, tables and drawings are let
 * repeat: they go in circles only if they were cut off in a piece that came {@value #MANY_TURNS} times and fills half
 * of the answer, or {@value #MANY_CHARACTERS} characters.
 */
final class Loop {
    private static final int LEAST_CHARACTERS = 32;
    private static final int MANY_CHARACTERS = 200;
    private static final int LONGEST_PIECE = 400;
    private static final int MANY_TURNS = 8;
    private static final double MOST_OF_ENDED = 0.8;
    private static final double MOST_OF_FIGURES = 0.5;

    private static final int CUT_OFF_TOKENS = 96;
    private static final double CUT_OFF_DISTINCT = 0.4;
    private static final int LONG_TOKENS = 400;
    private static final double LONG_DISTINCT = 0.15;

    private static final String BETWEEN_SENTENCES = "!?.,;:\u2026\u3002\uFF01\uFF1F\u3001\uFF0C";
    private static final int SHOWN_CHARACTERS = 40;

    private Loop() {
    }

    /** What was seen of the circle that an answer goes in, to go after "the answer"; empty if it goes in none. */
    static Optional<String> seen(String text, StopReason reason, Figures figures) {
        boolean cutOff = reason == StopReason.LIMIT || reason == StopReason.CONTEXT;
        int[] characters = (cutOff ? text : text.strip()).codePoints().toArray();
        Cycle cycle = Cycle.of(characters, LONGEST_PIECE);
        if (goesOn(characters, cycle, cutOff)) {
            int begin = characters.length - cycle.length();
            String piece = new String(characters, begin, Math.min(cycle.period(), SHOWN_CHARACTERS));
            return Optional.of("ends in '" + Printable.of(piece, " ")
                + (cycle.period() > SHOWN_CHARACTERS ? "..." : "") + "' " + cycle.turns() + " times over");
        }
        boolean circles = figures.readerTokens() >= (cutOff ? CUT_OFF_TOKENS : LONG_TOKENS)
            && figures.distinctRuns() < (cutOff ? CUT_OFF_DISTINCT : LONG_DISTINCT);
        return circles && isWords(characters)
            ? Optional.of(String.format(Locale.ROOT, "repeats itself (%.0f%% of its four-token runs are different)",
                100 * figures.distinctRuns()))
            : Optional.empty();
    }

    private static boolean goesOn(int[] text, Cycle cycle, boolean cutOff) {
        if (cycle.length() < LEAST_CHARACTERS) {
            return false;
        }
        double share = (double) cycle.length() / text.length;
        boolean many = cycle.turns() >= MANY_TURNS;
        if (isWords(Arrays.copyOfRange(text, text.length - cycle.period(), text.length))) {
            return cutOff || many && share >= MOST_OF_ENDED;
        }
        return cutOff && many && (share >= MOST_OF_FIGURES || cycle.length() >= MANY_CHARACTERS);
    }

    /** Whether letters are half of what is seen; marks between sentences count as such where there are no digits. */
    private static boolean isWords(int[] characters) {
        int seen = 0;
        int letters = 0;
        int marks = 0;
        int digits = 0;
        for (int c : characters) {
            seen += Character.isWhitespace(c) || Character.isSpaceChar(c) ? 0 : 1;
            letters += Character.isAlphabetic(c) ? 1 : 0;
            marks += BETWEEN_SENTENCES.indexOf(c) >= 0 ? 1 : 0;
            digits += Character.isDigit(c) ? 1 : 0;
        }
        return seen > 0 && 2 * (letters + (digits == 0 ? marks : 0)) >= seen;
    }
}
