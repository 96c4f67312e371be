package org.latent4j.text;

import java.text.Normalizer;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;

/**
 * A text in one of Unicode's four forms, made part by part: ASCII is copied as it is, a thread that is interrupted is
 * seen between two parts, and no part holds so many combining marks in a row that putting them in order (which takes
 * the square of their number) could take long.
 */
final class UnicodeForm {
    /** The most combining marks in a row; no script has words with more than a few. */
    static final int MAX_MARKS = 256;

    private static final int PART = 4096;

    private final Normalizer.Form form;
    private final String text;
    private final WorkLimit limit;
    private final StringBuilder out;

    UnicodeForm(Normalizer.Form form, String text, WorkLimit limit) {
        this.form = form;
        this.text = text;
        this.limit = limit;
        this.out = new StringBuilder(0);
    }

    /** @throws LatentException BAD_ARGUMENT if it has more than MAX_MARKS marks in a row, or becomes too long */
    String text() {
        int first = firstBeyondAscii(0);
        if (first == text.length()) {
            return text;
        }
        out.ensureCapacity(text.length());
        int from = 0;
        int at = first;
        while (at < text.length()) {
            int base = Math.max(from, at - 1); // the marks that follow may join it
            out.append(text, from, base);
            int end = end(at);
            out.append(Normalizer.normalize(text.substring(base, end), form));
            limit.length(out.length());
            WorkLimit.interruptible();
            from = end;
            at = firstBeyondAscii(end);
        }
        return out.append(text, from, text.length()).toString();
    }

    private int firstBeyondAscii(int from) {
        int at = from;
        while (at < text.length() && text.charAt(at) < 0x80) {
            at++;
        }
        return at;
    }

    /** Where a part that begins here ends: at an ASCII character, or far enough, where nothing can join. */
    private int end(int from) {
        int marks = 0;
        int at = from;
        while (at < text.length() && text.charAt(at) >= 0x80) {
            int c = text.codePointAt(at);
            if (at - from >= PART && beginsAnew(c)) {
                break;
            }
            marks = Characters.isMark(c) ? marks + 1 : 0;
            if (marks > MAX_MARKS) {
                throw new LatentException(ErrorCode.BAD_ARGUMENT, "the text has more than " + MAX_MARKS
                        + " combining marks in a row, from character " + (at - marks + 1) + " on");
            }
            at += Character.charCount(c);
        }
        return at;
    }

    /** Whether a character neither joins one before it nor is put in order with it: surely so for these. */
    private static boolean beginsAnew(int c) {
        return c >= 0xA0 && c < 0x300 || c >= 0x400 && c < 0x483 || c >= 0x5D0 && c < 0x5EB || c >= 0x620 && c < 0x64B
                || c >= 0x905 && c < 0x93A || c >= 0xE01 && c < 0xE31 || c >= 0x2010 && c < 0x20D0
                || c >= 0x3041 && c < 0x3097 || c >= 0x4E00 && c < 0xA000 || c >= 0xAC00 && c < 0xD7A4
                || c >= 0x1F000 && c < 0x20000;
    }
}
