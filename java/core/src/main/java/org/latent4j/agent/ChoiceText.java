package org.latent4j.agent;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The option that a text settles on. Every letter that stands alone is judged by the words around it: one that is said
 * to be the answer counts more than one that a conclusion or "option" names, that more than one at the start of a line
 * or in brackets, that more than any other; of equals the last one counts. Letters that are said to be wrong, the
 * article A and the pronoun I are no options. A lower-case letter is one only where it is said to be the answer.
 */
final class ChoiceText {
    private static final int WINDOW = 120;  // characters on either side that say what a letter is
    private static final int MOST_LETTERS = 4_096;  // from the end on: more is no answer, and would take long
    private static final char LAST_LOWER = 'j';  // x and n are more likely to be numbers than options
    private static final char MARK = '\u0001';  // stands for emphasis and for delimiters of mathematics

    private static final int LONGEST_ALONE = 8;

    private static final int SAID = 4;
    private static final int CONCLUDED = 3;
    private static final int STANDING = 2;
    private static final int MENTIONED = 1;
    private static final int NONE = 0;

    private static final Pattern MARKS = Pattern.compile("(?:[*`$}]|__|\\\\[()\\[\\]]|\\\\(?:text|textbf|textit|textrm"
        + "|texttt|textsf|emph|mathrm|mathbf|mathit|mathsf|mathbb|bm|boldsymbol|mbox|boxed|fbox)\\s{0,3}\\{)++");
    private static final Pattern SPACES = Pattern.compile("\\\\[,;:! ]|\\\\quad|~|[\\u00a0\\u2009\\u202f]");
    private static final Pattern LIST_BEFORE = Pattern.compile(
        "(?:[(\\[\u0001]{0,2}[A-Z][)\\]\u0001]{0,2}\\s*(?:,\\s*(?:and|or|nor)?|and|or|nor|&|/)\\s*)+"
            + "[(\\[\u0001]{0,2}$");
    private static final Pattern LIST_AFTER = Pattern.compile(
        "^[)\\]\u0001]{0,2}(?:\\s*(?:,\\s*(?:and|or|nor)?|and|or|nor|&|/)\\s*[(\\[\u0001]{0,2}[A-Z](?!\\w)"
            + "[)\\]\u0001]{0,2})+");
    private static final String NOUN = "(?:answer|choice|option|solution|response|selection)";
    private static final Pattern SAID_BEFORE = Pattern.compile("(?i)(?:\\b" + NOUN + "(?:\\s+(?:choice|option|letter))?"
        + "(?:\\s+(?:to|for|of)\\s[^.!?\\n]{1,60}?)?(?:\\s*[\u0001\"]*(?:\\s(?:is|was|are|(?:would|should|must|will"
        + "|has to|have to|can only|seems to|appears to)\\s+be)\\b|[:=>\u2192]|\\s[-\u2013\u2014](?=\\s))|\u0001)"
        + "(?:[\\s:,\u0001]*(?:clearly|therefore|thus|then|hence|definitely|indeed|simply|likely|probably|obviously"
        + "|actually|indicated by|given by))?|\\b(?:choose|chose|pick|picked|select|selected|go with|going with"
        + "|go for|opt for|settle on|settle for|guess|i think|i believe|i['\u2019]d say|i would say)\\b)"
        + "(?:[\\s:,\u0001]*(?:the\\s+)?(?:(?:correct|right|best)\\s+)?(?:" + NOUN + "|letter))?[\\s:\"'\u201c\u2018"
        + "\u0001(\\[<]*$");
    private static final Pattern CONCLUDED_BEFORE = Pattern.compile("(?i)(?:\\b(?:therefore|thus|hence|consequently"
        + "|in conclusion|so|finally|leaves|leaving|left with|must be|it is|it['\u2019]s|that is|that['\u2019]s"
        + "|only)[,:]?|\\b(?:option|choice|letter))(?:\\s+(?:us with|only|option|choice|letter))?[\\s\u0001(\\[]*$");
    private static final Pattern NAMED_BEFORE =
        Pattern.compile("(?i)\\b(?:option|choice|letter)[\\s\u0001(\\[]*$");
    private static final Pattern DENIED_BEFORE = Pattern.compile("(?i)(?:\\bnot|n['\u2019]t|\\bcannot|\\bneither"
        + "|\\bnone of|\\bnor|\\bthan|\\binstead of|\\bexcept|\\bbesides|\\bunlike|\\bwithout|\\bnever|\\bdismiss\\w*"
        + "|\\beliminat\\w*|\\brul(?:e|es|ed|ing) out|\\bexclud\\w*|\\breject\\w*|\\bdiscard\\w*)"
        + "(?:\\s+(?:be|choose|pick|select|go with))?(?:[\\s,:]+(?:clearly|both|either|the))?(?:\\s+" + NOUN + "s?)?"
        + "[\\s\"'\u201c\u2018\u0001(\\[]*$");
    private static final Pattern SUPPOSED = Pattern.compile("(?i)\\b(?:if|whether|suppos\\w+|assum\\w+)\\b");
    private static final Pattern ASKED_BEFORE = Pattern.compile("(?i)\\b(?:is|are|could|why)\\s+(?:" + NOUN
        + "\\s+)?[\u0001(\\[]*$");
    private static final Pattern VERDICT = Pattern.compile("(?i)(?<denied>\\b(?:is|are|was|were|be|seems?|looks?)\\s+"
        + "(?:\\w+ly\\s+|also\\s+)?not\\b|\\b(?:is|are|was|were|does|do|did|ca|wo|would|should|could)n['\u2019]t\\b"
        + "|\\bcannot\\b|\\b(?:does|do|did|can|could|should|must|will|would)\\s+not\\b"
        + "|\\bnot\\s+(?:the\\s+|a\\s+)?(?:correct|right|valid|true|best|answer)|\\bincorrect|\\bwrong|\\bfalse\\b"
        + "|\\binvalid|\\buntrue|\\brul(?:es?|ed) out|\\b(?:is|are) out\\b|\\beliminated|\\bexcluded|\\bdiscarded"
        + "|\\brejected|\\bimpossible|\\bimplausible|\\bunlikely|\\bcontradicts?|[\u2717\u2718\u274c])"
        + "|(?<granted>(?:^\\W{0,4}|\\b(?:is|are|was|be|seems|looks)\\s+)(?:\\w+ly\\s+|also\\s+)?(?:the\\s+)?"
        + "(?:only\\s+|most\\s+)?(?:correct|right|true|valid|best|" + NOUN + ")\\b"
        + "|^\\W{0,4}(?:remains|works|fits|holds)\\b|[\u2713\u2714\u2705])");
    private static final Pattern OTHERS = Pattern.compile("(?i)\\b(?:others?|rest|remaining|all|none|both)\\b");
    private static final Pattern CLAUSE_END = Pattern.compile("(?i)[!?\\n;]"
        + "|\\.\\s(?!\\s*(?:in)?correct|\\s*false|\\s*true"
        + "|\\s*wrong)|\\b(?:because|since|as|which|while|whereas|but|though|although|given)\\b"
        + "|(?<![\\w'\u2019])(?-i:[B-HJ-Z])(?![\\w'\u2019])");
    private static final Pattern REASON = Pattern.compile("(?i)^\\s+(?:because|since|is|which|due)\\b.*",
        Pattern.DOTALL);
    private static final Pattern REASON_OF_A = Pattern.compile(
        "(?i)^\\s+(?:because|since|is|which|due|as|and|or|but|not|for|with|from|if|given|so|does|cannot|must|would"
            + "|seems|was|can|isn['\u2019]t|remains|works|fits)\\b.*", Pattern.DOTALL);
    private static final Pattern WORD_NEXT = Pattern.compile("^\\s+[\\p{L}\\d].*", Pattern.DOTALL);
    private static final Pattern END = Pattern.compile(
        "^(?:\\s*$|[^\\S\\n]*(?:[.,;:!?)\\]\u3001\u3002\uff0c](?!\\p{Ll})|\\n)).*", Pattern.DOTALL);
    private static final Pattern LINE_START = Pattern.compile("(?:^|[\\n.!?:;]|^\\s*[-+\u2022])\\s*$");

