package org.latent4j.text;

/** A part of a text for a pattern to be sought in: each look at a character counts against a limit. */
final class MeteredText implements CharSequence {
    private final char[] text;
    private final WorkLimit limit;
    private int start;
    private int length;

    MeteredText(char[] text, WorkLimit limit) {
        this.text = text;
        this.limit = limit;
    }

    void window(int from, int to) {
        start = from;
        length = to - from;
    }

    @Override
    public char charAt(int index) {
        limit.step();
        return text[start + index];
    }

    @Override
    public int length() {
        return length;
    }

    @Override
    public CharSequence subSequence(int from, int to) {
        return new String(text, start + from, to - from);
    }

    @Override
    public String toString() {
        return new String(text, start, length);
    }
}
