package org.latent4j.model;

import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpHeaders;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.function.LongConsumer;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;
import org.latent4j.model.HubClient.RemoteFile;

/**
 * Brings the bytes of one file: resumed where an attempt or an earlier run broke off and its sum tells at the end
 * whether the parts fit, else from the start each time.
 */
final class BlobDownload {
    private static final int BUFFER = 1 << 17;

    /** Why an attempt failed; headers: of the answer, null if there was none. */
    private record Trouble(String what, HttpHeaders headers) {}

    private final HubClient client;
    private final HubCache cache;
    private final RemoteFile file;
    private final LongConsumer progress;
    private final Path part;
    private final boolean resumable;
    private boolean pieced;

    /** @param progress hears how many bytes of the file are here */
    BlobDownload(HubClient client, HubCache cache, RemoteFile file, LongConsumer progress) {
        this.client = client;
        this.cache = cache;
        this.file = file;
        this.progress = progress;
        this.part = cache.incomplete(file.etag());
        this.resumable = file.algorithm() != null;
    }

    /** Throws LatentException DOWNLOAD_FAILED. */
    void run() throws IOException, InterruptedException {
        if (!resumable || !Files.isRegularFile(part, LinkOption.NOFOLLOW_LINKS)) {
            Files.deleteIfExists(part);
        }
        receiveAll();
        String wrong = wrongSum();
        if (wrong != null && pieced) { // one of the pieces may be to blame
            Files.delete(part);
            pieced = false;
            receiveAll();
            wrong = wrongSum();
        }
        if (wrong != null) {
            Files.delete(part);
            throw HubClient.failed(file.address(), wrong, null);
        }
        Files.move(part, cache.blob(file.etag()), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /** Repeats until all bytes are here; only attempts that came little further than the best before them count. */
    private void receiveAll() throws IOException, InterruptedException {
        int failures = 0;
        long furthest = size();
        if (Files.exists(part) && furthest >= file.size()) {
            pieced = true;
            return;
        }
        for (int attempt = 1; ; attempt++) {
            Trouble trouble = attempt();
            if (trouble == null) {
                return;
            }
            if (!resumable) {
                Files.deleteIfExists(part);
            }
            boolean further = size() >= furthest + HubLimits.PROGRESS_BYTES && attempt < HubLimits.ATTEMPTS_PER_FILE;
            furthest = Math.max(furthest, size());
            failures = further ? 0 : failures + 1;
            if (failures >= client.patience().attempts()) {
                throw HubClient.failed(file.address(), trouble.what() + (resumable
                        ? "; what was received is kept, run again to go on" : "; try again"), null);
            } else if (failures > 0) {
                client.patience().pause(failures, trouble.headers());
            }
        }
    }

    private long size() throws IOException {
        return Files.exists(part) ? Files.size(part) : 0;
    }

    /** One request. Null if all bytes are here. */
    private Trouble attempt() throws IOException, InterruptedException {
        long offset = size();
        pieced |= offset > 0;
        HubExchange.Opened response;
        try {
            response = client.open(file, offset);
        } catch (IOException e) {
            return new Trouble(HubClient.reason(file.address(), e), null);
        }
        try (BodyChunks body = response.body()) {
            int status = response.statusCode();
            if (status == 416) { // the part here does not fit the file there
                Files.deleteIfExists(part);
                return new Trouble("HTTP 416, the server has no bytes from " + offset + " on", response.headers());
            } else if (HubClient.isPassing(status)) {
                return new Trouble("HTTP " + status, response.headers());
            } else if (status != 200 && status != 206) {
                throw client.refused(file.address(), status);
            } else if (status == 206 && !isRest(response.headers(), offset)) {
                Files.deleteIfExists(part);
                return new Trouble("the server sent another range than asked for", response.headers());
            }
            return receive(body, status == 206 ? offset : 0);
        }
    }

    private boolean isRest(HttpHeaders headers, long offset) {
        String rest = "bytes " + offset + "-" + (file.size() - 1) + "/";
        String range = headers.firstValue("Content-Range").orElse("");
        return offset > 0 && (range.equals(rest + file.size()) || range.equals(rest + "*"));
    }

    private Trouble receive(BodyChunks body, long offset) throws IOException, InterruptedException {
        long received = offset;
        try (FileChannel out = open(offset)) {
            long since = System.nanoTime();
            long before = offset;
            while (true) {
                List<ByteBuffer> chunks;
                try {
                    chunks = body.next(client.patience().stalled());
                } catch (IOException e) {
                    return new Trouble(HubClient.reason(file.address(), e), null);
                }
                if (chunks == null) {
                    break;
                }
                for (ByteBuffer chunk : chunks) {
                    received += chunk.remaining();
                    if (received > file.size()) {
                        throw tooLong();
                    }
                    write(out, chunk);
                }
                progress.accept(received);
                if (System.nanoTime() - since > client.patience().stalled().toNanos() && received < file.size()) {
                    if (received - before < HubLimits.SLOWEST_BYTES) {
                        return new Trouble("only " + (received - before) + " bytes came in "
                                + BodyChunks.seconds(client.patience().stalled()), null);
                    }
                    since = System.nanoTime();
                    before = received;
                }
            }
        }
        return received == file.size() ? null
                : new Trouble("the line broke after " + received + " of " + file.size() + " bytes", null);
    }

    private FileChannel open(long offset) throws IOException {
        FileChannel out = FileChannel.open(part, StandardOpenOption.CREATE, StandardOpenOption.WRITE,
                LinkOption.NOFOLLOW_LINKS);
        return out.truncate(offset).position(offset);
    }

    private void write(FileChannel out, ByteBuffer chunk) throws IOException {
        try {
            while (chunk.hasRemaining()) {
                out.write(chunk);
            }
        } catch (ClosedByInterruptException e) {
            throw e;
        } catch (IOException e) {
            long missing = file.size() - out.position();
            if (!resumable) {
                Files.deleteIfExists(part);
            }
            throw cache.unwritable(file.name(), missing, resumable, e);
        }
    }

    private LatentException tooLong() throws IOException {
        Files.deleteIfExists(part);
        return HubClient.failed(file.address(), "the server sends more than the " + file.size() + " bytes it promised",
                null);
    }

    /** What is wrong with the received bytes, or null: large files carry their SHA-256, small ones git's blob id. */
    private String wrongSum() throws IOException, InterruptedException {
        if (!resumable) {
            return null; // their number, which receive() has checked, is all that is known
        }
        try (InputStream in = Files.newInputStream(part)) {
            MessageDigest digest = MessageDigest.getInstance(file.algorithm());
            if (file.algorithm().equals("SHA-1")) {
                digest.update(("blob " + file.size() + "\0").getBytes(StandardCharsets.US_ASCII));
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
}
