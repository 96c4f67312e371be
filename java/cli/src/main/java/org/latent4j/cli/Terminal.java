package org.latent4j.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * Where the program reads and writes: UTF-8 whatever the locale, and what of it is a terminal.
 *
 * @param in questions
 * @param out answers
 * @param err everything else
 * @param inIsTerminal whether someone would have to type the question
 * @param outIsTerminal whether someone watches the answer
 * @param errIsTerminal whether progress may be drawn
 * @param environment the environment's variables
 */
record Terminal(InputStream in, ResultStream out, PrintStream err, boolean inIsTerminal, boolean outIsTerminal,
    boolean errIsTerminal,
        Map<String, String> environment) {

    /** The process's own. */
    static Terminal system() {
        ResultStream out = new ResultStream(new FileOutputStream(FileDescriptor.out), isPipe(1));
        PrintStream err = new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8);
        return new Terminal(System.in, out, err, isTerminal(0), isTerminal(1), isTerminal(2), System.getenv());
    }

    /** Whether help and progress may use colours (https://no-color.org). */
    boolean colours() {
        return errIsTerminal && !isSet("NO_COLOR") && !"dumb".equals(environment.get("TERM"));
    }

    /** Whether a variable is there and not empty. */
    boolean isSet(String variable) {
        return !environment.getOrDefault(variable, "").isEmpty();
    }

    /** Java cannot ask for one stream; Linux says what a descriptor is, elsewhere a console stands for all three. */
    private static boolean isTerminal(int descriptor) {
        return target(descriptor).map(target -> target.startsWith("/dev/pts/") || target.startsWith("/dev/tty")
                || target.equals("/dev/console"))
            .orElseGet(() -> !Files.exists(Path.of("/proc/self")) && System.console() != null);
    }

    private static boolean isPipe(int descriptor) {
        return target(descriptor).filter(target -> target.startsWith("pipe:") || target.startsWith("socket:"))
            .isPresent();
    }

    /** What a descriptor is open on, where the system says so. */
    private static Optional<String> target(int descriptor) {
        try {
            return Optional.of(Files.readSymbolicLink(Path.of("/proc/self/fd/" + descriptor)).toString());
        } catch (IOException | UnsupportedOperationException e) {
            return Optional.empty();
        }
    }
}
