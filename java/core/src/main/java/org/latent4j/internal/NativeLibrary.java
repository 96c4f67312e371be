package org.latent4j.internal;

import java.io.IOException;
import java.net.MalformedURLException;
import java.net.URI;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bytedeco.javacpp.Loader;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;

/**
 * Loads the native library, which holds JavaCPP's own share of native code too. In a folder of classes it is loaded
 * where it lies; from a jar it is unpacked to the {@link CacheFolder}. It lies in the jar where JavaCPP does not look
 * by itself: JavaCPP would unpack it to a folder that it shares with everybody where there is no home folder, and load
 * what lies there.
 */
final class NativeLibrary {
    private static final String NAME = "jnilatent4j";
    private static final String JAVACPP_CACHE = "org.bytedeco.javacpp.cachedir";

    private static volatile boolean loaded;

    private NativeLibrary() {
    }

    /**
     * Loads it, once.
     *
     * @throws LatentException {@code UNSUPPORTED} if there is none for this platform, or it cannot be loaded; {@code
     *     BAD_CACHE} if there is no safe folder to unpack it to, or that folder forbids running programs; {@code
     *     CANCELLED}
     */
    static void load() {
        if (loaded) {
            return;
        }
        synchronized (NativeLibrary.class) {
            if (!loaded) {
                find();
                loaded = true;
            }
        }
    }

    private static void find() {
        if (Loader.class.getClassLoader() != NativeLibrary.class.getClassLoader()) {
            throw new LatentException(ErrorCode.UNSUPPORTED, "JavaCPP was loaded by " + Loader.class.getClassLoader()
                    + " and latent4j by " + NativeLibrary.class.getClassLoader()
                    + ", expected one class loader for both: put their jars side by side");
        }
        String platform = Loader.getPlatform();
        URL resource = NativeLibrary.class.getResource("library/" + platform + "/lib" + NAME + ".so");
        if (resource == null) {
            throw new LatentException(ErrorCode.UNSUPPORTED, "no native library for " + platform);
        }
        Path file = file(resource);
        if (!open(file)) {  // of another class loader: a web application that was deployed again
            Path copy = CacheFolder.ofUser().copy(file, "lib" + NAME + "-", ".so");
            try {
                if (!open(copy)) {
                    throw new LatentException(ErrorCode.INTERNAL, LocalPath.text(copy) + " is loaded already");
                }
            } finally {
                delete(copy);  // what is loaded needs its name no more
            }
        }
    }

    private static Path file(URL resource) {
        try {
            if (resource.getProtocol().equals("file")) {
                return Path.of(URI.create(resource.toString()));
            }
            String sum = CacheFolder.sha256(resource);
            return CacheFolder.ofUser().unpackVersion(resource, "lib" + NAME + "-", ".so", sum);
        } catch (IOException e) {
            throw new LatentException(ErrorCode.INTERNAL, "cannot read " + resource + ": " + IoTrouble.text(e), e);
        }
    }

    /** False if another class loader has loaded this very file. */
    static boolean open(Path file) {
        if (!LocalPath.isWritable(LocalPath.text(file))) {  // Java would ask the system for another file
            throw new LatentException(ErrorCode.BAD_CACHE, "the native library cannot be loaded from "
                    + LocalPath.text(file) + "; " + LocalPath.REMEDY + ". Or set " + CacheFolder.VARIABLE
                    + " to a folder whose name is ASCII");
        }
        keepFromOtherHomes();
        try {
            String name = Loader.loadLibrary(Native.class, new URL[] {file.toUri().toURL()}, NAME);
            if (name == null) {
                throw new LatentException(ErrorCode.UNSUPPORTED,
                        "the system property org.bytedeco.javacpp.loadLibraries forbids native libraries");
            }
            Loader.load(Native.class);
            return true;
        } catch (LinkageError e) {
            Throwable first = e;  // JavaCPP's last resort fails too, and says so first
            while (first.getCause() != null) {
                first = first.getCause();
            }
            String why = String.valueOf(first.getMessage());
            if (why.contains("already loaded in another classloader")) {
                return false;
            }
            if (why.contains("failed to map segment") || why.contains("ermission denied")
                    || why.contains("not permitted")) {
                throw CacheFolder.forbidsRunning(file, first);
            }
            throw new LatentException(ErrorCode.UNSUPPORTED, "the native library for " + Loader.getPlatform()
                    + " cannot be loaded: " + why, e);
        } catch (MalformedURLException e) {
            throw new LatentException(ErrorCode.INTERNAL, LocalPath.text(file) + " has no address", e);
        }
    }

    /** JavaCPP makes itself a folder in what Java takes for the home folder: of lost characters, somebody else's. */
    private static void keepFromOtherHomes() {
        if (!LocalPath.mayBeLost(System.getProperty("user.home", "")) || System.getProperty(JAVACPP_CACHE) != null) {
            return;
        }
        Path folder = CacheFolder.ofUser().asked();
        if (Files.isDirectory(folder) && LocalPath.isWritable(LocalPath.text(folder))) {
            System.setProperty(JAVACPP_CACHE, LocalPath.text(folder));
        }
    }

    private static void delete(Path copy) {
        try {
            Files.deleteIfExists(copy);
        } catch (IOException e) {
            copy.toFile().deleteOnExit();
        }
    }
}
