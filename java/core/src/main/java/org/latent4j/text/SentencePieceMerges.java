package org.latent4j.text;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The merges of a SentencePiece BPE vocabulary, which only stores scores: every way to put a piece together from two
 * others, the piece of the highest score first (the order transformers rebuilds in its converters).
 */
final class SentencePieceMerges {
    /** SentencePiece's stand-in for a space. */
    static final String SPACE = "\u2581";

    record Merge(String left, String right, float score, int leftLength, int rightLength) {}

    private SentencePieceMerges() {}

    static List<Merge> of(List<String> tokens, float[] scores) {
        Map<String, Integer> ids = new HashMap<>(2 * tokens.size());
        for (int id = 0; id < tokens.size(); id++) {
            ids.putIfAbsent(tokens.get(id), id);
        }
        List<Merge> merges = new ArrayList<>();
        for (int id = 0; id < tokens.size(); id++) {
            String piece = tokens.get(id);
            int first = merges.size();
            for (int cut = 1; cut < piece.length(); cut++) {
                if (Character.isLowSurrogate(piece.charAt(cut))) {
                    continue;
                }
                String left = piece.substring(0, cut);
                String right = piece.substring(cut);
                if (ids.containsKey(left) && ids.containsKey(right)) {
                    merges.add(new Merge(left, right, scores[id], left.codePointCount(0, cut),
                            right.codePointCount(0, right.length())));
                }
            }
            merges.subList(first, merges.size()).sort(Comparator.<Merge>comparingInt(m -> ids.get(m.left()))
                    .thenComparingInt(m -> ids.get(m.right())));
        }
        merges.sort(Comparator.comparing(Merge::score).thenComparingInt(Merge::leftLength)
                .thenComparingInt(Merge::rightLength)
                .reversed());
        return merges;
    }
}
