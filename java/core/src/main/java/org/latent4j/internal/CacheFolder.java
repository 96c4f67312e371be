package org.latent4j.internal;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URL;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;

/**
 * The folder that files of jars are unpacked to: the native library, which is run, and the embedded model. Nobody but
 * this user and root may be able to write to it or to put another in its place, and what lies in it is used only after
 * its SHA-256 was checked; what does not match is replaced, whole, by a rename. So neither another user's files nor
 * half-written ones are ever loaded, and processes may start at once.
 *
 * <p>It is the first of these that is set: the system property {@code latent4j.cache}, the environment variable {@code
 * LATENT4J_CACHE}, {@code latent4j/} below {@code $XDG_CACHE_HOME}, {@code .cache/latent4j/} in the home folder. A
 * folder that is missing is made, with mode 700.
 */
public final class CacheFolder {
    public static final String PROPERTY = "latent4j.cache";
    public static final String VARIABLE = "LATENT4J_CACHE";

    private static final int WRITABLE_BY_GROUP = 0020;
    private static final int WRITABLE_BY_ALL = 0002;
    private static final int STICKY = 01000;
    private static final int ROOT = 0;
    private static final int SUM_LETTERS = 16;
    private static final int UNUSED_DAYS = 30;
    private static final String REMEDY = "; set " + VARIABLE + " (or the system property " + PROPERTY
            + ") to a folder of your own that only you can write to";

    private final Path asked;

    /**
     * @param folder made when something is unpacked to it
     */
    public CacheFolder(Path folder) {
        asked = LocalPath.absolute(folder).normalize();
    }

    /** Where it lies, as it was asked for. */
    Path asked() {
        return asked;
    }

    /**
     * This user's.
     *
     * @throws LatentException {@code BAD_CACHE} if there is neither a home folder nor one of the settings
     */
    public static CacheFolder ofUser() {
        return of(LocalPath.environment(), System.getProperty(PROPERTY), System.getProperty("user.home"));
    }

    static CacheFolder of(Map<String, String> environment, String property, String userHome) {
        String named = isSet(property) ? property : environment.get(VARIABLE);
        String xdg = environment.get("XDG_CACHE_HOME");
        try {
            if (isSet(property) && LocalPath.mayBeLost(property)) {
                throw new InvalidPathException(property, "characters of it may be lost; set " + VARIABLE
                        + " instead, or LC_ALL=C.UTF-8");
            }
            if (isSet(named)) {
                return new CacheFolder(LocalPath.of(named));
            }
            if (isSet(xdg) && xdg.startsWith("/")) {
                return new CacheFolder(LocalPath.of(xdg).resolve("latent4j"));
            }
            // Of a user without a home folder the JDK says "?", and of characters that the locale lacks too.
            String known = isSet(userHome) && LocalPath.mayBeLost(userHome) ? null : userHome;
            for (String home : new String[] {known, environment.get("HOME")}) {
                if (isSet(home) && home.startsWith("/")) {
                    return new CacheFolder(LocalPath.of(home).resolve(".cache").resolve("latent4j"));
                }
            }
        } catch (InvalidPathException e) {
            throw new LatentException(ErrorCode.BAD_CACHE, "'" + e.getInput() + "' is no path of a cache folder: "
                    + e.getReason() + REMEDY, e);
        }
        throw new LatentException(ErrorCode.BAD_CACHE, "no home folder is known to unpack files to" + REMEDY);
    }

    private static boolean isSet(String text) {
        return text != null && !text.isBlank();
    }

    /**
     * A file of that content in this folder.
     *
     * @param resource where the content comes from, read if the file is not there or is another
     * @param name the file's name
     * @param sha256 the content's SHA-256, in lower-case hexadecimal
     * @throws LatentException {@code BAD_CACHE} if the folder is not safe or cannot be written to, naming it and what
     *     to set; {@code CANCELLED} if this thread was interrupted; {@code INTERNAL} if the resource is another
     */
    public Path unpack(URL resource, String name, String sha256) {
        return use(() -> {
            Path file = safe().resolve(name);
            if (!holds(file, sha256)) {
                write(resource, file, sha256);
            }
            return file;
        });
    }

