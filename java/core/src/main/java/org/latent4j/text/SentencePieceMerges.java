package org.latent4j.text;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;

/**
 * The merges of a SentencePiece BPE vocabulary, which only stores scores: every way to put a piece together from two
 * others, the piece of the highest score first (the order transformers rebuilds in its converters).
 */
final class SentencePieceMerges {
    /** SentencePiece's stand-in for a space. */
    static final String SPACE = "\u2581";

    private record Merge(int left, int right, int merged, float score, int leftLength, int rightLength) {}

    private SentencePieceMerges() {}

    /** @throws LatentException BAD_TOKENIZER if that would take too long, or gives too many */
    static Merges of(List<String> tokens, float[] scores, Vocabulary vocabulary, String source) {
        long squares = 0;
        for (String token : tokens) {
            squares += (long) token.length() * token.length();
        }
        if (squares > Limits.SQUARES) {
            throw new LatentException(ErrorCode.BAD_TOKENIZER, source + ": the tokens are too long to find their"
                    + " merges: the squares of their lengths add up to " + squares + ", at most " + Limits.SQUARES
                    + " is supported");
        }
        List<Merge> merges = new ArrayList<>();
        for (int id = 0; id < tokens.size(); id++) {
            WorkLimit.interruptible();
            int first = merges.size();
            cut(tokens.get(id), scores[id], vocabulary, merges);
            merges.subList(first, merges.size()).sort(Comparator.comparingInt(Merge::left)
                    .thenComparingInt(Merge::right));
            if (merges.size() > Limits.MERGES) {
                throw new LatentException(ErrorCode.BAD_TOKENIZER, source + ": the vocabulary has more than "
                        + Limits.MERGES + " merges");
            }
        }
        merges.sort(Comparator.comparing(Merge::score).thenComparingInt(Merge::leftLength)
                .thenComparingInt(Merge::rightLength)
                .reversed());
        Merges ranked = new Merges();
        merges.forEach(merge -> ranked.add(merge.left(), merge.right(), merge.merged()));
        return ranked;
    }

    private static void cut(String token, float score, Vocabulary vocabulary, List<Merge> merges) {
        char[] text = token.toCharArray();
        for (int cut = 1; cut < text.length; cut++) {
            if (Character.isLowSurrogate(text[cut])) {
                continue;
            }
            int left = vocabulary.id(text, 0, cut);
            int right = left < 0 ? -1 : vocabulary.id(text, cut, text.length);
            if (right >= 0) {
                merges.add(new Merge(left, right, vocabulary.id(token), score, token.codePointCount(0, cut),
                        token.codePointCount(cut, text.length)));
            }
        }
    }
}
