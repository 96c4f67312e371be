package org.latent4j.model;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.latent4j.ErrorCode;
import org.latent4j.Figures;
import org.latent4j.LatentException;
import org.latent4j.internal.UntrustedJson;

/**
 * One model in the cache that all Hugging Face libraries share: {@code models--org--name/} with {@code blobs/ETAG}
 * (content), {@code snapshots/COMMIT/FILE} (links to blobs) and {@code refs/main} (the commit).
 */
final class HubCache {
    // file locks do not hold between threads
    private static final Map<Path, ReentrantLock> LOCKS = new ConcurrentHashMap<>();

    private final Path root;
    private final Path folder;

    HubCache(Path root, HubId id) {
        this.root = root;
        this.folder = root.resolve("models--" + id.owner() + "--" + id.name());
    }

    Path folder() {
        return folder;
    }

    /** The checkpoint if all of it is here: a snapshot's folder, or the GGUF file asked for. */
    Optional<Path> find(HubId id) throws IOException {
        Path main = main();
        for (Path snapshot : snapshots(main)) {
            if (id.file() != null && Files.isRegularFile(snapshot.resolve(id.file()))) {
                return Optional.of(snapshot.resolve(id.file()));
            } else if (id.file() == null && isComplete(snapshot, snapshot.equals(main))) {
                return Optional.of(snapshot);
            }
        }
        return Optional.empty();
    }

    /** The snapshot of refs/main first, then the others, newest first. */
    private List<Path> snapshots(Path main) throws IOException {
        List<Path> snapshots = new ArrayList<>();
        Path all = folder.resolve("snapshots");
        if (Files.isDirectory(all)) {
            try (Stream<Path> each = Files.list(all)) {
                each.filter(Files::isDirectory)
                        .sorted((a, b) -> Long.compare(b.toFile().lastModified(), a.toFile().lastModified()))
                        .forEach(snapshots::add);
            }
        }
        if (snapshots.remove(main)) {
            snapshots.add(0, main);
        }
        return snapshots;
    }

    /** The snapshot that refs/main names, or null. */
    private Path main() throws IOException {
        Path main = folder.resolve("refs/main");
        if (!Files.isRegularFile(main) || Files.size(main) > HubLimits.REF_BYTES) {
            return null;
        }
        String commit = new String(Files.readAllBytes(main), StandardCharsets.UTF_8).strip();
        return commit.matches("[0-9a-zA-Z]{6,64}") ? folder.resolve("snapshots").resolve(commit) : null;
    }

    private static boolean isComplete(Path snapshot, boolean isMain) throws IOException {
        if (!Files.isRegularFile(snapshot.resolve("config.json"))
                || !Files.isRegularFile(snapshot.resolve("tokenizer.json"))) {
            return false;
        }
        Path index = snapshot.resolve("model.safetensors.index.json");
        if (Files.isRegularFile(index)) {
            try {
                return shards(index).stream().allMatch(shard -> HubLimits.isInside(shard)
                        && Files.isRegularFile(snapshot.resolve(shard)));
            } catch (IOException e) {
                return false; // an index that cannot be read is fetched again
            }
        }
        if (Files.isRegularFile(snapshot.resolve("model.safetensors"))) {
            return true;
        }
        // without an index only the ref, written last, says that all are here
        try (Stream<Path> files = Files.list(snapshot)) {
            return isMain && files.anyMatch(file -> file.toString().endsWith(".safetensors")
                    && Files.isRegularFile(file));
        }
    }

