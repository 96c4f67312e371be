package org.latent4j.cli;

import java.util.Optional;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;

/** What commands print: results on standard output, the rest beside it. */
final class Output {
    private final Terminal terminal;

    Output(Terminal terminal) {
        this.terminal = terminal;
    }

    /** Part of the result, at once. */
    void print(String text) {
        terminal.out().print(text);
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

    /** The one line that an error gets. */
    void error(Throwable error) {
        String line = "latent4j: " + coded(error).lines().map(String::strip).reduce((a, b) -> a + " " + b).orElse("");
        terminal.err().println(terminal.colours() ? "\u001b[31m" + line + "\u001b[0m" : line);
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
        ErrorCode code = error instanceof OutOfMemoryError ? ErrorCode.OUT_OF_MEMORY : ErrorCode.INTERNAL;
        return "[" + code + "] " + error.getClass().getSimpleName() + ": " + message;
    }
}
