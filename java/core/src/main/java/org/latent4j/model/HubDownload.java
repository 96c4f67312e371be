package org.latent4j.model;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;
import org.latent4j.model.HubClient.RemoteFile;

/**
 * Brings the files of one model into the cache: only what is needed, resumed where a run broke off, checked against the
 * Hub's sums.
 */
final class HubDownload {
    private static final List<String> SMALL_FILES = List.of("config.json", "generation_config.json", "tokenizer.json",
            "tokenizer_config.json", "chat_template.jinja");
    private static final String INDEX = "model.safetensors.index.json";
    private static final String SINGLE = "model.safetensors";
    private static final int BUFFER = 1 << 17;

    private final HubClient client;
    private final HubCache cache;
    private final HubId id;
    private final DownloadListener listener;
    private long done;
    private long total;

    HubDownload(HubClient client, HubCache cache, HubId id, DownloadListener listener) {
        this.client = client;
        this.cache = cache;
        this.id = id;
        this.listener = listener;
    }

    /** The snapshot's folder, or the GGUF file. Throws LatentException DOWNLOAD_FAILED. */
    Path run() throws IOException, InterruptedException {
        JsonNode description = client.describe(id);
        String commit = description.path("sha").asText();
        TreeSet<String> present = new TreeSet<>();
        description.path("siblings").forEach(file -> present.add(file.path("rfilename").asText()));
        List<RemoteFile> files = new ArrayList<>();
        for (String name : chosen(present, commit)) {
            files.add(client.head(id, commit, safe(name)));
        }
        total = files.stream().mapToLong(RemoteFile::size).sum();
        checkSpace();
        Path last = null;
        for (RemoteFile file : files) {
            last = fetch(file, commit);
        }
        cache.setMain(commit);
        return id.file() != null ? last : cache.folder().resolve("snapshots").resolve(commit);
    }

    /** The files to bring, small ones first. */
    private List<String> chosen(TreeSet<String> present, String commit) throws IOException, InterruptedException {
        if (id.file() != null) {
            require(present.contains(id.file()), "has no file " + id.file() + "; its GGUF files: "
                    + ending(present, ".gguf"));
            return List.of(id.file());
        }
        require(present.contains("config.json"), "has no config.json" + (ending(present, ".gguf").isEmpty() ? ""
                : "; choose one of its GGUF files, " + id.repository() + ":FILE, of " + ending(present, ".gguf")));
        List<String> names = new ArrayList<>(SMALL_FILES);
        names.retainAll(present);
        if (present.contains(INDEX)) {
            Path index = fetch(client.head(id, commit, INDEX), commit);
            names.add(INDEX);
            names.addAll(HubCache.shards(index));
        } else if (present.contains(SINGLE)) {
            names.add(SINGLE);
        } else {
            List<String> weights = ending(present, ".safetensors");
            require(!weights.isEmpty(), "has no safetensors files; other weight formats are not read");
            names.addAll(weights);
        }
        return names;
    }

    private static List<String> ending(TreeSet<String> names, String end) {
        return names.stream().filter(name -> name.endsWith(end)).toList();
    }

    /** A file's name from the server, if it stays inside the snapshot. */
    private String safe(String name) {
        boolean inside = !name.isEmpty() && !name.contains("\\") && !name.contains(":")
                && name.chars().noneMatch(c -> c < ' ');
        for (String part : name.split("/", -1)) {
            inside &= !part.isEmpty() && !part.equals(".") && !part.equals("..");
        }
        require(inside, "names a file that would lie outside its folder: '" + name + "'");
        return name;
    }

    private void checkSpace() throws IOException {
        Files.createDirectories(cache.folder());
        // Not by FileStore, which looks for a mount point and in a chroot finds none. 0: not known.
        long room = cache.folder().toFile().getUsableSpace();
        require(room == 0 || total < room, String.format(Locale.ROOT, "needs %.1f GB in %s, where %.1f GB are free",
                total / 1e9, cache.folder(), room / 1e9));
    }

    private Path fetch(RemoteFile file, String commit) throws IOException, InterruptedException {
        return cache.locked(file.etag(), () -> {
            Path blob = cache.blob(file.etag());
            if (Files.isRegularFile(blob) && Files.size(blob) == file.size()) {
                progress(file, file.size());
            } else {
                bring(file);
            }
            done += file.size();
            return cache.link(commit, file.name(), file.etag());
        });
    }

