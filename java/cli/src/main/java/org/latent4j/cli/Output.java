package org.latent4j.cli;

import java.util.Optional;
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
        if (terminal.out().checkError()) {
            throw new OutputClosed();
        }
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
        String text = error instanceof LatentException ? error.getMessage()
            : "[INTERNAL] " + error.getClass().getSimpleName() + ": " + Optional.ofNullable(error.getMessage()).orElse("no message");
        String line = "latent4j: " + text.lines().map(String::strip).reduce((a, b) -> a + " " + b).orElse("");
        terminal.err().println(terminal.colours() ? "\u001b[31m" + line + "\u001b[0m" : line);
    }
}
