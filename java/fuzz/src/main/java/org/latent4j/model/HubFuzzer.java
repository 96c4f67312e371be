package org.latent4j.model;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.latent4j.fuzz.Folders;
import org.latent4j.fuzz.Outcome;

/**
 * A hub's answers: the first byte says to which request the rest is the answer, byte for byte, and whether the cache
 * holds a part of the model; to the others an honest one is given. Here, in the package of what it drives, for the
 * waits have to be short. Nothing may be written outside of the cache.
 */
public final class HubFuzzer {
    private static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";
    /** Of the first byte: whether a part of the model is in the cache already. */
    private static final int PARTIAL = 8;
    private static final byte[] EMPTY_OBJECT = "{}".getBytes(StandardCharsets.US_ASCII);
    private static final Duration SHORT = Duration.ofMillis(150);
    private static final Patience PATIENCE = new Patience(2, Duration.ofMillis(1), SHORT, SHORT, SHORT,
            SHORT.multipliedBy(2), SHORT, n -> { });
    private static final Path HOME = Folders.fresh();
    private static final ServerSocket SERVER = serve();

    private static volatile Turn turn = new Turn(new byte[] {0}, new AtomicInteger());

    private HubFuzzer() {
    }

    /** One input and the requests that were answered by it: a connection that comes late belongs to the one before. */
    private record Turn(byte[] input, AtomicInteger requests) {
    }

    public static void fuzzerTestOneInput(byte[] data) throws IOException {
        if (data.length == 0) {
            return;
        }
        turn = new Turn(data, new AtomicInteger());
        Path cache = Files.createDirectories(HOME.resolve("some/folders/down/home"));
        if ((data[0] & PARTIAL) != 0) {
            makePartial(cache.resolve("hub/models--a--b"));
        }
        Outcome.of(() -> CheckpointFiles.resolve("a/b", DownloadListener.NONE, Map.of("HF_HOME", cache.toString(),
                "HF_ENDPOINT", "http://localhost:" + SERVER.getLocalPort()), PATIENCE));
        Folders.delete(cache);
        try (Stream<Path> left = Files.walk(HOME)) {
            if (left.anyMatch(each -> !Files.isDirectory(each, LinkOption.NOFOLLOW_LINKS))) {
                throw new AssertionError("something was written outside of the cache");
            }
        }
    }

    /** A model without its small files, of which the hub is asked by its revision. */
    private static void makePartial(Path model) throws IOException {
        Path snapshot = Files.createDirectories(model.resolve("snapshots").resolve(COMMIT));
        for (String name : List.of("config.json", "tokenizer.json", "model.safetensors")) {
            Files.write(snapshot.resolve(name), EMPTY_OBJECT);
        }
        Files.writeString(Files.createDirectories(model.resolve("refs")).resolve("main"), COMMIT);
    }

    private static ServerSocket serve() {
        try {
            ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
            Thread thread = new Thread(() -> {
                while (true) {
                    try {
                        Socket connection = server.accept();
                        Turn now = turn;
                        new Thread(() -> answer(connection, now)).start();
                    } catch (IOException e) {
                        return;
                    }
                }
            });
            thread.setDaemon(true);
            thread.start();
            return server;
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static void answer(Socket connection, Turn now) {
        try (connection; OutputStream out = connection.getOutputStream()) {
            BufferedReader in = new BufferedReader(new InputStreamReader(connection.getInputStream(),
                    StandardCharsets.ISO_8859_1));
            String first = in.readLine();
            for (String line = first; line != null && !line.isEmpty(); line = in.readLine()) {
                continue; // headers say nothing of use
            }
            byte[] mine = now.input();
            if (now.requests().getAndIncrement() == (mine[0] & 7)) {
                out.write(mine, 1, mine.length - 1);
            } else if (first != null) {
                honest(first, (mine[0] & PARTIAL) != 0, out);
            }
        } catch (IOException e) {
            return; // it hung up
        }
    }

    private static void honest(String request, boolean partial, OutputStream out) throws IOException {
        String optional = partial ? ",{\"rfilename\":\"generation_config.json\"},{\"rfilename\":\"added_tokens.json\"}"
                : "";
        byte[] body = request.contains("/api/models/") ? ("{\"sha\":\"" + COMMIT + "\",\"siblings\":[{\"rfilename\":"
                + "\"config.json\"},{\"rfilename\":\"tokenizer.json\"},{\"rfilename\":\"model.safetensors\"}"
                + optional + "]}").getBytes(StandardCharsets.US_ASCII) : EMPTY_OBJECT;
        String etag = request.contains("safetensors") ? "v1" : "9e26dfeeb6e641a33dae4961196235bdb965b21b"; // of {}
        out.write(("HTTP/1.1 200 OK\r\nConnection: close\r\nETag: \"" + etag + "\"\r\nContent-Length: " + body.length
                + "\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
        if (!request.startsWith("HEAD")) {
            out.write(body);
        }
    }
}
