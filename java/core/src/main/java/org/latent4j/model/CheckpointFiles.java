package org.latent4j.model;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileLockInterruptionException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;
import org.latent4j.internal.IoTrouble;
import org.latent4j.internal.LocalPath;

/**
 * Finds the files of a checkpoint by what the user calls it: a path, or a Hugging Face id like {@code Qwen/Qwen3-0.6B}
 * ({@code org/name:file.gguf} for one GGUF file of a model), sought in the local Hugging Face cache and else downloaded
 * into it. Obeys HF_HOME, XDG_CACHE_HOME, HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, HF_ENDPOINT, HF_TOKEN,
 * HUGGING_FACE_HUB_TOKEN, HF_TOKEN_PATH, HF_HUB_DISABLE_IMPLICIT_TOKEN, HF_HUB_OFFLINE and TRANSFORMERS_OFFLINE as the
 * huggingface_hub library does; an empty variable counts as none.
 *
 * <p>The revision is the one that {@code refs/main} names in the cache, else the Hub's {@code main}; no other revision
 * is opened in its place. A snapshot without configuration, tokenizer or weights is brought anew. One without other
 * files, where the cache does not say that the Hub has none, is completed; where that fails, or is forbidden, it is
 * opened and {@link DownloadListener#onPartial} is told.
 *
 * <p>Only folders and regular files are taken. A download is bounded. Waits: 20 s for a connection, 60 s for an
 * answer's headers, 60 s between two pieces of a file and 4 KiB at least in that time, 120 s for the whole of any other
 * answer. A request that brings nothing is made 6 times, with pauses of 1 s to 30 s between; a file's at most 1000
 * times. Sizes: 16 MiB for the description of a model, 20,000 files in it, 64 MiB for an index of shards, 256 MiB for
 * any other file without weights, 4 TiB for one with weights, and never more than was announced. Redirects: 8, none
 * from https to http; the token is sent to HF_ENDPOINT alone. File names: 1000 characters, 200 for each part, none that
 * leaves its folder, none that differs from another in case alone. Ids: 96 characters for each part, no {@code --}.
 * A file whose ETag is a SHA-256 or git's blob id is resumed and checked against it; any other is fetched in one piece,
 * and its length checked. Another process that brings the same file is waited for until it is done or ends; another
 * class loader of this process until then too, or until its file has not grown for 30 minutes.
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
        return resolve(pathOrId, listener, LocalPath.environment(), Patience.USUAL);
    }

    static Path resolve(String pathOrId, DownloadListener listener, Map<String, String> environment,
            Patience patience) {
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
            Path snapshot = cache.main();
            if (snapshot == null || !cache.missing(snapshot, id).isEmpty()) {
                if (settings.offline() != null) {
                    throw offline(id, cache, snapshot, settings);
                }
                return new HubDownload(new HubClient(settings, patience), cache, id, listener).run();
            } else if (id.file() != null) {
                return snapshot.resolve(id.file());
            }
            complete(id, cache, snapshot, settings, patience, listener);
            return snapshot;
        } catch (InterruptedException | ClosedByInterruptException | FileLockInterruptionException e) {
            Thread.currentThread().interrupt();
            throw new LatentException(ErrorCode.CANCELLED, "the download of " + id
                    + " was interrupted; what was received is kept", e);
        } catch (IOException e) {
            throw broken(id, cache, e);
        } catch (UncheckedIOException e) { // from a folder's stream
            throw broken(id, cache, e.getCause());
        } catch (OutOfMemoryError e) {
            throw new LatentException(ErrorCode.OUT_OF_MEMORY, "the Java heap is too small for what the hub says of "
                    + id, e);
        }
    }

    /** What a model may do without is no reason not to open it where the Hub is out of reach. */
    private static void complete(HubId id, HubCache cache, Path snapshot, HubSettings settings, Patience patience,
            DownloadListener listener) throws IOException, InterruptedException {
        List<String> unknown = cache.unknown(snapshot);
        if (unknown.isEmpty()) {
            return;
        } else if (settings.offline() != null) {
            listener.onPartial(snapshot, unknown, settings.offline() + " forbids to ask it");
            return;
        }
        String why;
        try {
            HubClient client = new HubClient(settings, patience.once());
            new HubDownload(client, cache, id, listener).complete(snapshot.getFileName().toString(), unknown);
            return;
        } catch (ClosedByInterruptException | FileLockInterruptionException e) {
            throw e;
        } catch (IOException e) { // a cache that others fill
            why = IoTrouble.text(e);
        } catch (LatentException e) {
            if (e.code() != ErrorCode.DOWNLOAD_FAILED) {
                throw e;
            }
            why = e.getMessage();
        }
        listener.onPartial(snapshot, cache.unknown(snapshot), why + "; HF_HUB_OFFLINE=1 keeps it from being asked");
    }

    private static LatentException offline(HubId id, HubCache cache, Path snapshot, HubSettings settings)
            throws IOException {
        String what;
        if (snapshot == null) {
            List<Path> others = cache.snapshots();
            what = "not in the cache " + LocalPath.text(cache.folder()) + (others.isEmpty() ? ""
                    : ", which holds other revisions than main (a path opens one: "
                    + String.join(", ", others.stream().map(LocalPath::text).toList()) + ")");
        } else {
            List<String> missing = cache.missing(snapshot, id);
            what = "only in part in the cache, " + LocalPath.text(snapshot) + ", where "
                    + String.join(", ", missing.stream().limit(HubLimits.NAMED).toList())
                    + (missing.size() > HubLimits.NAMED ? " and " + (missing.size() - HubLimits.NAMED) + " more" : "")
                    + (missing.size() == 1 ? " is missing" : " are missing");
        }
        return new LatentException(ErrorCode.DOWNLOAD_FAILED, "'" + id + "' is no existing path (sought as "
                + absolute(id.toString()) + ") and " + what + ", and " + settings.offline() + " forbids a download");
    }

    private static LatentException broken(HubId id, HubCache cache, IOException e) {
        return new LatentException(ErrorCode.DOWNLOAD_FAILED, id + " cannot be put into the cache "
                + LocalPath.text(cache.folder()) + ": " + IoTrouble.text(e)
                + "; set HF_HUB_CACHE or HF_HOME to a folder that can be written", e);
    }

    private static Path existing(String pathOrId) {
        Path path;
        try {
            path = LocalPath.of(pathOrId);
        } catch (InvalidPathException e) {
            return null; // no path on this system, perhaps an id
        }
        if (pathOrId.isEmpty() || !Files.exists(path)) {
            return null;
        }
        if (Files.isDirectory(path)) {
            HubCache.SMALL_FILES.forEach(name -> checkRegular(path.resolve(name)));
            checkRegular(path.resolve(HubCache.INDEX));
            checkRegular(path.resolve(HubCache.SINGLE));
        } else {
            checkRegular(path);
        }
        return path;
    }

    /** A pipe would be waited for without end, a device read without end. */
    private static void checkRegular(Path file) {
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            throw new LatentException(ErrorCode.FILE_NOT_FOUND, "'" + LocalPath.text(file)
                    + "' is no regular file but "
                    + (Files.isDirectory(file) ? "a folder" : "a pipe, a socket or a device"));
        }
    }

    /** As it is sought, and what to do where the locale has no name for it. */
    private static String absolute(String pathOrId) {
        String lost = LocalPath.mayBeLost(pathOrId) ? "; characters of it may be lost, " + LocalPath.REMEDY : "";
        try {
            return LocalPath.text(LocalPath.of(pathOrId)) + lost;
        } catch (InvalidPathException e) {
            return pathOrId + lost;
        }
    }
}