    /** Where it is, there or not. */
    public Path path() {
        return asked;
    }

    /**
     * As {@link #unpack}, under a name that holds the content's sum, so that versions lie side by side. When one is
     * new, those are deleted that no process has asked for in {@value #UNUSED_DAYS} days, and what was left
     * half-written; a process that still runs one keeps it, name or not.
     */
    Path unpackVersion(URL resource, String prefix, String suffix, String sha256) {
        return use(() -> {
            Path file = safe().resolve(prefix + sha256.substring(0, SUM_LETTERS) + suffix);
            if (holds(file, sha256)) {
                markUsed(file);
            } else {
                write(resource, file, sha256);
                deleteUnused(file, prefix, suffix);
            }
            return file;
        });
    }

    private static void markUsed(Path file) {
        try {
            Instant now = Instant.now();
            if (Files.getLastModifiedTime(file).toInstant().isBefore(now.minus(Duration.ofDays(1)))) {
                Files.setLastModifiedTime(file, FileTime.from(now));
            }
        } catch (IOException e) {
            return;  // root's, in a folder that this user can only read
        }
    }

    private static void deleteUnused(Path current, String prefix, String suffix) throws IOException {
        Instant oldest = Instant.now().minus(Duration.ofDays(UNUSED_DAYS));
        Pattern ours = Pattern.compile(Pattern.quote(prefix) + "\\w+" + Pattern.quote(suffix) + "(?:\\d+\\.part)?");
        try (DirectoryStream<Path> files = Files.newDirectoryStream(current.getParent())) {
            for (Path file : files) {
                if (!file.equals(current) && ours.matcher(file.getFileName().toString()).matches()) {
                    deleteIfOlder(file, oldest);
                }
            }
        } catch (DirectoryIteratorException e) {
            return;  // the file asked for is there, which is what matters
        }
    }

