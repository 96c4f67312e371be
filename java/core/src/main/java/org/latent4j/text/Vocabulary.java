package org.latent4j.text;

import java.util.Arrays;
import java.util.concurrent.ThreadLocalRandom;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;

/** A model's tokens, by id and by text. Filled by one thread, then usable from any. */
final class Vocabulary {
    private static final int FACTOR = ThreadLocalRandom.current().nextInt() | 1; // no file can aim at it

    private final String source;
    private String[] texts = new String[1024];
    private int[] slots = new int[4096]; // id + 1, or 0
    private int count;
    private int size;
    private int longest;

    /** @param source whose tokens these are, for messages */
    Vocabulary(String source) {
        this.source = source;
    }

    /** @throws LatentException BAD_TOKENIZER if a limit is passed or the id has another text */
    void put(long id, String text) {
        Limits.id(id, text, source);
        Limits.length(text, source);
        int at = (int) id;
        if (at >= texts.length) {
            texts = Arrays.copyOf(texts, Math.max(at + 1, 2 * texts.length));
        }
        if (texts[at] != null && !texts[at].equals(text)) {
            throw new LatentException(ErrorCode.BAD_TOKENIZER, source + ": id " + id + " is the id of two tokens");
        }
        texts[at] = text;
        size = Math.max(size, at + 1);
        longest = Math.max(longest, text.length());
        int slot = slot(text);
        count += slots[slot] == 0 ? 1 : 0;
        slots[slot] = at + 1; // of two with one text the last counts
        if (2 * count > slots.length) {
            grow();
        }
    }

    private int slot(String text) {
        int hash = 0;
        for (int i = 0; i < text.length(); i++) {
            hash = hash(hash, text.charAt(i));
        }
        int slot = last(hash) & slots.length - 1;
        while (slots[slot] != 0 && !texts[slots[slot] - 1].equals(text)) {
            slot = slot + 1 & slots.length - 1;
        }
        return slot;
    }

    private void grow() {
        int[] old = slots;
        slots = new int[2 * old.length];
        for (int entry : old) {
            if (entry != 0) {
                slots[slot(texts[entry - 1])] = entry;
            }
        }
    }

    private static int hash(int before, char c) {
        return (before + c) * FACTOR ^ before >>> 15;
    }

    private static int last(int hash) {
        return hash ^ hash >>> 16;
    }

    /** The id of a text, or -1. */
    int id(String text) {
        return slots[slot(text)] - 1;
    }

    /** The id of a part of a text, or -1. */
    int id(char[] text, int start, int end) {
        if (end - start > longest) {
            return -1;
        }
        int hash = 0;
        for (int i = start; i < end; i++) {
            hash = hash(hash, text[i]);
        }
        int slot = last(hash) & slots.length - 1;
        while (slots[slot] != 0) {
            if (equal(texts[slots[slot] - 1], text, start, end)) {
                return slots[slot] - 1;
            }
            slot = slot + 1 & slots.length - 1;
        }
        return -1;
    }

    private static boolean equal(String token, char[] text, int start, int end) {
        if (token.length() != end - start) {
            return false;
        }
        for (int i = 0; i < token.length(); i++) {
            if (token.charAt(i) != text[start + i]) {
                return false;
            }
        }
        return true;
    }

    /** The text of an id, or null if there is none. */
    String text(int id) {
        return id < size ? texts[id] : null;
    }

    /** One more than the largest id. */
    int size() {
        return size;
    }

    /** How many different texts there are. */
    int count() {
        return count;
    }

    /** Chars of the longest token. */
    int longest() {
        return longest;
    }
}
