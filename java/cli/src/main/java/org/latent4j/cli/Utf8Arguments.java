package org.latent4j.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;
import org.latent4j.internal.LocalPath;

/**
 * The command line's arguments as they were typed. Under a locale that is not UTF-8 (LANG=C, as in many containers),
 * Java decodes arguments with that locale's character set and loses every other character; Linux still has the bytes.
 */
final class Utf8Arguments {
    private static final char LOST = '\uFFFD';

    private Utf8Arguments() {
    }

    /** @throws LatentException BAD_ARGUMENT if characters are lost, with what to set */
    static String[] of(String[] args) {
        String charset = System.getProperty("sun.jnu.encoding", "UTF-8");
        if (charset.equalsIgnoreCase("UTF-8") || Arrays.stream(args).allMatch(Utf8Arguments::isAscii)) {
            return args;
        }
        String[] typed;
        try {
            byte[] line = Files.readAllBytes(Path.of("/proc/self/cmdline"));
            typed = matched(args, new String(line, StandardCharsets.UTF_8));
        } catch (IOException e) {
            typed = args;  // not Linux: what Java made of them is all there is
        }
        return whole(typed);
    }

    /** The arguments, if no character of them is lost: such as those of a file that Java read by its locale. */
    static String[] whole(String[] args) {
        for (String arg : args) {
            if (arg.indexOf(LOST) >= 0) {
                throw new LatentException(ErrorCode.BAD_ARGUMENT, "characters of the argument '" + arg
                    + "' are lost; " + LocalPath.REMEDY);
            }
        }
        return args;
    }

    /**
     * The last entries of a NUL-separated command line, if they are these arguments as far as ASCII can tell; else the
     * arguments.
     */
    static String[] matched(String[] args, String commandLine) {
        String[] all = commandLine.split("\0", -1);
        int end = all.length - 1;  // each entry ends in NUL
        if (end < args.length) {
            return args;
        }
        String[] typed = Arrays.copyOfRange(all, end - args.length, end);
        for (int i = 0; i < args.length; i++) {
            if (isAscii(args[i]) && !args[i].equals(typed[i])) {
                return args;
            }
        }
        return typed;
    }

    private static boolean isAscii(String text) {
        return text.chars().allMatch(c -> c < 128);
    }
}