    private static void deleteIfOlder(Path file, Instant oldest) {
        try {
            Map<String, Object> of = Files.readAttributes(file, "unix:uid,isRegularFile,lastModifiedTime",
                    LinkOption.NOFOLLOW_LINKS);
            boolean old = ((FileTime) of.get("lastModifiedTime")).toInstant().isBefore(oldest);
            if (old && Boolean.TRUE.equals(of.get("isRegularFile")) && (int) of.get("uid") == user()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            return;  // another process was sooner, or it is not ours to delete
        }
    }

    /** A copy of a file under a name that nothing else has; whoever asks for it deletes it. */
    Path copy(Path file, String prefix, String suffix) {
        return use(() -> {
            Path copy = Files.createTempFile(safe(), prefix, suffix);
            return Files.copy(file, copy, StandardCopyOption.REPLACE_EXISTING);
        });
    }

    /** What a folder that forbids running programs is refused with. */
    static LatentException forbidsRunning(Path file, Throwable cause) {
        return new LatentException(ErrorCode.BAD_CACHE, LocalPath.text(file) + " may not be run from its folder "
                + LocalPath.text(file.getParent()) + " (perhaps mounted noexec); set " + VARIABLE
                + " (or the system property " + PROPERTY + ") to a folder of your own on a file system"
                + " that may run programs", cause);
    }

    private interface Work {
        Path run() throws IOException;
    }

    private Path use(Work work) {
        try {
            return work.run();
        } catch (ClosedByInterruptException e) {
            Thread.currentThread().interrupt();
            throw new LatentException(ErrorCode.CANCELLED, "interrupted while files were unpacked to "
                    + LocalPath.text(asked), e);
        } catch (IOException | UnsupportedOperationException e) {
            throw new LatentException(ErrorCode.BAD_CACHE, "files cannot be unpacked to the folder "
                    + LocalPath.text(asked) + ": " + IoTrouble.text(e) + REMEDY, e);
        }
    }

    /** The folder without symbolic links, made if it is missing; refused if others can change what is in it. */
    private Path safe() throws IOException {
        make(asked);
        int user = user();
        Path above = asked.getParent() == null ? asked : asked.getParent().toRealPath();
        Path folder = asked.getParent() == null ? asked : above.resolve(asked.getFileName());
        Map<String, Object> of = Files.readAttributes(folder, "unix:mode,uid,owner,group,isDirectory",
                LinkOption.NOFOLLOW_LINKS);
        if (!Boolean.TRUE.equals(of.get("isDirectory"))) {
            throw refused(folder, "is not a folder" + (Files.isSymbolicLink(folder) ? " but a symbolic link" : ""));
        }
        if ((int) of.get("uid") != user && (int) of.get("uid") != ROOT) {
            throw refused(folder, "belongs to user " + of.get("uid") + ", expected this process's, " + user
                    + ", or root");
        }
        if (isWritableByOthers(of)) {
            throw refused(folder, "can be written to by others, expected mode 700");
        }
        for (Path each = above; each != null; each = each.getParent()) {  // who may rename it may exchange it
            Map<String, Object> at = Files.readAttributes(each, "unix:mode,uid,owner,group");
            boolean others = isWritableByOthers(at) && ((int) at.get("mode") & STICKY) == 0;
            if (others || (int) at.get("uid") != user && (int) at.get("uid") != ROOT) {
                throw refused(folder, "lies in " + LocalPath.text(each) + ", which others can write to");
            }
        }
        return folder;
    }

    /** A group of the owner's own name has no other member: many systems make files writable by that one. */
    private static boolean isWritableByOthers(Map<String, Object> of) {
        int mode = (int) of.get("mode");
        boolean ownGroup = of.get("group").toString().equals(of.get("owner").toString());
        return (mode & WRITABLE_BY_ALL) != 0 || (mode & WRITABLE_BY_GROUP) != 0 && !ownGroup;
    }

    private static void make(Path folder) throws IOException {
        if (folder == null || Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        make(folder.getParent());
        try {
            Files.createDirectory(folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(
                    "rwx------")));
        } catch (FileAlreadyExistsException e) {
            return;  // another process was sooner; it is judged like any that was there
        }
    }

    private static int user() throws IOException {
        return (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    }

    private static boolean holds(Path file, String sha256) throws IOException {
        try {
            Map<String, Object> of = Files.readAttributes(file, "unix:mode,uid,owner,group,isRegularFile",
                    LinkOption.NOFOLLOW_LINKS);
            boolean trusted = (int) of.get("uid") == user() || (int) of.get("uid") == ROOT;
            if (!Boolean.TRUE.equals(of.get("isRegularFile")) || !trusted || isWritableByOthers(of)) {
                return false;
            }
            MessageDigest digest = sha256();
            try (SeekableByteChannel in = Files.newByteChannel(file, Set.of(StandardOpenOption.READ,
                    LinkOption.NOFOLLOW_LINKS))) {
                ByteBuffer buffer = ByteBuffer.allocate(1 << 18);
                while (in.read(buffer) >= 0) {
                    digest.update(buffer.flip());
                    buffer.clear();
                }
            }
            return HexFormat.of().formatHex(digest.digest()).equals(sha256);
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    /** Writes under another name and renames, so that no other process ever sees half a file. */
    private static void write(URL resource, Path file, String sha256) throws IOException {
        Path part = Files.createTempFile(file.getParent(), file.getFileName().toString(), ".part");
        try {
            MessageDigest digest = sha256();
            try (InputStream in = new DigestInputStream(resource.openStream(), digest)) {
                Files.copy(in, part, StandardCopyOption.REPLACE_EXISTING);
            }
            String sum = HexFormat.of().formatHex(digest.digest());
            if (!sum.equals(sha256)) {
                throw new LatentException(ErrorCode.INTERNAL, resource + " has SHA-256 " + sum + ", not " + sha256);
            }
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(part);
        }
    }

    /** The SHA-256 of what a resource holds. */
    static String sha256(URL resource) throws IOException {
        MessageDigest digest = sha256();
        try (InputStream in = new DigestInputStream(resource.openStream(), digest)) {
            in.transferTo(OutputStream.nullOutputStream());
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new LatentException(ErrorCode.INTERNAL, "every Java platform has SHA-256", e);
        }
    }

    private static LatentException refused(Path folder, String why) {
        return new LatentException(ErrorCode.BAD_CACHE, "the folder " + LocalPath.text(folder)
                + " to unpack files to " + why + REMEDY);
    }
}
