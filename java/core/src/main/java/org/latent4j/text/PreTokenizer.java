package org.latent4j.text;

import java.util.List;
import java.util.function.IntPredicate;

/** One step of how a text is cut into the words that are encoded each for itself. Usable from any thread. */
sealed interface PreTokenizer {
    Pieces apply(Pieces in, WorkLimit limit);

    /** Several, one after the other. */
    record Sequence(List<PreTokenizer> steps) implements PreTokenizer {
        @Override
        public Pieces apply(Pieces in, WorkLimit limit) {
            Pieces pieces = in;
            for (PreTokenizer step : steps) {
                pieces = step.apply(pieces, limit);
                limit.length(pieces.text().length);
            }
            return pieces;
        }
    }

    /** Cuts where a pattern matches. */
    record Split(SplitPattern pattern, Cuts.Behavior behavior, boolean inverted) implements PreTokenizer {
        @Override
        public Pieces apply(Pieces in, WorkLimit limit) {
            Pieces out = in.uncut();
            Cuts cuts = new Cuts(behavior, inverted, out);
            SplitPattern.Search search = pattern.search(in.text(), limit);
            for (int i = 0; i < in.count(); i++) {
                search.each(in.start(i), in.end(i), cuts::span);
                cuts.close();
            }
            return out;
        }
    }

    /** Cuts where single characters are of a kind. */
    record CharacterSplit(IntPredicate kind, Cuts.Behavior behavior) implements PreTokenizer {
        @Override
        public Pieces apply(Pieces in, WorkLimit limit) {
            Pieces out = in.uncut();
            Cuts cuts = new Cuts(behavior, false, out);
            char[] text = in.text();
            for (int i = 0; i < in.count(); i++) {
                int given = in.start(i);
                int end = in.end(i);
                for (int at = given; at < end;) {
                    limit.step();
                    int c = Character.codePointAt(text, at, end);
                    int next = at + Character.charCount(c);
                    if (kind.test(c)) {
                        if (given < at) {
                            cuts.span(given, at, false);
                        }
                        cuts.span(at, next, true);
                        given = next;
                    }
                    at = next;
                }
                if (given < end) {
                    cuts.span(given, end, false);
                }
                cuts.close();
            }
            return out;
        }
    }

    /** Each piece's bytes in GPT-2's letters, cut before by GPT-2's pattern if one is given. */
    record ByteLevel(boolean spacePrefix, Split words) implements PreTokenizer {
        @Override
        public Pieces apply(Pieces in, WorkLimit limit) {
            Pieces pieces = spacePrefix ? prefixed(in, ' ', true) : in;
            return ByteLetters.of(words == null ? pieces : words.apply(pieces, limit), limit);
        }
    }

    /** Spaces made visible, one put before a piece, and each beginning a piece of its own. */
    record Metaspace(char replacement, Prefix prefix, boolean splits) implements PreTokenizer {
        /** Where a space is put before. */
        enum Prefix { ALWAYS, FIRST, NEVER }

        @Override
        public Pieces apply(Pieces in, WorkLimit limit) {
            char[] text = in.text().clone();
            for (int i = 0; i < text.length; i++) {
                if (text[i] == ' ') {
                    text[i] = replacement;
                }
            }
            Pieces out = new Pieces(text, in.isFirst());
            for (int i = 0; i < in.count(); i++) {
                out.add(in.start(i), in.end(i));
            }
            if (prefix != Prefix.NEVER) {
                out = prefixed(out, replacement, prefix == Prefix.ALWAYS);
            }
            return splits ? new CharacterSplit(c -> c == replacement, Cuts.Behavior.MERGED_WITH_NEXT).apply(out, limit)
                    : out;
        }
    }

    private static Pieces prefixed(Pieces in, char prefix, boolean each) {
        char[] text = in.text();
        StringBuilder longer = new StringBuilder(text.length + 1);
        int[] ends = new int[in.count()];
        for (int i = 0; i < in.count(); i++) {
            boolean begins = each || in.isFirst() && in.start(i) == 0;
            if (begins && text[in.start(i)] != prefix) {
                longer.append(prefix);
            }
            ends[i] = longer.append(text, in.start(i), in.end(i) - in.start(i)).length();
        }
        char[] chars = new char[longer.length()];
        longer.getChars(0, chars.length, chars, 0);
        Pieces out = new Pieces(chars, in.isFirst());
        for (int i = 0; i < ends.length; i++) {
            out.add(i == 0 ? 0 : ends[i - 1], ends[i]);
        }
        return out;
    }
}
