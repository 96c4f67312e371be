package org.latent4j.agent;

import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.latent4j.agent.LetterContext.Role;

/**
 * The option that a text settles on. Every letter that stands alone is judged by the words around it: one that is said
 * to be the answer counts more than one that a conclusion or "option" names, that more than one that ends or opens the
 * text, that more than one at the start of a line or in brackets, that more than any other; of equals the last one
 * counts. Letters that are said to be wrong, the article A and the pronoun I are no options. A lower-case letter is one
 * only where it is said to be the answer. Where several letters are judged right and a single one wrong, the wrong one
 * was asked for.
 */
final class ChoiceText {
    private static final int WINDOW = 120;  // characters on either side that say what a letter is
    private static final int MOST_LETTERS = 4_096;  // from the end on: more is no answer, and would take long
    private static final char LAST_LOWER = 'j';  // x and n are more likely to be numbers than options
    private static final char MARK = LetterContext.MARK;
    private static final int LONGEST_ALONE = 8;

    private static final Pattern MARKS = Pattern.compile("(?:[*`$}]|__|\\\\[()\\[\\]]|\\\\(?:text|textbf|textit|textrm"
        + "|texttt|textsf|emph|mathrm|mathbf|mathit|mathsf|mathbb|bm|boldsymbol|mbox|boxed|fbox)\\s{0,3}\\{)++");
    private static final Pattern SPACES = Pattern.compile("\\\\[,;:! ]|\\\\quad|~|[\\u00a0\\u2009\\u202f]");
    private static final Pattern QUOTED = Pattern.compile(
        "(?<![\\w'\u2019])[\"'\u201c\u2018]\u0001?([A-Za-j])\u0001?[\"'\u201d\u2019](?!\\w)");

    private final String text;

    private ChoiceText(String text) {
        String marked = MARKS.matcher(MathText.halfWidth(text)).replaceAll(String.valueOf(MARK));
        this.text = QUOTED.matcher(SPACES.matcher(marked).replaceAll(" ")).replaceAll(MARK + "$1" + MARK);
    }

    /** The letter of a text that explains, A to Z. */
    static Optional<String> settled(String text) {
        ChoiceText choice = new ChoiceText(text);
        return choice.alone().or(choice::best);
    }

    /** The letter of what was marked as the answer: it may be lower-case if nothing else stands there. */
    static Optional<String> marked(String content) {
        ChoiceText choice = new ChoiceText(content.strip());
        Optional<String> alone = choice.alone();
        if (alone.isPresent()) {
            return alone;
        }
        String bare = choice.text.replace(MARK, ' ').strip();
        if (bare.matches("(?s)[A-Z](?![\\w'\u2019]).*") && new LetterContext(bare.charAt(0), "",
            bare.substring(1)).isName(false)) {
            return Optional.of(bare.substring(0, 1));
        }
        return choice.best();
    }

    /** The letter if there is nothing else. */
    private Optional<String> alone() {
        String letter = text.replace(MARK, ' ').strip();
        letter = letter.length() > LONGEST_ALONE ? "" : letter.replaceAll("^[(\\[]|[)\\].:]+$", "");
        return letter.matches("[A-Za-j]") ? Optional.of(letter.toUpperCase(Locale.ROOT)) : Optional.empty();
    }

    private Optional<String> best() {
        Role found = Role.DENIED;
        char best = 0;
        char concluded = 0;
        Set<Character> granted = new TreeSet<>();
        Set<Character> denied = new TreeSet<>();
        int seen = 0;
        for (int i = text.length() - 1; i >= 0 && seen < MOST_LETTERS && found != Role.SAID; i--) {
            if (!isAlone(i)) {
                continue;
            }
            seen++;
            char letter = Character.toUpperCase(text.charAt(i));
            Role role = context(i).role();
            if (role == Role.GRANTED) {
                granted.add(letter);
            } else if (role == Role.DENIED) {
                denied.add(letter);
            } else if (role == Role.CONCLUDED && concluded == 0) {
                concluded = letter;
            }
            if (role.compareTo(found) > 0) {
                found = role;
                best = letter;
            }
        }
        if (found == Role.GRANTED && granted.size() > 1) {
            denied.removeAll(granted);
            best = concluded != 0 ? concluded : denied.size() == 1 ? denied.iterator().next() : best;
        }
        return best == 0 ? Optional.empty() : Optional.of(String.valueOf(best));
    }

    private LetterContext context(int at) {
        return new LetterContext(text.charAt(at), text.substring(Math.max(0, at - WINDOW), at),
            text.substring(at + 1, Math.min(text.length(), at + 1 + WINDOW)));
    }

    private boolean isAlone(int at) {
        char c = text.charAt(at);
        boolean letter = c >= 'A' && c <= 'Z' || c >= 'a' && c <= LAST_LOWER;
        return letter && (at == 0 || !isPartOfWord(text.charAt(at - 1)) && text.charAt(at - 1) != '\\')
            && (at + 1 == text.length() || !isPartOfWord(text.charAt(at + 1)));
    }

    private static boolean isPartOfWord(char c) {
        return Character.isLetterOrDigit(c) && !Character.isIdeographic(c) || c == '_' || c == '\'' || c == '\u2019';
    }
}
