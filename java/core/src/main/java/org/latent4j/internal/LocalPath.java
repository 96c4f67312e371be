package org.latent4j.internal;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * Paths as the system has them, which are bytes. Java turns them into text and back by the locale's character set
 * ({@code sun.jnu.encoding}); under LC_ALL=C, or without LANG, that is ASCII, and every other character becomes a
 * question mark or U+FFFD: another name. Addresses ({@code file:}) keep the bytes under every locale, and Linux keeps
 * those of the environment and of the working folder; what only Java has read is refused.
 */
public final class LocalPath {
    /** What to do where this locale has no name for a file. */
    public static final String REMEDY = "set LC_ALL=C.UTF-8: this locale's character set, "
            + System.getProperty("sun.jnu.encoding") + ", cannot name every file";

    private static final char LOST = '\uFFFD';
    private static final Charset LOCALE = Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8"));

    private LocalPath() {}

    /**
     * The path of that name; what the locale cannot write is written in UTF-8.
     *
     * @throws InvalidPathException if it is none, or holds characters that were lost before
     */
    public static Path of(String text) {
        Path path;
        if (isWritable(text) || text.indexOf('\0') >= 0) {
            path = Path.of(text);
        } else if (text.indexOf(LOST) >= 0) {
            throw new InvalidPathException(text, "characters of it are lost; " + REMEDY);
        } else {
            Path whole = ofBytes("/" + text);
            path = text.startsWith("/") ? whole : whole.subpath(0, whole.getNameCount());
        }
        return isElsewhere() ? absolute(path) : path;
    }

    /** Whether the locale's character set can write a name. */
    public static boolean isWritable(String text) {
        return isUtf8() || LOCALE.newEncoder().canEncode(text);
    }

    /** Whether a text that Java decoded by the locale may be another than it was: a system property's above all. */
    public static boolean mayBeLost(String text) {
        return !isUtf8() && (text.indexOf('?') >= 0 || text.indexOf(LOST) >= 0);
    }

    private static boolean isUtf8() {
        return LOCALE.equals(StandardCharsets.UTF_8);
    }

    /** Absolute, in the folder where this process really is. */
    public static Path absolute(Path path) {
        boolean known = path.isAbsolute() || path.getFileSystem() != FileSystems.getDefault() || !isElsewhere();
        return known ? path.toAbsolutePath() : workingFolder().resolve(path);
    }

    /** Whether Java takes another folder for the one where this process is. */
    private static boolean isElsewhere() {
        return mayBeLost(System.getProperty("user.dir", ""));
    }

    private static Path workingFolder() {
        try {
            return Path.of("/proc/self/cwd").toRealPath();
        } catch (IOException e) {
            return Path.of("").toAbsolutePath(); // not Linux, or the folder is gone
        }
    }

    /** The bytes of the absolute path. */
    public static byte[] bytes(Path path) {
        Path absolute = absolute(path);
        if (absolute.getFileSystem() != FileSystems.getDefault()) {
            return absolute.toString().getBytes(StandardCharsets.UTF_8);
        }
        String raw = absolute.toUri().getRawPath(); // of a folder it ends in a slash
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int i = 0; i < raw.length() - (raw.length() > 1 && raw.endsWith("/") ? 1 : 0); i++) {
            if (raw.charAt(i) == '%') {
                bytes.write(Integer.parseInt(raw, i + 1, i + 3, 16));
                i += 2;
            } else {
                bytes.write(raw.charAt(i));
            }
        }
        return bytes.toByteArray();
    }

    /** The path for a message, its bytes taken as UTF-8. */
    public static String text(Path path) {
        return new String(bytes(path), StandardCharsets.UTF_8);
    }

    private static Path ofBytes(String absolute) {
        StringBuilder address = new StringBuilder("file://");
        for (byte b : absolute.getBytes(StandardCharsets.UTF_8)) {
            address.append(b == '/' ? "/" : String.format("%%%02X", b));
        }
        return Path.of(URI.create(address.toString()));
    }

    /** This process's environment; values of which the locale has lost characters come from where Linux keeps them. */
    public static Map<String, String> environment() {
        Map<String, String> environment = System.getenv();
        if (isUtf8() || environment.values().stream().noneMatch(LocalPath::mayBeLost)) {
            return environment;
        }
        Map<String, String> whole = new HashMap<>(environment);
        try {
            String entries = Files.readString(Path.of("/proc/self/environ"), StandardCharsets.ISO_8859_1);
            for (String entry : entries.split("\0")) {
                String text = new String(entry.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
                int equals = text.indexOf('=');
                if (equals > 0) {
                    whole.computeIfPresent(text.substring(0, equals), (name, lost) -> text.substring(equals + 1));
                }
            }
            return whole;
        } catch (IOException e) {
            return environment; // not Linux: paths with lost characters are refused
        }
    }
}
