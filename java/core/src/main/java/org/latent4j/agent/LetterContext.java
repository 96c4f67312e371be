package org.latent4j.agent;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the words around a letter make of it.
 *
 * @param before what stands before the letter, at its end
 * @param after what stands behind it
 */
record LetterContext(char letter, String before, String after) {
    /** What a letter is, the more the later: only of equals does the last one in a text count. */
    enum Role { NO_OPTION, DENIED, MENTIONED, STANDING, OPENING, LAST, CONCLUDED, GRANTED, SAID }

    static final char MARK = '\u0001';  // stands for emphasis, quotes and delimiters of mathematics
    private static final char LAST_OPTION = 'J';  // beyond, letters are variables unless they are said to be the answer

    private static final Pattern LIST_BEFORE = Pattern.compile(
        "(?:[(\\[\u0001]{0,2}[A-Z][)\\]\u0001]{0,2}\\s*(?:,\\s*(?:and|or|nor)?|and|or|nor|&|/)\\s*)+"
            + "[(\\[\u0001]{0,2}$");
    private static final Pattern LIST_AFTER = Pattern.compile(
        "^[)\\]\u0001]{0,2}(?:\\s*(?:,\\s*(?:and|or|nor)?|and|or|nor|&|/)\\s*[(\\[\u0001]{0,2}[A-Z](?!\\w)"
            + "[)\\]\u0001]{0,2})+");
    private static final String NOUN = "(?:answer|choice|option|solution|response|selection|exception"
        + "|(?:correct|right|true|best)\\s+(?:one|statement))";
    private static final String COPULA = "(?:\\s*[\u0001\"]*(?:\\s(?:is|was|are|(?:would|should|must|will"
        + "|has to|have to|can only|seems to|appears to)\\s+be)\\b|[:=>\u2192]|\\s[-\u2013\u2014](?=\\s)))";
    private static final String ADVERB = "(?:[\\s:,\u0001]*(?:clearly|therefore|thus|then|hence|definitely"
        + "|indeed|simply|likely|probably|obviously|actually|indicated by|given by))?";
    private static final String CHOOSING = "\\b(?:choose|chose|pick|picked|select|selected|go with|going with|go for"
        + "|opt for|settle on|settle for|guess|i think|i believe|i['\u2019]d say|i would say)\\b";
    private static final String REPEATED = "(?:[\\s:,\u0001]*(?:the\\s+)?(?:(?:correct|right|best)\\s+)?(?:" + NOUN
        + "|letter))?[\\s:\"'\u201c\u2018\u0001(\\[<]*$";
    private static final String NAMED_NOUN = "\\b" + NOUN + "(?:\\s+(?:choice|option|letter))?"
        + "(?:\\s+(?:to|for|of)\\s[^.!?\\n]{1,60}?)?";
    private static final Pattern SAID_BEFORE =
        Pattern.compile("(?i)(?:" + NAMED_NOUN + COPULA + ADVERB + "|" + CHOOSING + ")" + REPEATED);
    private static final Pattern MARKED_BEFORE = Pattern.compile("(?i)" + NAMED_NOUN + "\u0001" + ADVERB + REPEATED);
    private static final String WRONG = "(?:incorrect|wrong|false|untrue|invalid|inaccurate|not\\s+(?:true|correct))";
    private static final Pattern ODD_BEFORE = Pattern.compile("(?i)\\b" + WRONG + "\\s+(?:" + NOUN
        + "|statement|one|claim|assertion|sentence)(?:\\s+\\w{1,20}){0,4}?" + COPULA
        + "(?:\\s*(?:the\\s+)?(?:option|statement|letter))?"
        + "[\\s:\u0001(\\[]*$");
    private static final Pattern ONLY_BEFORE =
        Pattern.compile("(?i)(?<!\\bnot\\s)\\bonly\\s+(?:(?:option|choice|statement)\\s+)?[\u0001(\\[]*$");
    private static final Pattern OFFERED_BEFORE = Pattern.compile("(?i)\\b(?:among|amongst|between|out of"
        + "|from|options|choices|consider|compare|comparing)(?:\\s+(?:the\\s+)?(?:options|choices))?"
        + "[\\s:\u0001(\\[]*$");
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
        + "|\\b(?:is|was|are|be)\\s+(?:left\\b|(?:the\\s+)?(?:only|sole|last)\\s+(?:(?!" + WRONG + ")\\w+\\s+)?"
        + "(?:one|possibility|candidate|statement|" + NOUN + ")\\b)|^\\W{0,4}(?:remains|works|fits|holds)\\b"
        + "|[\u2713\u2714\u2705])");
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
    private static final Pattern LABEL = Pattern.compile("^(?:\\s*[)\\].:\u0001]|\\s*$|\\n).*", Pattern.DOTALL);
    private static final Pattern TEXT_START = Pattern.compile("[\\s\u0001(\\[>#-]*");
    private static final Pattern SUBJECT = Pattern.compile("^[)\\].:\u0001]*\\s+(?:is|are|was|were|has|have"
        + "|does|do|did|would|can|could|may|might|will|refers|describes|means)\\b.*", Pattern.DOTALL);

    Role role() {
        boolean wrapped = isWrapped();
        if (!isName(wrapped)) {
            return Role.NO_OPTION;
        }
        String unlisted = LIST_BEFORE.matcher(before).replaceFirst("");
        if (DENIED_BEFORE.matcher(unlisted).find() || isListed(unlisted) && OFFERED_BEFORE.matcher(unlisted).find()) {
            return Role.NO_OPTION;
        }
        boolean supposed = Supposition.isIn(before) || Supposition.isEndedBy(after);
        if (!ODD_BEFORE.matcher(before).find() && SAID_BEFORE.matcher(before).find()) {
            return supposed ? Role.MENTIONED : Role.SAID;
        }
        if (Character.isLowerCase(letter)) {
            return MARKED_BEFORE.matcher(before).find() ? Role.SAID : Role.NO_OPTION;
        }
        Boolean verdict = verdict(LINE_START.matcher(before).find());
        if (verdict != null) {
            boolean asked = ASKED_BEFORE.matcher(before).find();
            return verdict ? asked ? Role.NO_OPTION : supposed ? Role.MENTIONED : Role.GRANTED : Role.DENIED;
        }
        if (MARKED_BEFORE.matcher(before).find()) {
            return supposed ? Role.MENTIONED : Role.SAID;
        }
        if (isSingled() || ONLY_BEFORE.matcher(before).find() || CONCLUDED_BEFORE.matcher(before).find()
            && (wrapped || END.matcher(after).matches() || NAMED_BEFORE.matcher(before).find())) {
            return Role.CONCLUDED;
        }
        return letter > LAST_OPTION ? Role.NO_OPTION : standing(wrapped);
    }

    /** Whether it is said to be the one that is wrong, which may be what was asked for. */
    boolean isSingled() {
        return ODD_BEFORE.matcher(before).find();
    }

    private boolean isListed(String unlisted) {
        return unlisted.length() < before.length() || LIST_AFTER.matcher(after).find();
    }

    private Role standing(boolean wrapped) {
        boolean ends = END.matcher(after).matches();
        if (LINE_START.matcher(before).find() && after.replaceFirst("^[)\\].:\u0001]+", "").isBlank()) {
            return Role.LAST;
        }
        if (SUBJECT.matcher(after).matches()) {
            return wrapped || ends ? Role.MENTIONED : Role.NO_OPTION;
        }
        if (letter != 'A' && TEXT_START.matcher(before).matches() && LABEL.matcher(after).matches()) {
            return Role.OPENING;
        }
        if (wrapped || ends && LINE_START.matcher(before).find()) {
            return Role.STANDING;
        }
        return ends && letter != 'I' && !after.matches("(?s)[!?;\\]].*") ? Role.MENTIONED : Role.NO_OPTION;
    }

    /** Whether a letter can name an option, by what follows: "A lot", "I think" and "a dog" do not. */
    boolean isName(boolean wrapped) {
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
            case 'A' -> REASON_OF_A.matcher(after).matches() || NAMED_BEFORE.matcher(before).find()
                || ONLY_BEFORE.matcher(before).find();
            default -> true;
        };
    }

    private boolean isWrapped() {
        String left = before.replaceFirst("[\\s(\\[]*$", "");
        String right = after.replaceFirst("^[\\s.:)\\]]*", "");
        return before.endsWith("(") && after.startsWith(")") || before.endsWith("[") && after.startsWith("]")
            || left.endsWith(String.valueOf(MARK)) && right.startsWith(String.valueOf(MARK));
    }

    /** Whether the words after a letter say that it is right; null where they do not judge it. */
    private Boolean verdict(boolean label) {
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
}
