package org.latent4j.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpHeaders;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;

/** A server, or a cache, that does what none should. */
@Timeout(60)
class HostileHubTest {
    private static final String ID = "org/tiny-model";
    private static final byte[] WEIGHTS = new byte[300_000];
    private static final String PLAIN = "not-a-sum";

    private static final Duration SHORT = Duration.ofSeconds(1);

    @TempDir
    private Path home;
    private HubServer hub;
    private final Map<String, String> environment = new HashMap<>();
    private final AtomicInteger pauses = new AtomicInteger();

    @BeforeEach
    void start() throws IOException {
        Arrays.fill(WEIGHTS, (byte) 7);
        hub = new HubServer();
        hub.files.put("config.json", bytes("{}"));
        hub.files.put("tokenizer.json", bytes("{}"));
        hub.files.put("model.safetensors", WEIGHTS);
        environment.put("HF_ENDPOINT", hub.address());
        environment.put("HF_HOME", home.toString());
    }

    @AfterEach
    void stop() throws IOException {
        hub.close();
    }

    private Path resolve() {
        return resolve(Duration.ofSeconds(20)); // a loaded machine may take its time for an honest answer
    }

    private Path resolve(Duration wait) {
        return CheckpointFiles.resolve(ID, DownloadListener.NONE, environment,
                CheckpointFilesTest.patience(wait, n -> pauses.incrementAndGet()));
    }

    private Path blob(String name) throws IOException {
        return Files.createDirectories(home.resolve("hub/models--org--tiny-model/blobs")).resolve(name);
    }

    private void weights(String status, String headers, byte[] body) {
        hub.trick = (request, out) -> {
            boolean weights = request.method().equals("GET") && request.path().endsWith("model.safetensors");
            if (weights) {
                HubServer.respond(out, status, headers, body);
            }
            return weights;
        };
    }

    @ParameterizedTest
    @ValueSource(strings = {"/api/models/", "/config.json", "/model.safetensors"})
    void headersThatNeverComeAreNotWaitedFor(String path) {
        hub.trick = (request, out) -> {
            boolean hangs = request.path().contains(path) && request.method().equals(path.contains("api") ? "GET"
                    : path.contains("config") ? "HEAD" : "GET");
            if (hangs) {
                out.write(bytes("HTTP/1.1 200 OK\r\n"));
                drip(out);
            }
            return hangs;
        };
        assertFails("no answer came within 1.0 s", () -> resolve(SHORT));
    }

    @Test
    void aDescriptionThatDripsIsNotWaitedFor() {
        hub.trick = (request, out) -> {
            HubServer.respond(out, "200 OK", "Content-Length: 1000000\r\n", new byte[0]);
            drip(out);
            return true;
        };
        assertFails("not whole after 1.0 s", () -> resolve(SHORT));
    }

    @Test
    void aDescriptionThatDoesNotEndIsCut() {
        hub.trick = (request, out) -> {
            HubServer.respond(out, "200 OK", "", new byte[0]);
            while (true) {
                out.write(new byte[1 << 16]);
            }
        };
        assertThatThrownBy(() -> CheckpointFiles.resolve(ID, DownloadListener.NONE, environment,
                CheckpointFilesTest.patience(Duration.ofSeconds(20), n -> { })))
                .hasMessageContaining("longer than " + HubLimits.METADATA_BYTES);
    }

    @Test
    void aFileThatDripsIsNotWaitedFor() {
        hub.trick = (request, out) -> {
            boolean weights = request.method().equals("GET") && request.path().endsWith("model.safetensors");
            if (weights) {
                HubServer.send(request, out, WEIGHTS, "", 0);
                drip(out);
            }
            return weights;
        };
        assertFails("bytes came in 1.0 s", () -> resolve(SHORT));
    }