    /** Repeats until all bytes are here; only attempts that came no further than the best before them count. */
    private void bring(RemoteFile file) throws IOException, InterruptedException {
        Path incomplete = cache.incomplete(file.etag());
        boolean again = Files.exists(incomplete);
        int attempt = 0;
        long furthest = size(incomplete);
        while (true) {
            String trouble = size(incomplete) < file.size() || !Files.exists(incomplete)
                    ? attempt(file, incomplete, attempt) : null;
            if (trouble == null) {
                String wrong = wrongSum(file, incomplete);
                if (wrong == null) {
                    Files.move(incomplete, cache.blob(file.etag()), StandardCopyOption.ATOMIC_MOVE,
                            StandardCopyOption.REPLACE_EXISTING);
                    return;
                }
                Files.delete(incomplete);
                if (!again) { // a part left by an earlier run may be to blame, and is tried without once
                    throw HubClient.failed(file.address(), wrong, null);
                }
                again = false;
            } else if (size(incomplete) > furthest) {
                furthest = size(incomplete);
                attempt = 0;
            } else if (++attempt >= client.patience().attempts()) {
                throw HubClient.failed(file.address(), trouble + "; what was received is kept, run again to go on",
                        null);
            } else {
                client.patience().pause(attempt, null);
            }
        }
    }

    private static long size(Path file) throws IOException {
        return Files.exists(file) ? Files.size(file) : 0;
    }

    /** One request. Null if the file is complete, else what went wrong. */
    private String attempt(RemoteFile file, Path incomplete, int attempt) throws IOException, InterruptedException {
        long offset = size(incomplete);
        HttpResponse<BodyChunks> response;
        try {
            response = client.open(file, offset);
        } catch (IOException e) {
            return HubClient.reason(file.address(), e);
        }
        try (BodyChunks body = response.body()) {
            int status = response.statusCode();
            if (status == 416) { // the part here does not fit the file there
                Files.delete(incomplete);
                return "the server has no bytes from " + offset + " on";
            } else if (HubClient.isPassing(status)) {
                client.patience().pause(attempt, response);
                return "HTTP " + status;
            } else if (status != 200 && status != 206) {
                throw client.refused(file.address(), status);
            }
            boolean resumed = status == 206
                    && response.headers().firstValue("Content-Range").orElse("").startsWith("bytes " + offset + "-");
            if (status == 206 && !resumed && offset > 0) {
                Files.delete(incomplete);
                return "the server sent another range than asked for";
            }
            return receive(file, body, incomplete, resumed ? offset : 0);
        }
    }

    private String receive(RemoteFile file, BodyChunks body, Path incomplete, long offset) throws IOException,
            InterruptedException {
        long received = offset;
        try (FileChannel out = FileChannel.open(incomplete, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            out.truncate(offset).position(offset);
            while (true) {
                List<ByteBuffer> chunks;
                try {
                    chunks = body.next(client.patience().stalled());
                } catch (IOException e) {
                    return HubClient.reason(file.address(), e);
                }
                if (chunks == null) {
                    break;
                }
                for (ByteBuffer chunk : chunks) {
                    received += chunk.remaining();
                    if (received > file.size()) {
                        throw tooLong(file, incomplete);
                    }
                    while (chunk.hasRemaining()) {
                        out.write(chunk);
                    }
                }
                progress(file, received);
            }
        }
        return received == file.size() ? null : "the line broke after " + received + " of " + file.size() + " bytes";
    }

    private static LatentException tooLong(RemoteFile file, Path incomplete) throws IOException {
        Files.deleteIfExists(incomplete);
        return HubClient.failed(file.address(), "the server sends more than the " + file.size() + " bytes it promised",
                null);
    }

    /** What is wrong with the received bytes, or null: large files carry their SHA-256, small ones git's blob id. */
    private static String wrongSum(RemoteFile file, Path received) throws IOException, InterruptedException {
        boolean large = file.etag().matches("[0-9a-f]{64}");
        if (!large && !file.etag().matches("[0-9a-f]{40}")) {
            return null;
        }
        try (InputStream in = Files.newInputStream(received)) {
            MessageDigest digest = MessageDigest.getInstance(large ? "SHA-256" : "SHA-1");
            if (!large) {
                digest.update(("blob " + file.size() + "\0").getBytes(java.nio.charset.StandardCharsets.US_ASCII));
            }
            byte[] buffer = new byte[BUFFER];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                digest.update(buffer, 0, n);
                if (Thread.interrupted()) {
                    throw new InterruptedException();
                }
            }
            String sum = HexFormat.of().formatHex(digest.digest());
            return sum.equals(file.etag()) ? null : "the received file's sum is " + sum + ", expected " + file.etag();
        } catch (NoSuchAlgorithmException e) {
            throw new LatentException(ErrorCode.INTERNAL, "this Java has no " + e.getMessage(), e);
        }
    }

    private void progress(RemoteFile file, long here) {
        listener.onProgress(file.name(), Math.min(done + here, total), total);
    }

    private void require(boolean condition, String message) {
        if (!condition) {
            throw new LatentException(ErrorCode.DOWNLOAD_FAILED, id.repository() + " " + message);
        }
    }
}
