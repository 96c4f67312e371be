package org.latent4j.jinja;

/** A template that cannot be parsed, was refused by itself, failed while rendering, or passed one of {@link Limits}. */
public class TemplateException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final int line;

    TemplateException(String message) {
        this(0, message);
    }

    TemplateException(int line, String message) {
        super(message);
        this.line = line;
    }

    /** The line of the template, counted from 1; 0 if no line is to blame. */
    public int line() {
        return line;
    }

    /** The thread was interrupted while it rendered; its interrupt flag is still set. */
    public static final class Interrupted extends TemplateException {
        private static final long serialVersionUID = 1;

        Interrupted(int line) {
            super(line, "interrupted");
        }
    }
}