    private static void drip(java.io.OutputStream out) throws IOException {
        try {
            while (true) {
                out.write('x');
                out.flush();
                Thread.sleep(10);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void oneFailureIsOnePause() {
        weights("503 Later", "Content-Length: 0\r\n", new byte[0]);
        assertFails("HTTP 503", this::resolve);
        assertThat(hub.count("GET", "model.safetensors")).isEqualTo(3);
        assertThat(pauses).hasValue(2);
    }

    private void withoutASum(byte[] body) {
        hub.trick = (request, out) -> {
            boolean weights = request.path().endsWith("model.safetensors");
            if (weights) {
                HubServer.send(request, out, WEIGHTS, "ETag: \"" + PLAIN + "\"\r\n", body.length);
            }
            return weights;
        };
    }

    @Test
    void aFileWithoutASumIsNeverResumed() throws IOException {
        Files.write(blob(PLAIN + ".incomplete"), new byte[200_000]);
        withoutASum(WEIGHTS);
        assertThat(resolve().resolve("model.safetensors")).hasBinaryContent(WEIGHTS);
        assertThat(hub.requests).allMatch(r -> r.offset() == 0);
    }

    @Test
    void aFileWithoutASumThatIsCutShortIsRefused() throws IOException {
        withoutASum(new byte[100_000]);
        assertFails("try again", this::resolve);
        assertThat(blob(PLAIN + ".incomplete")).doesNotExist();
        assertThat(hub.requests).allMatch(r -> r.offset() == 0);
    }

    @Test
    void aFileThatChangesBeforeItIsBroughtIsRefused() {
        hub.trick = (request, out) -> {
            boolean weights = request.path().endsWith("model.safetensors");
            if (weights) {
                HubServer.send(request, out, WEIGHTS, "ETag: \"" + request.method() + "\"\r\n", WEIGHTS.length);
            }
            return weights;
        };
        assertFails("changed meanwhile", this::resolve);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "416 Range Not Satisfiable | Content-Length: 0 | HTTP 416",
        "204 No Content | X-A: b | HTTP 204",
        "206 Partial Content | Content-Length: 3 | another range",
        "200 OK | Content-Encoding: gzip | Content-Encoding gzip",
        "302 Found | Location: ftp://h/x | not followed",
        "302 Found | Location: http://h:99999/x | not followed",
        "302 Found | Location: http://[ | no address"})
    void anAnswerThatIsNotTheFileIsRefused(String status, String header, String message) throws IOException {
        weights(status, header + "\r\n", new byte[0]);
        assertFails(message, this::resolve);
        assertThat(blob(HubServer.sha256(WEIGHTS))).doesNotExist();
    }

    @ParameterizedTest
    @ValueSource(strings = {"-5", "abc", "99999999999999999999", "999999999999999"})
    void aLengthThatMakesNoSenseIsRefused(String length) {
        hub.trick = (request, out) -> {
            boolean head = request.method().equals("HEAD");
            if (head) {
                HubServer.respond(out, "200 OK", "ETag: \"x\"\r\nContent-Length: " + length + "\r\n", new byte[0]);
            }
            return head;
        };
        assertFails(ID, this::resolve);
    }

    @Test
    void httpsIsNotLeftForHttp() {
        HttpHeaders headers = HttpHeaders.of(Map.of("Location", List.of("http://b/x")), (name, value) -> true);
        assertThatThrownBy(() -> HubExchange.next(URI.create("https://a/x"), headers)).isInstanceOf(IOException.class)
                .hasMessageContaining("not followed: 'http://b/x'");
    }

    @ParameterizedTest
    @ValueSource(strings = {"../x.safetensors", "a\u0000.safetensors", "config.json", "Q.safetensors q.safetensors",
        "a.safetensors a.safetensors/b.safetensors"})
    void namesThatAreNoNamesAreRefused(String names) {
        StringBuilder map = new StringBuilder();
        for (String name : names.split(" ")) {
            map.append(map.isEmpty() ? "" : ",").append("\"").append(map.length()).append("\":\"")
                    .append(name.replace("\u0000", "\\u0000")).append("\"");
        }
        hub.files.remove("model.safetensors");
        hub.files.put("model.safetensors.index.json", bytes("{\"weight_map\":{" + map + "}}"));
        for (String name : names.split(" ")) {
            hub.files.put(name.replace("\u0000", ""), WEIGHTS);
        }
        assertFails("names ", this::resolve);
    }

    @Test
    void aCacheThatCannotBeWrittenIsNamed() throws IOException {
        Path file = Files.createFile(home.resolve("file"));
        for (String folder : List.of(file.toString(), "/proc/no-such-folder")) {
            environment.put("HF_HOME", folder);
            assertFails(folder, this::resolve);
            assertFails("set HF_HUB_CACHE or HF_HOME", this::resolve);
        }
        environment.put("HF_HOME", "a\0b");
        assertFails("HF_HOME is no path", this::resolve);
    }

    @Test
    void aPipeIsNotOpened() throws Exception {
        Path pipe = home.resolve("config.json");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
        for (String path : List.of(pipe.toString(), home.toString(), "/dev/zero")) {
            assertThatThrownBy(() -> CheckpointFiles.resolve(path, DownloadListener.NONE))
                    .isInstanceOfSatisfying(LatentException.class, e -> assertThat(e.code())
                            .isEqualTo(ErrorCode.FILE_NOT_FOUND)).hasMessageContaining("no regular file");
        }
    }

    @Test
    void piecesThatDoNotFitAreFetchedOnceMoreFromTheStart() {
        AtomicInteger requests = new AtomicInteger();
        hub.trick = (request, out) -> {
            boolean first = request.method().equals("GET") && request.path().endsWith("model.safetensors")
                    && requests.getAndIncrement() == 0;
            if (first) {
                HubServer.send(request, out, new byte[WEIGHTS.length], "", 100_000);
            }
            return first;
        };
        assertThat(resolve().resolve("model.safetensors")).hasBinaryContent(WEIGHTS);
        assertThat(hub.requests.stream().filter(r -> r.method().equals("GET") && r.path().endsWith("model.safetensors"))
                .map(HubServer.Request::offset)).containsExactly(0L, 100_000L, 0L);
    }

    @Test
    void anInterruptEndsTheWaitForHeaders() throws InterruptedException {
        CountDownLatch asked = new CountDownLatch(1);
        hub.trick = (request, out) -> {
            asked.countDown();
            drip(out);
            return true;
        };
        CompletableFuture<Boolean> flag = new CompletableFuture<>();
        Thread opening = new Thread(() -> {
            try {
                CheckpointFiles.resolve(ID, DownloadListener.NONE, environment, Patience.USUAL);
                flag.complete(false);
            } catch (LatentException e) {
                flag.complete(e.code() == ErrorCode.CANCELLED && Thread.currentThread().isInterrupted());
            }
        });
        opening.start();
        asked.await();
        opening.interrupt();
        assertThat(flag.join()).isTrue();
    }

    @Test
    void aFullDiskIsNamedAndKeepsThePart() throws Exception {
        Path disk = Files.createDirectory(home.resolve("disk"));
        assumeTrue(new ProcessBuilder("mount", "-t", "tmpfs", "-o", "size=128k", "none", disk.toString()).start()
                .waitFor() == 0, "a small disk can be mounted");
        try {
            environment.put("HF_HOME", disk.toString());
            assertFails("needs 293.0 KiB in " + disk, this::resolve);
            Path other = disk.resolve("hub/models--org--tiny-model/blobs");
            hub.trick = (request, out) -> { // fills the disk after it was found large enough
                if (request.method().equals("GET") && request.path().endsWith("config.json")) {
                    Files.write(Files.createDirectories(other).resolve("filler"), new byte[80_000]);
                }
                return false;
            };
            hub.files.put("model.safetensors", Arrays.copyOf(WEIGHTS, 90_000));
            assertFails("model.safetensors cannot be written into " + disk, this::resolve);
            Files.delete(other.resolve("filler"));
            hub.trick = (request, out) -> false;
            assertThat(resolve().resolve("model.safetensors")).hasSize(90_000);
        } finally {
            assertThat(new ProcessBuilder("umount", disk.toString()).start().waitFor()).isZero();
        }
    }

    /** Another process. */
    static final class Opening {
        public static void main(String[] args) {
            System.out.print(CheckpointFiles.resolve(ID, DownloadListener.NONE));
        }
    }

    @Test
    void threeProcessesBringEachFileOnce() throws Exception {
        Path lock = home.resolve("hub/.locks/models--org--tiny-model/" + HubServer.sha256(WEIGHTS) + ".lock");
        Files.createDirectories(lock.getParent());
        Files.createFile(lock); // as a process that was killed leaves it
        List<Process> processes = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            ProcessBuilder builder = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java")
                    .toString(), "-cp", System.getProperty("java.class.path"), Opening.class.getName());
            builder.environment().putAll(environment);
            processes.add(builder.redirectError(ProcessBuilder.Redirect.INHERIT).start());
        }
        for (Process process : processes) {
            String folder = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(process.waitFor()).isZero();
            assertThat(Path.of(folder, "model.safetensors")).hasBinaryContent(WEIGHTS);
        }
        assertThat(hub.count("GET", "model.safetensors")).isEqualTo(1);
    }

    private static void assertFails(String message, ThrowingCallable call) {
        assertThatThrownBy(call).isInstanceOfSatisfying(LatentException.class, e -> {
            assertThat(e.code()).isEqualTo(ErrorCode.DOWNLOAD_FAILED);
            assertThat(e).hasMessageContaining(message);
        });
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
