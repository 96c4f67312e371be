package org.latent4j.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Where the question comes from. */
final class QuestionArguments {
    private static final String STANDARD_INPUT = "-";
    private static final int MOST_BYTES = 64 << 20;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    @Parameters(paramLabel = "QUESTION", arity = "0..*",
        description = "The question; @FILE reads it from a file, - or nothing at all reads it from standard input.")
    private List<String> words = new ArrayList<>();

    @Option(names = {"-f", "--file"}, paramLabel = "FILE",
        description = "Read the question from this file; - is standard input.")
    private String file;

    /**
     * The question.
     *
     * @throws ParameterException if there is none
     */
    String question(Terminal terminal) {
        String question = source(terminal).strip();
        if (question.isEmpty()) {
            throw new ParameterException(command.commandLine(), "the question is empty");
        }
        return question;
    }

    /** Every line that is not blank as a question of its own. */
    List<String> lines(Terminal terminal) {
        return question(terminal).lines().map(String::strip).filter(line -> !line.isEmpty()).toList();
    }

    private String source(Terminal terminal) {
        if (file != null && !words.isEmpty()) {
            throw new ParameterException(command.commandLine(),
                "the question is given twice: as argument and by --file");
        }
        String given = String.join(" ", words);
        if (file == null && given.length() > 1 && given.startsWith("@")) {
            return read(given.substring(1));
        }
        if (file != null && !file.equals(STANDARD_INPUT)) {
            return read(file);
        }
        if (!given.isEmpty() && !given.equals(STANDARD_INPUT)) {
            return given;
        }
        if (given.isEmpty() && file == null && terminal.inIsTerminal()) {
            throw new ParameterException(command.commandLine(),
                "no question was given, as argument, by --file or on standard input");
        }
        try {
            return text("standard input", terminal.in());
        } catch (IOException e) {
            throw new LatentException(ErrorCode.BAD_ARGUMENT, "standard input cannot be read: " + e.getMessage(), e);
        }
    }

    private static String read(String name) {
        try {
            Path path = Path.of(name);
            try (InputStream in = Files.newInputStream(path)) {
                return text(name, in);
            }
        } catch (NoSuchFileException e) {
            throw new LatentException(ErrorCode.FILE_NOT_FOUND, "no file of a question at " + name, e);
        } catch (IOException e) {
            throw new LatentException(ErrorCode.BAD_ARGUMENT, name + " cannot be read: " + e.getMessage(), e);
        }
    }

    /** All of it: a pipe, too, for a shell's {@code <(command)} is one. */
    private static String text(String source, InputStream in) throws IOException {
        byte[] bytes = in.readNBytes(MOST_BYTES + 1);
        if (bytes.length > MOST_BYTES) {
            throw new LatentException(ErrorCode.BAD_ARGUMENT, source + " holds more than " + MOST_BYTES
                + " bytes, expected a question that a context can hold");
        }
        ByteBuffer unread = ByteBuffer.wrap(bytes);
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(unread).toString();
        } catch (CharacterCodingException e) {
            throw new LatentException(ErrorCode.BAD_ARGUMENT, String.format(Locale.ROOT,
                "%s is not UTF-8 text: byte %d is 0x%02x", source, unread.position(), bytes[unread.position()]), e);
        }
    }
}
