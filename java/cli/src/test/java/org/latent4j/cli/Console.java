package org.latent4j.cli;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A terminal, or none, whose input is given and whose output is kept. */
final class Console {
    static final String TINY = checkpoint("tiny-qwen3-untied");
    /** What the tiny checkpoint runs on. */
    static final String DEVICE = System.getProperty("latent4j.test.device", "cpu");

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final Map<String, String> environment = new HashMap<>();
    private String input = "";
    private boolean watched;
    private int exitCode;

    static String checkpoint(String name) {
        return Path.of(System.getProperty("l4j.root", "../.."), "native", "tests", "data", "golden", name).toString();
    }

    /** Someone watches and types. */
    static Console terminal() {
        Console console = new Console();
        console.watched = true;
        return console;
    }

    /** Everything comes and goes through pipes. */
    static Console piped() {
        return new Console();
    }

    Console input(String text) {
        input = text;
        return this;
    }

    Console set(String variable, String value) {
        environment.put(variable, value);
        return this;
    }

    Console run(String... args) {
        Terminal terminal = new Terminal(new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)),
            new ResultStream(out, !watched), new PrintStream(err, true, StandardCharsets.UTF_8),
            watched, watched, watched,
            environment);
        exitCode = Latent4j.run(terminal, args);
        return this;
    }

    /** Runs a command on the tiny checkpoint, with few and greedy tokens. */
    Console tiny(String command, String... args) {
        List<String> all = new ArrayList<>(List.of(command, "-m", TINY, "--device", DEVICE));
        if (!command.equals("info")) {
            all.addAll(List.of("--temperature", "0", "-n", "8", "-s", "3"));
        }
        all.addAll(List.of(args));
        return run(all.toArray(String[]::new));
    }

    int exitCode() {
        return exitCode;
    }

    String out() {
        return out.toString(StandardCharsets.UTF_8);
    }

    String err() {
        return err.toString(StandardCharsets.UTF_8);
    }
}
