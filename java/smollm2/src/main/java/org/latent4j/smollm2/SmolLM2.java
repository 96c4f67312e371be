package org.latent4j.smollm2;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * SmolLM2-135M-Instruct, Q4_1, as a file. Native code maps checkpoints into memory, so the model has to be a file of
 * its own: a class folder already holds one; from a jar it is copied, once, into the user's cache folder.
 */
public final class SmolLM2 {
    static final String NAME = "SmolLM2-135M-Instruct.Q4_1.gguf";
    static final long BYTES = 98_362_432;
    static final String SHA_256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53";

    private SmolLM2() {}

    /**
     * The GGUF file. The first call from a jar copies it to {@code latent4j/} below {@code $XDG_CACHE_HOME}, or below
     * {@code ~/.cache} where that is not set; later calls and other processes find it there.
     *
     * @throws UncheckedIOException if the copy cannot be written, or the jar does not hold the file it should
     */
    public static Path path() {
        URL resource = SmolLM2.class.getResource(NAME);
        if (resource == null) {
            throw new IllegalStateException(NAME + " is missing beside " + SmolLM2.class);
        }
        String cache = System.getenv("XDG_CACHE_HOME");
        Path folder = cache == null || cache.isBlank() ? Path.of(System.getProperty("user.home"), ".cache")
                : Path.of(cache);
        return locate(resource, folder.resolve("latent4j"));
    }

    static Path locate(URL resource, Path folder) {
        try {
            if (resource.getProtocol().equals("file")) {
                return Path.of(uri(resource));
            }
            Path file = folder.resolve(NAME);
            if (!Files.exists(file) || Files.size(file) != BYTES) {
                copy(resource, file);
            }
            return file;
        } catch (IOException e) {
            throw new UncheckedIOException("copying " + NAME + " to " + folder + ": " + e.getMessage(), e);
        }
    }

    private static URI uri(URL resource) throws IOException {
        try {
            return resource.toURI();
        } catch (URISyntaxException e) {
            throw new IOException("not a usable address: " + resource, e);
        }
    }

    /** Writes under another name and renames, so that no other process ever sees half a file. */
    private static void copy(URL resource, Path file) throws IOException {
        Files.createDirectories(file.getParent());
        Path part = Files.createTempFile(file.getParent(), NAME, ".part");
        try {
            MessageDigest digest = sha256();
            try (InputStream in = new DigestInputStream(resource.openStream(), digest)) {
                Files.copy(in, part, StandardCopyOption.REPLACE_EXISTING);
            }
            String sum = HexFormat.of().formatHex(digest.digest());
            if (!sum.equals(SHA_256)) {
                throw new IOException(resource + " has SHA-256 " + sum + ", not " + SHA_256);
            }
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(part);
        }
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
