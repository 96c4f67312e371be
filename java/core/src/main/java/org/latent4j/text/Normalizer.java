package org.latent4j.text;

import java.util.List;
import java.util.Locale;

/** One step of what is done to a text before it is cut into words. Usable from any thread. */
sealed interface Normalizer {
    String apply(String text, WorkLimit limit);

    /** Several, one after the other. */
    record Sequence(List<Normalizer> steps) implements Normalizer {
        @Override
        public String apply(String text, WorkLimit limit) {
            String result = text;
            for (Normalizer step : steps) {
                result = step.apply(result, limit);
                limit.length(result.length());
            }
            return result;
        }
    }

    /** NFC, NFD, NFKC or NFKD. */
    record Form(java.text.Normalizer.Form form) implements Normalizer {
        @Override
        public String apply(String text, WorkLimit limit) {
            return new UnicodeForm(form, text, limit).text();
        }
    }

    /** A text put before any that is not empty. */
    record Prepend(String prefix) implements Normalizer {
        @Override
        public String apply(String text, WorkLimit limit) {
            limit.length((long) text.length() + prefix.length());
            return text.isEmpty() ? text : prefix + text;
        }
    }

    /** Every match of a pattern replaced by a text. */
    record Replace(SplitPattern pattern, String by) implements Normalizer {
        @Override
        public String apply(String text, WorkLimit limit) {
            char[] chars = text.toCharArray();
            StringBuilder result = new StringBuilder(chars.length);
            pattern.search(chars, limit).each(0, chars.length, (start, end, match) -> {
                limit.length((long) result.length() + (match ? by.length() : end - start));
                if (match) {
                    result.append(by);
                } else {
                    result.append(chars, start, end - start);
                }
            });
            return result.toString();
        }
    }

    /** One character replaced by another, the commonest of all replacements. */
    record ReplaceChar(char old, char by) implements Normalizer {
        @Override
        public String apply(String text, WorkLimit limit) {
            return text.replace(old, by);
        }
    }

    /** Whitespace cut off. */
    record Strip(boolean left, boolean right) implements Normalizer {
        @Override
        public String apply(String text, WorkLimit limit) {
            int start = 0;
            int end = text.length();
            while (left && start < end && Characters.isWhitespace(text.charAt(start))) {
                start++;
            }
            while (right && end > start && Characters.isWhitespace(text.charAt(end - 1))) {
                end--;
            }
            return text.substring(start, end);
        }
    }

    /** Lower case, character by character: a sigma that ends a word is none of its own. */
    record Lowercase() implements Normalizer {
        @Override
        public String apply(String text, WorkLimit limit) {
            StringBuilder result = new StringBuilder(text.length());
            text.codePoints().forEach(c -> {
                if (c == 0x130) { // the one character that becomes two
                    result.append("\u0130".toLowerCase(Locale.ROOT));
                } else {
                    result.appendCodePoint(Character.toLowerCase(c));
                }
            });
            return result.toString();
        }
    }
}
