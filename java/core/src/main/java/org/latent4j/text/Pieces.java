package org.latent4j.text;

/** A text and the parts of it that are encoded each for itself, in order; what lies between them is dropped. */
final class Pieces {
    private final char[] text;
    private final boolean first;
    private final IntList bounds = new IntList(64);

    /**
     * @param text is not copied
     * @param first whether it is the beginning of what the user gave
     */
    Pieces(char[] text, boolean first) {
        this.text = text;
        this.first = first;
    }

    static Pieces whole(String text, boolean first) {
        Pieces pieces = new Pieces(text.toCharArray(), first);
        pieces.add(0, text.length());
        return pieces;
    }

    /** The same text without parts. */
    Pieces uncut() {
        return new Pieces(text, first);
    }

    void add(int start, int end) {
        if (start < end) {
            bounds.add(start);
            bounds.add(end);
        }
    }

    char[] text() {
        return text;
    }

    boolean isFirst() {
        return first;
    }

    int count() {
        return bounds.size() / 2;
    }

    int start(int piece) {
        return bounds.get(2 * piece);
    }

    int end(int piece) {
        return bounds.get(2 * piece + 1);
    }
}
