package org.latent4j.model;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileLockInterruptionException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;

/**
 * Finds the files of a checkpoint by what the user calls it: a path, or a Hugging Face id like {@code Qwen/Qwen3-0.6B}
 * ({@code org/name:file.gguf} for one GGUF file of a model), sought in the local Hugging Face cache and else downloaded
 * into it. Obeys HF_HOME, HF_HUB_CACHE, HF_ENDPOINT, HF_TOKEN, HF_TOKEN_PATH and HF_HUB_OFFLINE.
 */
public final class CheckpointFiles {
    private CheckpointFiles() {}

    /**
     * The folder or GGUF file that a name stands for.
     *
     * @param pathOrId an existing path, else a Hugging Face id
     * @param listener hears of a download
     * @throws LatentException FILE_NOT_FOUND if it is neither a path nor an id; DOWNLOAD_FAILED with status, address
     *     and what to do; CANCELLED if the thread is interrupted: what was received is kept
     */
    public static Path resolve(String pathOrId, DownloadListener listener) {
        return resolve(pathOrId, listener, System.getenv(), HubClient.Patience.USUAL);
    }

    static Path resolve(String pathOrId, DownloadListener listener, Map<String, String> environment,
            HubClient.Patience patience) {
        Objects.requireNonNull(pathOrId, "pathOrId");
        Objects.requireNonNull(listener, "listener");
        Path path = existing(pathOrId);
        if (path != null) {
            return path;
        }
        HubId id = HubId.parse(pathOrId).orElseThrow(() -> new LatentException(ErrorCode.FILE_NOT_FOUND, "'" + pathOrId
                + "' is neither an existing folder or file (sought as " + absolute(pathOrId)
                + ") nor a Hugging Face id like Qwen/Qwen3-0.6B or org/name:file.gguf"));
        HubSettings settings = HubSettings.of(environment);
        HubCache cache = new HubCache(settings.cache(), id);
        try {
            Optional<Path> cached = cache.find(id);
            if (cached.isPresent()) {
                return cached.get();
            }
            if (settings.offline()) {
                throw new LatentException(ErrorCode.DOWNLOAD_FAILED, "'" + pathOrId
                        + "' is no existing path (sought as "
                        + absolute(pathOrId) + ") and not whole in the cache "
                        + cache.folder() + ", and HF_HUB_OFFLINE forbids a download");
            }
            return new HubDownload(new HubClient(settings, patience), cache, id, listener).run();
        } catch (InterruptedException | ClosedByInterruptException | FileLockInterruptionException e) {
            Thread.currentThread().interrupt();
            throw new LatentException(ErrorCode.CANCELLED, "the download of " + id
                    + " was interrupted; what was received is kept", e);
        } catch (IOException e) {
            throw new LatentException(ErrorCode.DOWNLOAD_FAILED, id + " cannot be put into the cache " + cache.folder()
                    + ": " + e, e);
        }
    }

    private static Path existing(String pathOrId) {
        try {
            Path path = Path.of(pathOrId);
            return !pathOrId.isEmpty() && Files.exists(path) ? path : null;
        } catch (InvalidPathException e) {
            return null; // no path on this system, perhaps an id
        }
    }

    private static String absolute(String pathOrId) {
        try {
            return Path.of(pathOrId).toAbsolutePath().toString();
        } catch (InvalidPathException e) {
            return pathOrId;
        }
    }
}
