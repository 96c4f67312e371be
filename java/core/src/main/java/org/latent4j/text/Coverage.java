package org.latent4j.text;

import java.util.List;

/** How much of a text one token can stand for: what tells that a text is too long before it is encoded. */
final class Coverage {
    private static final int COMPOSED = 4; // no character of NFC is made of more

    private final long charsPerToken; // 0: there is no limit
    private final boolean all;        // no character is dropped
    private final boolean[] kept = new boolean[0x80]; // the ASCII characters that are not

    Coverage(TokenizerParts parts) {
        boolean byteLevel = isByteLevel(parts.preTokenizer());
        BytePairs model = parts.model();
        for (int c = 0; c < kept.length; c++) {
            kept[c] = model.hasToken(byteLevel ? ByteLetters.of((byte) c) : (char) c);
        }
        int shrinking = shrinking(parts.normalizer());
        all = model.takesEveryCharacter(byteLevel);
        boolean known = !drops(parts.preTokenizer()) && !parts.added().takeSpaces() && !model.fusesUnknown()
                && (all || parts.normalizer() == null);
        charsPerToken = known ? (long) shrinking * Math.max(2, Math.max(parts.vocabulary().longest(),
                parts.added().longest())) : 0;
    }

    /** The fewest tokens that a text can have. */
    int fewest(String text) {
        if (charsPerToken == 0) {
            return 0;
        }
        long count = text.length();
        if (!all) {
            count = text.chars().filter(c -> c < kept.length && kept[c]).count();
        }
        return (int) ((count + charsPerToken - 1) / charsPerToken);
    }

    /** How many chars become one; 0: any number. */
    private static int shrinking(Normalizer normalizer) {
        if (normalizer instanceof Normalizer.Sequence sequence) {
            int product = 1;
            for (Normalizer step : sequence.steps()) {
                product = Math.min(1 << 20, product * shrinking(step));
            }
            return product;
        }
        return normalizer instanceof Normalizer.Form ? COMPOSED
                : normalizer instanceof Normalizer.Strip || normalizer instanceof Normalizer.Replace ? 0 : 1;
    }

    private static boolean drops(PreTokenizer step) {
        if (step instanceof PreTokenizer.Sequence sequence) {
            return sequence.steps().stream().anyMatch(Coverage::drops);
        }
        return step instanceof PreTokenizer.Split split && split.behavior() == Cuts.Behavior.REMOVED
                || step instanceof PreTokenizer.CharacterSplit kind && kind.behavior() == Cuts.Behavior.REMOVED;
    }

    private static boolean isByteLevel(PreTokenizer step) {
        List<PreTokenizer> steps = step instanceof PreTokenizer.Sequence sequence ? sequence.steps() : List.of();
        return step instanceof PreTokenizer.ByteLevel
                || !steps.isEmpty() && isByteLevel(steps.get(steps.size() - 1));
    }
}
