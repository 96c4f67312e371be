package org.latent4j.model;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.latent4j.ErrorCode;
import org.latent4j.Figures;
import org.latent4j.LatentException;
import org.latent4j.internal.IoTrouble;
import org.latent4j.internal.LocalPath;
import org.latent4j.internal.UntrustedJson;

/**
 * One model in the cache that all Hugging Face libraries share: {@code models--org--name/} with {@code blobs/ETAG}
 * (content), {@code snapshots/COMMIT/FILE} (links to blobs), {@code refs/main} (the commit) and {@code
 * .no_exist/COMMIT/FILE} (empty: the Hub has no such file).
 */
final class HubCache {
    // file locks do not hold between threads
    private static final Map<Path, ReentrantLock> LOCKS = new ConcurrentHashMap<>();
    /** Milliseconds between two looks at a lock that another class loader holds. */
    private static final long LOOK = 50;


    static final String SINGLE = "model.safetensors";
    static final String INDEX = "model.safetensors.index.json";
    private static final List<String> REQUIRED = List.of("config.json", "tokenizer.json");
    /** Those that many models do without. */
    static final List<String> OPTIONAL = List.of("generation_config.json", "tokenizer_config.json",
            "special_tokens_map.json", "added_tokens.json", "chat_template.jinja");
    static final List<String> SMALL_FILES = joined(REQUIRED, OPTIONAL);
    /** The files of which it is noted whether a model has them. */
    static final List<String> KNOWN = joined(SMALL_FILES, List.of(SINGLE, INDEX));

    private final Path root;
    private final Path folder;

    HubCache(Path root, HubId id) {
        this.root = root;
        this.folder = root.resolve("models--" + id.owner() + "--" + id.name());
    }

    private static List<String> joined(List<String> first, List<String> second) {
        return Stream.concat(first.stream(), second.stream()).toList();
    }

    Path folder() {
        return folder;
    }

    /** The snapshot that refs/main names, or null if it is not here: another revision is another model. */
    Path main() throws IOException {
        Path main = folder.resolve("refs/main");
        if (!Files.isRegularFile(main) || Files.size(main) > HubLimits.REF_BYTES) {
            return null;
        }
        String commit = new String(Files.readAllBytes(main), StandardCharsets.UTF_8).strip();
        Path snapshot = snapshot(commit.matches("[0-9a-zA-Z]{6,64}") ? commit : "none");
        return Files.isDirectory(snapshot) ? snapshot : null;
    }

    /** The folder of a commit's files. */
    Path snapshot(String commit) {
        return folder.resolve("snapshots").resolve(commit);
    }

    /** The folders of the revisions that are here, at most a few. */
    List<Path> snapshots() throws IOException {
        Path all = folder.resolve("snapshots");
        if (!Files.isDirectory(all)) {
            return List.of();
        }
        try (Stream<Path> each = Files.list(all)) {
            return each.filter(Files::isDirectory).limit(HubLimits.NAMED).sorted().toList();
        }
    }

    /** The files without which a snapshot cannot be opened, that it does not have. */
    List<String> missing(Path snapshot, HubId id) {
        if (id.file() != null) {
            return isHere(snapshot, id.file()) ? List.of() : List.of(id.file());
        }
        List<String> missing = new ArrayList<>(REQUIRED);
        missing.removeIf(name -> isHere(snapshot, name) || isAbsent(snapshot, name));
        if (isHere(snapshot, SINGLE)) {
            return missing;
        } else if (!isHere(snapshot, INDEX)) {
            // only the Hub knows how many there are of other names
            boolean others = isAbsent(snapshot, SINGLE) && isAbsent(snapshot, INDEX);
            missing.addAll(others ? List.of() : List.of(SINGLE));
            return missing;
        }
        try {
            shards(snapshot.resolve(INDEX)).stream()
                    .filter(shard -> !HubLimits.isInside(shard) || !isHere(snapshot, shard)).forEach(missing::add);
        } catch (IOException e) {
            missing.add(INDEX); // one that cannot be read is fetched again
        }
        return missing;
    }

    /** The files of which nothing here says whether the Hub has them. */
    List<String> unknown(Path snapshot) {
        return OPTIONAL.stream().filter(name -> !isHere(snapshot, name) && !isAbsent(snapshot, name)).toList();
    }