    private final String text;

    private ChoiceText(String text) {
        this.text = SPACES.matcher(MARKS.matcher(text).replaceAll(String.valueOf(MARK))).replaceAll(" ");
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
        if (bare.matches("(?s)[A-Z](?![\\w'\u2019]).*") && isName(bare.charAt(0), bare.substring(1), false)) {
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
        int found = NONE;
        String best = null;
        int seen = 0;
        for (int i = text.length() - 1; i >= 0 && seen < MOST_LETTERS && found < SAID; i--) {
            if (isAlone(i)) {
                seen++;
                int rank = rank(i);
                if (rank > found) {
                    found = rank;
                    best = text.substring(i, i + 1).toUpperCase(Locale.ROOT);
                }
            }
        }
        return Optional.ofNullable(best);
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

    private int rank(int at) {
        char letter = text.charAt(at);
        String before = text.substring(Math.max(0, at - WINDOW), at);
        String after = text.substring(at + 1, Math.min(text.length(), at + 1 + WINDOW));
        boolean wrapped = isWrapped(before, after);
        if (!isName(letter, after, wrapped)) {
            return NONE;
        }
        if (DENIED_BEFORE.matcher(LIST_BEFORE.matcher(before).replaceFirst("")).find()) {
            return NONE;
        }
        int said = SUPPOSED.matcher(clause(before)).find() ? MENTIONED : SAID;
        if (SAID_BEFORE.matcher(before).find()) {
            return said;
        }
        if (Character.isLowerCase(letter)) {
            return NONE;
        }
        Boolean verdict = verdict(after, LINE_START.matcher(before).find());
        if (verdict != null) {
            return verdict && !ASKED_BEFORE.matcher(before).find() ? said : NONE;
        }
        if (CONCLUDED_BEFORE.matcher(before).find()
            && (wrapped || END.matcher(after).matches() || NAMED_BEFORE.matcher(before).find())) {
            return CONCLUDED;
        }
        return standing(letter, before, after, wrapped);
    }

    private static int standing(char letter, String before, String after, boolean wrapped) {
        boolean ends = END.matcher(after).matches();
        if (wrapped || ends && LINE_START.matcher(before).find()) {
            return STANDING;
        }
        return ends && letter != 'I' && !after.matches("(?s)[!?;\\]].*") ? MENTIONED : NONE;
    }

    /** Whether a letter can name an option, by what follows: "A lot", "I think" and "a dog" do not. */
    private static boolean isName(char letter, String after, boolean wrapped) {
        if (wrapped) {
            return true;
        }
        if (Character.isLowerCase(letter)) {
            return END.matcher(after).matches() || REASON.matcher(after).matches();
        }
        if (!WORD_NEXT.matcher(after).matches() || after.startsWith("\n")) {
            return true;
        }
        return switch (letter) {
            case 'I' -> REASON.matcher(after).matches();
            case 'A' -> REASON_OF_A.matcher(after).matches();
            default -> true;
        };
    }

    private static boolean isWrapped(String before, String after) {
        String left = before.replaceFirst("[\\s(\\[]*$", "");
        String right = after.replaceFirst("^[\\s.:)\\]]*", "");
        return before.endsWith("(") && after.startsWith(")") || before.endsWith("[") && after.startsWith("]")
            || before.endsWith("\"") && after.startsWith("\"")
            || before.endsWith("\u201c") && after.startsWith("\u201d")
            || left.endsWith(String.valueOf(MARK)) && right.startsWith(String.valueOf(MARK));
    }

    /** Whether the words after a letter say that it is right; null where they do not judge it. */
    private static Boolean verdict(String after, boolean label) {
        String rest = LIST_AFTER.matcher(after).replaceFirst("")
            .replaceFirst(label ? "^[ \t\u0001)\\].:]*" : "^[ \t\u0001)\\]]*", "");
        Matcher end = CLAUSE_END.matcher(rest);
        boolean ends = end.find();
        Matcher verdict = VERDICT.matcher(ends ? rest.substring(0, end.start()) : rest);
        if (!verdict.find() || OTHERS.matcher(rest.substring(0, verdict.start())).find()) {
            return null;
        }
        boolean asked = ends && rest.charAt(end.start()) == '?';
        return verdict.group("denied") == null && !asked;
    }

    /** What stands before a letter in its own sentence. */
    private static String clause(String before) {
        int start = Math.max(Math.max(before.lastIndexOf(". "), before.lastIndexOf('\n')),
            Math.max(before.lastIndexOf('!'), before.lastIndexOf('?')));
        return before.substring(start + 1);
    }
}
