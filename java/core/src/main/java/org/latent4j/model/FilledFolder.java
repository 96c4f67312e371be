package org.latent4j.model;

import java.io.IOException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.latent4j.LatentException;
import org.latent4j.internal.CacheFolder;
import org.latent4j.internal.LocalPath;

/**
 * A folder that this library fills while it is used. The environment variable {@code LATENT4J_CACHE} moves all of them.
 *
 * @param content what lies in it
 * @param folder where it is, there or not
 * @param bytes of the files in it; empty if it is not there
 * @param settings what moves it, the first of them that is set
 */
public record FilledFolder(String content, Path folder, OptionalLong bytes, List<String> settings) {
    private static final int ANY_DEPTH = Integer.MAX_VALUE;

    /**
     * All of them, as this process's environment has them: the folder of unpacked files and the hub's cache.
     *
     * @throws LatentException {@code BAD_CACHE} or {@code DOWNLOAD_FAILED} if a setting cannot be used
     */
    public static List<FilledFolder> all() {
        return all(CacheFolder.ofUser(), LocalPath.environment());
    }

    static List<FilledFolder> all(CacheFolder unpacked, Map<String, String> environment) {
        Path hub = HubSettings.of(environment).cache();
        return List.of(
            // the hub's cache may lie in it, and is counted once
            new FilledFolder("native library and embedded model, unpacked", unpacked.path(), size(unpacked.path(), 1),
                List.of("-D" + CacheFolder.PROPERTY, CacheFolder.VARIABLE, "XDG_CACHE_HOME")),
            new FilledFolder("downloads of the Hugging Face hub", hub, size(hub, ANY_DEPTH),
                List.of("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", CacheFolder.VARIABLE, "XDG_CACHE_HOME")));
    }

    /**
     * Of regular files, links in the folder not followed: a hub's snapshots are links to its blobs. What cannot be read
     * counts 0.
     */
    private static OptionalLong size(Path folder, int depth) {
        if (!Files.isDirectory(folder)) {
            return OptionalLong.empty();
        }
        long[] bytes = new long[1];
        try {
            Files.walkFileTree(folder.toRealPath(), EnumSet.noneOf(FileVisitOption.class), depth,
                new SimpleFileVisitor<>() {
                    @Override
                    public FileVisitResult visitFile(Path file, BasicFileAttributes of) {
                        bytes[0] += of.isRegularFile() ? of.size() : 0;
                        return FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult visitFileFailed(Path file, IOException e) {
                        return FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult postVisitDirectory(Path visited, IOException e) {
                        return FileVisitResult.CONTINUE;
                    }
                });
        } catch (IOException e) {
            return OptionalLong.empty();
        }
        return OptionalLong.of(bytes[0]);
    }
}
