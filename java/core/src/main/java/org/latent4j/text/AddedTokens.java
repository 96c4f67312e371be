package org.latent4j.text;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;

/** The tokens that are sought in a text before all else: special and user-defined ones. Usable from any thread. */
final class AddedTokens {
    /**
     * One of them.
     *
     * @param special left out of decoded text
     * @param normalized sought in the normalized text, and normalized itself
     * @param left takes the whitespace before it along
     * @param right takes the whitespace behind it along
     * @param word found only where no word goes on before or behind it
     */
    record Token(String content, boolean special, boolean normalized, boolean left, boolean right, boolean word) {
        Token withSpecial() {
            return new Token(content, true, normalized, left, right, word);
        }
    }

    /** Takes what a text consists of, in order. */
    interface Parts {
        void token(int id);

        void text(int start, int end);
    }

    private static final int LOOK = 8;

    private final String source;
    private final Vocabulary vocabulary;
    private final List<Token> tokens = new ArrayList<>();
    private final List<Integer> ids = new ArrayList<>();
    private final Map<String, Integer> indexOf = new HashMap<>();
    private final Map<Integer, String> contentOf = new HashMap<>();
    private final Set<String> special = new HashSet<>();
    private final BitSet firsts = new BitSet(); // what tokens begin with, but for whitespace and case
    private final TokenMatcher plain = new TokenMatcher();
    private final TokenMatcher normalized = new TokenMatcher();
    private int size;

    /**
     * Gives each its id as Hugging Face's library does, whatever the file says: the one it has in the model's
     * vocabulary, else the next behind it. Of several with one content the last says how it is sought; it is special
     * if one of them is.
     *
     * @throws LatentException BAD_TOKENIZER if a limit is passed or an id is taken
     */
    AddedTokens(List<Token> all, Vocabulary vocabulary, Normalizer normalizer, String source) {
        this.source = source;
        this.vocabulary = vocabulary;
        size = vocabulary.size();
        int last = -1;
        long length = 0;
        for (Token token : all) {
            String content = token.content();
            Limits.length(content, source);
            if (token.special()) {
                special.add(content);
            }
            if (content.isEmpty()) {
                continue;
            }
            Integer index = indexOf.putIfAbsent(content, tokens.size());
            if (index != null) {
                tokens.set(index, token);
                continue;
            }
            length += content.length();
            if (length > Limits.ADDED_LENGTH) {
                throw bad("the added tokens have more than " + Limits.ADDED_LENGTH + " characters");
            }
            int id = vocabulary.id(content);
            if (id < 0) {
                id = Math.max(last + 1, vocabulary.count());
                Limits.id(id, content, source);
                if (vocabulary.text(id) != null) {
                    throw bad("the added token '" + Limits.shown(content) + "' would have the id " + id
                            + ", which another token has: the vocabulary has gaps");
                }
            }
            last = Math.max(last, id);
            contentOf.put(id, content);
            size = Math.max(size, id + 1);
            tokens.add(token);
            ids.add(id);
            content.codePoints().filter(c -> !Characters.isWhitespace(c)).limit(1).forEach(c -> firsts.set(folded(c)));
        }
        for (int i = 0; i < tokens.size(); i++) {
            seek(i, normalizer);
        }
    }

    private void seek(int index, Normalizer normalizer) {
        Token token = tokens.get(index);
        String content = token.content();
        if (!token.normalized()) {
            plain.add(content, index);
            return;
        }
        String form = content;
        if (normalizer != null) {
            try {
                form = normalizer.apply(content, new WorkLimit(content.length()));
            } catch (LatentException e) {
                throw e.code() == ErrorCode.CANCELLED ? e
                        : bad("the added token '" + Limits.shown(content) + "' cannot be normalized: "
                                + e.getMessage());
            }
        }
        if (!form.isEmpty()) {
            normalized.add(form, index);
        }
    }

    private LatentException bad(String message) {
        return new LatentException(ErrorCode.BAD_TOKENIZER, source + ": " + message);
    }

    /** The id of an added token, or -1. */
    int id(String content) {
        Integer index = indexOf.get(content);
        return index == null ? -1 : ids.get(index);
    }

    /** The text of an id, of the model's tokens, too; null if there is none. */
    String text(int id) {
        String content = contentOf.get(id);
        return content != null ? content : vocabulary.text(id);
    }

    boolean isSpecial(int id) {
        return special.contains(text(id));
    }

    /** One more than the largest id, of the model's tokens, too. */
    int size() {
        return size;
    }

    /** Whether a token may take characters along that it does not consist of. */
    boolean takeSpaces() {
        return tokens.stream().anyMatch(token -> token.left() || token.right());
    }

    int longest() {
        return tokens.stream().mapToInt(token -> token.content().length()).max().orElse(0);
    }

    boolean anyNormalized() {
        return !normalized.isEmpty();
    }

    /** Whether a token may begin with a character, in upper or lower case; no whitespace does. */
    boolean beginsWith(int c) {
        return firsts.get(folded(c));
    }

    private static int folded(int c) {
        return Character.toLowerCase(Character.toUpperCase(c));
    }

    /** Whether a token may go on, or end, with what stands in a text from a place on; few characters are looked at. */
    boolean goesOnWith(String text, int start) {
        int most = Math.min(LOOK, text.length() - start);
        for (Token token : tokens) {
            String content = token.content();
            for (int at = 1; at < content.length(); at++) {
                if (text.regionMatches(true, start, content, at, Math.min(most, content.length() - at))) {
                    return true;
                }
            }
        }
        return false;
    }

    /**
     * Finds the tokens in a text: those that are sought after it is normalized, or the others.
     *
     * @param chat says which of them are not found across its mark
     */
    void split(String text, boolean afterNormalizing, RenderedChat chat, WorkLimit limit, Parts parts) {
        TokenMatcher matcher = afterNormalizing ? normalized : plain;
        int given = 0;
        int[] found = new int[2];
        for (int from = 0; from < text.length() && !matcher.isEmpty(); from = Math.max(found[1], given)) {
            int start = matcher.find(text, from, chat.mark(), index -> chat.isControl(tokens.get(index)), found,
                    limit);
            if (start < 0) {
                break;
            }
            Token token = tokens.get(found[0]);
            int end = found[1];
            if (token.word() && !standsAlone(text, start, end, chat.mark())) {
                continue;
            }
            while (token.left() && start > given && Characters.isWhitespace(text.charAt(start - 1))) {
                start--;
            }
            while (token.right() && end < text.length() && Characters.isWhitespace(text.charAt(end))) {
                limit.step();
                end++;
            }
            if (given < start) {
                parts.text(given, start);
            }
            parts.token(ids.get(found[0]));
            given = end;
        }
        if (given < text.length()) {
            parts.text(given, text.length());
        }
    }

    private static boolean standsAlone(String text, int start, int end, int mark) {
        int before = start > 0 && text.charAt(start - 1) == mark ? start - 1 : start;
        int behind = end < text.length() && text.charAt(end) == mark ? end + 1 : end;
        return (before == 0 || !Characters.isWord(text.codePointBefore(before)))
                && (behind == text.length() || !Characters.isWord(text.codePointAt(behind)));
    }
}
