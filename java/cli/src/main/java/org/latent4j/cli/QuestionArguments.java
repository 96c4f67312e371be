package org.latent4j.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;
import org.latent4j.internal.LocalPath;
import org.latent4j.internal.WhiteSpace;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Where the question comes from. */
final class QuestionArguments {
    private static final String STANDARD_INPUT = "-";
    private static final int LARGEST = 16 << 20;

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
        if (WhiteSpace.isAll(question)) {
            throw new ParameterException(command.commandLine(), "the question is empty");
        }
        return question;
    }

    /** Every line that is not blank as a question of its own. */
    List<String> lines(Terminal terminal) {
        return question(terminal).lines().map(String::strip).filter(line -> !WhiteSpace.isAll(line)).toList();
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
            return text("standard input", limited("standard input", terminal.in()));
        } catch (IOException e) {
            throw new LatentException(ErrorCode.BAD_ARGUMENT, "standard input cannot be read: " + e.getMessage(), e);
        }
    }

    private static String read(String name) {
        try {
            Path path = LocalPath.of(name);
            if (Files.exists(path) && !Files.isRegularFile(path)) {
                throw new LatentException(ErrorCode.BAD_ARGUMENT, name + " is no regular file but "
                    + (Files.isDirectory(path) ? "a folder" : "a pipe, a socket or a device")
                    + "; - reads standard input");
            }
            try (InputStream in = Files.newInputStream(path)) {
                return text(name, limited(name, in));
            }
        } catch (InvalidPathException e) {
            throw new LatentException(ErrorCode.FILE_NOT_FOUND, "no path on this system: '" + name + "' ("
                + e.getReason() + ")", e);
        } catch (NoSuchFileException e) {
            throw new LatentException(ErrorCode.FILE_NOT_FOUND, "no file of a question at " + name, e);
        } catch (IOException e) {
            throw new LatentException(ErrorCode.BAD_ARGUMENT, name + " cannot be read: " + e.getMessage(), e);
        }
    }

    private static byte[] limited(String source, InputStream in) throws IOException {
        byte[] bytes = in.readNBytes(LARGEST + 1);
        if (bytes.length > LARGEST) {
            throw new LatentException(ErrorCode.BAD_ARGUMENT, source + " has more than the " + LARGEST
                + " bytes that are read");
        }
        return bytes;
    }

    private static String text(String source, byte[] bytes) {
        ByteBuffer unread = ByteBuffer.wrap(bytes);
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(unread).toString();
        } catch (CharacterCodingException e) {
            throw new LatentException(ErrorCode.BAD_ARGUMENT, String.format(Locale.ROOT,
                "%s is not UTF-8 text: byte %d is 0x%02x", source, unread.position(), bytes[unread.position()]), e);
        }
    }
}
