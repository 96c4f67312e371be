package org.latent4j.cli;

import java.util.Locale;
import java.util.Optional;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;
import org.latent4j.internal.Printable;

/** What commands print: results on standard output, the rest beside it. */
final class Output {
    private static final int LONGEST = 4000;

    private final Terminal terminal;

    Output(Terminal terminal) {
        this.terminal = terminal;
    }

    /** Part of the result, at once. */
    void print(String text) {
        terminal.out().print(text);
        check();
    }

    /** Sees whether all of the result so far could be written. */
    void check() {
        terminal.out().failure().ifPresent(e -> {
            if (terminal.out().isPipe()) {
                throw new OutputClosed();
            }
            throw new LatentException(ErrorCode.BAD_ARGUMENT, "standard output cannot be written: " + e.getMessage(),
                    e);
        });
    }

    /** A line of the result. */
    void line(String text) {
        print(text + "\n");
    }

    /** A line beside the result. */
    void note(String text) {
        terminal.err().println(terminal.colours() ? "\u001b[2m" + text + "\u001b[0m" : text);
    }

    /** A line beside the result that speaks against it. */
    void warn(String text) {
        String line = "latent4j: warning: " + printable(text);
        terminal.err().println(terminal.colours() ? "\u001b[33m" + line + "\u001b[0m" : line);
    }

    /** The one line that an error gets. */
    void error(Throwable error) {
        String message = coded(error).lines().map(String::strip).reduce((a, b) -> a + " " + b).orElse("");
        String line = "latent4j: " + printable(message);
        terminal.err().println(terminal.colours() ? "\u001b[31m" + line + "\u001b[0m" : line);
    }

    /** A message that may hold what a user or a file says: nothing that steers the terminal, and not without end. */
    static String printable(String message) {
        String start = message.length() <= LONGEST ? message : message.substring(0, LONGEST) + "…";
        StringBuilder shown = new StringBuilder();
        start.codePoints().forEach(c -> {
            if (c == '\n' || Printable.isShown(c)) {
                shown.appendCodePoint(c);
            } else {
                Character.toString(c).chars()
                    .forEach(unit -> shown.append(String.format(Locale.ROOT, "\\u%04x", unit)));
            }
        });
        return shown.toString();
    }

    /** The library's errors carry their code; for Java's own the nearest is found. */
    private static String coded(Throwable error) {
        String message = Optional.ofNullable(error.getMessage()).orElse("no message");
        if (error instanceof LatentException) {
            return message;
        }
        if (error instanceof IllegalArgumentException) {
            return "[" + ErrorCode.BAD_ARGUMENT + "] " + message;
        }
        if (error instanceof StackOverflowError) {
            return "[" + ErrorCode.INTERNAL + "] the input is nested too deeply for Java's stack; give it more with "
                + "java -Xss";
        }
        ErrorCode code = error instanceof OutOfMemoryError ? ErrorCode.OUT_OF_MEMORY : ErrorCode.INTERNAL;
        String advice = code == ErrorCode.OUT_OF_MEMORY ? "; give Java more with java -Xmx" : "";
        return "[" + code + "] " + error.getClass().getSimpleName() + ": " + message + advice;
    }
}
