package org.latent4j.text;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;

/** What a Split or a Replace seeks in a text: a pattern, or a text as it stands. Usable from any thread. */
final class SplitPattern {
    private static final int FLAGS = Pattern.UNICODE_CHARACTER_CLASS | Pattern.MULTILINE | Pattern.UNIX_LINES;

    private final Pattern pattern;

    private SplitPattern(Pattern pattern) {
        this.pattern = pattern;
    }

    /** @throws IllegalArgumentException if the pattern is none, or has a part that is not supported */
    static SplitPattern ofRegex(String regex) {
        try {
            return new SplitPattern(Pattern.compile(PatternTranslation.of(regex), FLAGS));
        } catch (PatternSyntaxException e) {
            throw new IllegalArgumentException(e.getDescription() + " is not supported", e);
        }
    }

    static SplitPattern ofText(String text) {
        return new SplitPattern(Pattern.compile(text, Pattern.LITERAL));
    }

    /** A search of one text, for one thread. */
    Search search(char[] text, WorkLimit limit) {
        return new Search(pattern, text, limit);
    }

    /** Takes what is found, in order. */
    interface Spans {
        void span(int start, int end, boolean match);
    }

    /** Finds matches as Oniguruma does: an empty one never directly behind another match. */
    static final class Search {
        private final MeteredText window;
        private final Matcher matcher;

        private Search(Pattern pattern, char[] text, WorkLimit limit) {
            window = new MeteredText(text, limit);
            matcher = pattern.matcher(window).useTransparentBounds(true).useAnchoringBounds(false);
        }

        /**
         * Gives the matches in [start, end) and what lies between them; the pattern sees nothing outside.
         *
         * @throws LatentException BAD_ARGUMENT if the pattern takes too long for this text
         */
        void each(int start, int end, Spans spans) {
            window.window(start, end);
            matcher.reset();
            int length = end - start;
            int from = 0;
            int lastEnd = -1;
            int given = 0;
            while (from <= length && find(from, length)) {
                int first = matcher.start();
                int last = matcher.end();
                if (first == last && last == lastEnd) {
                    from = first < length ? Character.offsetByCodePoints(window, first, 1) : length + 1;
                    continue;
                }
                if (given < first) {
                    spans.span(start + given, start + first, false);
                }
                spans.span(start + first, start + last, true);
                given = last;
                lastEnd = last;
                from = last;
            }
            if (given < length) {
                spans.span(start + given, end, false);
            }
        }

        private boolean find(int from, int length) {
            try {
                return matcher.region(from, length).find();
            } catch (StackOverflowError e) { // unwound whole; the matcher is not used again
                throw new LatentException(ErrorCode.BAD_ARGUMENT, "the tokenizer's pattern goes too deep for a text of "
                        + length + " characters: give it a shorter text, or one without long runs", e);
            }
        }
    }
}