    private static boolean isHere(Path snapshot, String name) {
        return Files.isRegularFile(snapshot.resolve(name));
    }

    private boolean isAbsent(Path snapshot, String name) {
        return Files.exists(folder.resolve(".no_exist").resolve(snapshot.getFileName()).resolve(name));
    }

    /** Notes which files the Hub does not have, as all Hugging Face libraries do. */
    void setAbsent(String commit, List<String> names) throws IOException {
        Path notes = folder.resolve(".no_exist").resolve(commit);
        for (String name : names) {
            Files.createDirectories(notes);
            try {
                Files.createFile(notes.resolve(name));
            } catch (FileAlreadyExistsException e) {
                continue; // noted before
            }
        }
    }

    /** The files an index of shards names. */
    static TreeSet<String> shards(Path index) throws IOException {
        if (Files.size(index) > HubLimits.INDEX_BYTES) {
            throw new IOException(index + " has more than " + HubLimits.INDEX_BYTES + " bytes");
        }
        TreeSet<String> shards = new TreeSet<>();
        // Not as a tree, which would take many times the file's bytes.
        try (InputStream in = Files.newInputStream(index);
                JsonParser parser = UntrustedJson.MAPPER.createParser(in)) {
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
        if (!LocalPath.isWritable(LocalPath.text(folder))) {
            return 0; // a File has no such name
        }
        // Not by FileStore, which looks for a mount point and in a chroot finds none.
        return folder.toFile().getUsableSpace();
    }

    /** What to say of a write that failed. */
    LatentException unwritable(String file, long missing, boolean kept, IOException e) {
        String room = room() < missing ? " (" + Figures.bytes(room()) + " are free, " + Figures.bytes(missing)
                + " still to come)" : "";
        return new LatentException(ErrorCode.DOWNLOAD_FAILED, file + " cannot be written into " + LocalPath.text(folder)
                + ": " + IoTrouble.text(e) + room
                + "; make room, or set HF_HUB_CACHE or HF_HOME to another folder, and run again"
                + (kept ? ": what was received is kept" : ""), e);
    }

    /** Runs the action while no other thread, class loader or process holds the lock of this blob. */
    <T> T locked(String etag, Patience patience, Action<T> action) throws IOException, InterruptedException {
        Path file = root.resolve(".locks").resolve(folder.getFileName()).resolve(etag + ".lock");
        Files.createDirectories(file.getParent());
        Files.createDirectories(folder.resolve("blobs"));
        if (Files.exists(file, LinkOption.NOFOLLOW_LINKS) && !Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            throw new FileSystemException(file.toString(), null, "the lock is no regular file; remove it");
        }
        ReentrantLock threads = LOCKS.computeIfAbsent(file, key -> new ReentrantLock());
        threads.lockInterruptibly();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock processes = lock(channel, etag, patience)) {
            return processes.isValid() ? action.run() : null;
        } finally {
            threads.unlock();
        }
    }

    /** Another class loader's threads know nothing of LOCKS, and for one process the system's lock is one. */
    private FileLock lock(FileChannel channel, String etag, Patience patience)
            throws IOException, InterruptedException {
        long seen = present(etag);
        long since = System.nanoTime();
        while (true) {
            try {
                return channel.lock();
            } catch (OverlappingFileLockException e) {
                if (present(etag) != seen) {
                    seen = present(etag);
                    since = System.nanoTime();
                } else if (System.nanoTime() - since > patience.held().toNanos()) {
                    throw new LatentException(ErrorCode.DOWNLOAD_FAILED, "another class loader of this process holds "
                            + "the lock of " + blob(etag) + ", which has not grown for "
                            + BodyChunks.seconds(patience.held()) + "; try again when its download is done", e);
                }
                patience.sleep().milliseconds(LOOK);
            }
        }
    }

    /** Work on a blob. */
    @FunctionalInterface
    interface Action<T> {
        T run() throws IOException, InterruptedException;
    }

    /** Puts a blob into a snapshot under its file's name. */
    Path link(String commit, String file, String etag) throws IOException {
        Path link = snapshot(commit).resolve(file);
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