    /** The files an index of shards names. */
    static TreeSet<String> shards(Path index) throws IOException {
        if (Files.size(index) > HubLimits.INDEX_BYTES) {
            throw new IOException(index + " has more than " + HubLimits.INDEX_BYTES + " bytes");
        }
        TreeSet<String> shards = new TreeSet<>();
        // Not as a tree, which would take many times the file's bytes.
        try (JsonParser parser = UntrustedJson.MAPPER.createParser(index.toFile())) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw new IOException(index + " is no JSON object");
            }
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                boolean map = parser.currentName().equals("weight_map");
                if (parser.nextToken() != JsonToken.START_OBJECT || !map) {
                    parser.skipChildren();
                    continue;
                }
                while (parser.nextToken() == JsonToken.FIELD_NAME && shards.size() <= HubLimits.FILES) {
                    parser.nextToken();
                    shards.add(parser.getValueAsString(""));
                    parser.skipChildren();
                }
                if (shards.size() > HubLimits.FILES) {
                    break;
                }
            }
        }
        return shards;
    }

    Path blob(String etag) {
        return folder.resolve("blobs").resolve(etag);
    }

    Path incomplete(String etag) {
        return folder.resolve("blobs").resolve(etag + ".incomplete");
    }

    /** Bytes of a blob that are here, a part's included. */
    long present(String etag) throws IOException {
        Path file = Files.isRegularFile(blob(etag)) ? blob(etag) : incomplete(etag);
        return Files.isRegularFile(file) ? Files.size(file) : 0;
    }

    /** Bytes that are free, 0 if that is not known. */
    long room() {
        // Not by FileStore, which looks for a mount point and in a chroot finds none.
        return folder.toFile().getUsableSpace();
    }

    /** What to say of a write that failed. */
    LatentException unwritable(String file, long missing, boolean kept, IOException e) {
        String room = room() < missing ? " (" + Figures.bytes(room()) + " are free, " + Figures.bytes(missing)
                + " still to come)" : "";
        return new LatentException(ErrorCode.DOWNLOAD_FAILED, file + " cannot be written into " + folder + ": "
                + reason(e) + room + "; make room, or set HF_HUB_CACHE or HF_HOME to another folder, and run again"
                + (kept ? ": what was received is kept" : ""), e);
    }

    /** What the system said, in words: of most failures the JDK tells no more than the path. */
    static String reason(IOException e) {
        if (e instanceof FileAlreadyExistsException exists) {
            return exists.getFile() + " is there and is no folder";
        } else if (e instanceof AccessDeniedException denied) {
            return denied.getFile() + " may not be written";
        } else if (e instanceof NoSuchFileException missing) {
            return missing.getFile() + " is not there and cannot be made";
        }
        return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    }

    /** Runs the action while no other thread or process holds the lock of this blob. */
    <T> T locked(String etag, Action<T> action) throws IOException, InterruptedException {
        Path file = root.resolve(".locks").resolve(folder.getFileName()).resolve(etag + ".lock");
        Files.createDirectories(file.getParent());
        Files.createDirectories(folder.resolve("blobs"));
        if (Files.exists(file, LinkOption.NOFOLLOW_LINKS) && !Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            throw new FileSystemException(file.toString(), null, "the lock is no regular file; remove it");
        }
        ReentrantLock threads = LOCKS.computeIfAbsent(file, key -> new ReentrantLock());
        threads.lockInterruptibly();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock processes = channel.lock()) {
            return processes.isValid() ? action.run() : null;
        } finally {
            threads.unlock();
        }
    }

    /** Work on a blob. */
    @FunctionalInterface
    interface Action<T> {
        T run() throws IOException, InterruptedException;
    }

    /** Puts a blob into a snapshot under its file's name. */
    Path link(String commit, String file, String etag) throws IOException {
        Path link = folder.resolve("snapshots").resolve(commit).resolve(file);
        Files.createDirectories(link.getParent());
        Path blob = blob(etag);
        if (Files.exists(link) && Files.isSameFile(link, blob)) {
            return link;
        }
        Files.deleteIfExists(link);
        try {
            Files.createSymbolicLink(link, link.getParent().relativize(blob));
        } catch (FileAlreadyExistsException e) {
            return link; // another process was as quick
        } catch (UnsupportedOperationException | IOException e) { // a file system without links
            Files.copy(blob, link, StandardCopyOption.REPLACE_EXISTING);
        }
        return link;
    }

    /** Names the commit that main stands for. */
    void setMain(String commit) throws IOException {
        Path main = folder.resolve("refs/main");
        Files.createDirectories(main.getParent());
        // No temporary file of the JDK's, which only its owner may read: a cache may be shared.
        Path fresh = main.resolveSibling("main." + UUID.randomUUID());
        Files.writeString(fresh, commit, StandardOpenOption.CREATE_NEW);
        Files.move(fresh, main, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}
