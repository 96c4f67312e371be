package org.latent4j.smollm2;

import java.net.URI;
import java.net.URL;
import java.nio.file.Path;
import org.latent4j.LatentException;
import org.latent4j.internal.CacheFolder;

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
     * The GGUF file. The first call from a jar copies it to the folder that the system property {@code latent4j.cache}
     * or the environment variable {@code LATENT4J_CACHE} names, else to {@code latent4j/} below {@code $XDG_CACHE_HOME}
     * or, where that is not set, {@code ~/.cache}; later calls and other processes find it there, and look whether it
     * is still that file.
     *
     * @throws LatentException {@code BAD_CACHE} if that folder can be written to by others, or not by this user; {@code
     *     CANCELLED} if this thread was interrupted; {@code INTERNAL} if the jar does not hold the file it should
     */
    public static Path path() {
        URL resource = SmolLM2.class.getResource(NAME);
        if (resource == null) {
            throw new IllegalStateException(NAME + " is missing beside " + SmolLM2.class);
        }
        return resource.getProtocol().equals("file") ? Path.of(URI.create(resource.toString()))
                : locate(resource, CacheFolder.ofUser());
    }

    static Path locate(URL resource, CacheFolder folder) {
        return folder.unpack(resource, NAME, SHA_256);
    }
}
