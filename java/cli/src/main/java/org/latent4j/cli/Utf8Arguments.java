package org.latent4j.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * The command line's arguments as they were typed. Under a locale that is not UTF-8 (LANG=C, as in many containers),
 * Java decodes arguments with that locale's character set and loses every other character; Linux still has the bytes.
 */
final class Utf8Arguments {
    private Utf8Arguments() {
    }

    static String[] of(String[] args) {
        String charset = System.getProperty("sun.jnu.encoding", "UTF-8");
        if (charset.equalsIgnoreCase("UTF-8") || Arrays.stream(args).allMatch(Utf8Arguments::isAscii)) {
            return args;
        }
        try {
            return matched(args, new String(Files.readAllBytes(Path.of("/proc/self/cmdline")), StandardCharsets.UTF_8));
        } catch (IOException e) {
            return args;  // not Linux: what Java made of them is all there is
        }
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
