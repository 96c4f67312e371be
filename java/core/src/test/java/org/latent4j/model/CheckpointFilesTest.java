package org.latent4j.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;

class CheckpointFilesTest {
    // Long for an honest answer: a loaded machine may take its time.
    private static final Patience QUICK = patience(Duration.ofSeconds(20), Thread::sleep);
    private static final String ID = "org/tiny-model";
    private static final byte[] WEIGHTS = new byte[300_000];

    @TempDir
    private Path home;
    private HubServer hub;
    private final Map<String, String> environment = new HashMap<>();

    static {
        new Random(1).nextBytes(WEIGHTS);
    }

    @BeforeEach
    void start() throws IOException {
        hub = new HubServer();
        hub.files.put("config.json", bytes("{}"));
        hub.files.put("tokenizer.json", bytes("{\"tokenizer\": true}"));
        hub.files.put("model.safetensors", WEIGHTS);
        hub.files.put("pytorch_model.bin", new byte[9]);
        hub.files.put("README.md", bytes("# not needed"));
        environment.put("HF_ENDPOINT", hub.address() + "/");
        environment.put("HF_HOME", home.toString());
    }

    @AfterEach
    void stop() throws IOException {
        hub.close();
    }

    static Patience patience(Duration wait, Patience.Sleep sleep) {
        return new Patience(3, Duration.ofMillis(1), wait, wait, wait, wait, wait, sleep);
    }

    private Path resolve(String id) {
        return CheckpointFiles.resolve(id, DownloadListener.NONE, environment, QUICK);
    }

    private Path cache() {
        return home.resolve("hub/models--org--tiny-model");
    }

    private Path incomplete() {
        return cache().resolve("blobs/" + HubServer.sha256(WEIGHTS) + ".incomplete");
    }

    @Test
    void downloadsWhatIsNeededIntoTheSharedCacheOnce() throws IOException {
        Path folder = resolve(ID);
        assertThat(folder).isEqualTo(cache().resolve("snapshots/" + HubServer.COMMIT));
        assertThat(folder.resolve("model.safetensors")).hasBinaryContent(WEIGHTS).isSymbolicLink();
        assertThat(Files.readSymbolicLink(folder.resolve("model.safetensors")))
                .isEqualTo(Path.of("../../blobs", HubServer.sha256(WEIGHTS)));
        assertThat(folder.resolve("config.json")).hasContent("{}");
        assertThat(cache().resolve("refs/main")).hasContent(HubServer.COMMIT);
        assertThat(Files.getPosixFilePermissions(cache().resolve("refs/main"))).as("as any new file's")
                .isEqualTo(Files.getPosixFilePermissions(Files.createFile(home.resolve("new"))));
        assertThat(hub.count("GET", "README.md") + hub.count("GET", "pytorch_model.bin")).isZero();
        assertThat(incomplete()).doesNotExist();

        int before = hub.requests.size();
        assertThat(resolve(ID)).isEqualTo(folder);
        assertThat(hub.requests).as("the second time comes from the cache alone").hasSize(before);
    }

    @Test
    void aServerThatIsNotThereIsNamed() throws IOException {
        int port;
        try (ServerSocket nobody = new ServerSocket(0)) {
            port = nobody.getLocalPort();
        }
        environment.put("HF_ENDPOINT", "http://127.0.0.1:" + port);
        assertThatThrownBy(() -> resolve(ID)).isInstanceOfSatisfying(LatentException.class,
                e -> assertThat(e.code()).isEqualTo(ErrorCode.DOWNLOAD_FAILED))
                .hasMessageContaining("no connection to 127.0.0.1:" + port)
                .hasMessageContaining("check the network").hasMessageContaining("HF_ENDPOINT");
        environment.put("HF_ENDPOINT", "http://no-such-host.invalid");
        assertThatThrownBy(() -> resolve(ID))
                .hasMessageContaining("the address of no-such-host.invalid cannot be found");
    }

    @Test
    void reportsProgressOverAllFiles() {
        List<Long> seen = new ArrayList<>();
        long total = WEIGHTS.length + hub.files.get("config.json").length + hub.files.get("tokenizer.json").length;
        CheckpointFiles.resolve(ID, (file, done, all) -> {
            assertThat(all).isEqualTo(total);
            seen.add(done);
        }, environment, QUICK);
        assertThat(seen).isSorted().hasSizeGreaterThan(3).endsWith(total);
    }

    @Test
    void bringsTheShardsAnIndexNames() throws IOException {
        hub.files.remove("model.safetensors");
        hub.files.put("model.safetensors.index.json",
                bytes("{\"weight_map\": {\"a\": \"model-1.safetensors\", \"b\": \"model-2.safetensors\", "
                        + "\"c\": \"model-1.safetensors\"}}"));
        hub.files.put("model-1.safetensors", WEIGHTS);
        hub.files.put("model-2.safetensors", new byte[100]);
        hub.files.put("consolidated.safetensors", new byte[100]);
        Path folder = resolve(ID);
        assertThat(folder.resolve("model-1.safetensors")).hasBinaryContent(WEIGHTS);
        assertThat(folder.resolve("model-2.safetensors")).exists();
        assertThat(folder.resolve("consolidated.safetensors")).doesNotExist();
        Files.delete(folder.resolve("model-2.safetensors"));
        assertThat(resolve(ID).resolve("model-2.safetensors")).as("an incomplete snapshot is completed").exists();
    }

    @ParameterizedTest
    @ValueSource(strings = {"org/tiny-model:q4/m.gguf", "org/tiny-model/q4/m.gguf"})
    void bringsOneGgufFile(String id) {
        hub.files.put("q4/m.gguf", WEIGHTS);
        assertThat(resolve(id)).hasBinaryContent(WEIGHTS).hasFileName("m.gguf");
        assertThat(hub.count("GET", "model.safetensors")).isZero();
        hub.files.clear();
        assertThat(resolve(id)).hasBinaryContent(WEIGHTS);
    }

    @Test
    void goesOnWhereTheLineDropped() {
        hub.trick = (request, out) -> {
            boolean drops = request.method().equals("GET") && request.path().endsWith("model.safetensors");
            if (drops) {
                HubServer.send(request, out, WEIGHTS, "", 70_000);
            }
            return drops;
        };
        assertThat(resolve(ID).resolve("model.safetensors")).hasBinaryContent(WEIGHTS);
        List<Long> offsets = hub.requests.stream().filter(r -> r.method().equals("GET") && r.path()
                .endsWith("model.safetensors"))
                .map(HubServer.Request::offset).toList();
        assertThat(offsets).as("each attempt goes on after the one before").isSorted().doesNotHaveDuplicates()
                .hasSizeGreaterThanOrEqualTo(5);
    }

    @Test
    void goesOnWhereAnEarlierRunStopped() throws IOException {
        Files.createDirectories(incomplete().getParent());
        Files.write(incomplete(), java.util.Arrays.copyOf(WEIGHTS, 200_000));
        assertThat(resolve(ID).resolve("model.safetensors")).hasBinaryContent(WEIGHTS);
        assertThat(hub.requests).anyMatch(r -> r.offset() == 200_000);
    }

    @Test
    void startsOverWhereTheServerIgnoresRange() throws IOException {
        Files.createDirectories(incomplete().getParent());
        Files.write(incomplete(), new byte[200_000]);
        hub.trick = (request, out) -> {
            boolean weights = request.method().equals("GET") && request.path().endsWith("model.safetensors");
            if (weights) {
                HubServer.respond(out, "200 OK", "Content-Length: " + WEIGHTS.length + "\r\n", WEIGHTS);
            }
            return weights;
        };
        assertThat(resolve(ID).resolve("model.safetensors")).hasBinaryContent(WEIGHTS);
    }

    @ParameterizedTest
    @ValueSource(ints = {200_000, 300_000, 400_000})
    void aWrongPartOfAnEarlierRunIsThrownAway(int length) throws IOException {
        Files.createDirectories(incomplete().getParent());
        Files.write(incomplete(), new byte[length]);
        assertThat(resolve(ID).resolve("model.safetensors")).hasBinaryContent(WEIGHTS);
    }

    @Test
    void refusesBytesThatAreNotTheFile() {
        byte[] other = WEIGHTS.clone();
        other[77]++;
        answerWeightsWith(other);
        assertFails("sum is " + HubServer.sha256(other), () -> resolve(ID));
        assertThat(cache().resolve("snapshots/" + HubServer.COMMIT + "/model.safetensors")).doesNotExist();
        assertThat(incomplete()).doesNotExist();
        hub.trick = (request, out) -> false;
        assertThat(resolve(ID).resolve("model.safetensors")).hasBinaryContent(WEIGHTS);
    }

    @Test
    void refusesMoreOrFewerBytesThanPromised() {
        answerWeightsWith(java.util.Arrays.copyOf(WEIGHTS, 300_001));
        assertFails("more than the 300000 bytes", () -> resolve(ID));
        byte[] fewer = java.util.Arrays.copyOf(WEIGHTS, 299_999);
        hub.trick = (request, out) -> {
            boolean weights = request.method().equals("GET") && request.path().endsWith("model.safetensors");
            if (weights) {
                HubServer.send(request, out, fewer, "", fewer.length);
            }
            return weights;
        };
        assertFails("model.safetensors: ", () -> resolve(ID));
    }

    private void answerWeightsWith(byte[] body) {
        hub.trick = (request, out) -> {
            boolean weights = request.method().equals("GET") && request.path().endsWith("model.safetensors");
            if (weights) {
                HubServer.respond(out, "200 OK", "Content-Length: " + body.length + "\r\n", body);
            }
            return weights;
        };
    }

    @Test
    void givesUpOnAServerThatSendsNothingAndKeepsThePart() {
        hub.trick = (request, out) -> {
            boolean weights = request.method().equals("GET") && request.path().endsWith("model.safetensors");
            if (weights) {
                HubServer.send(request, out, WEIGHTS, "", request.offset() == 0 ? 100_000 : 0);
                out.flush();
                sleep(3000);
            }
            return weights;
        };
        assertFails("run again to go on", () -> CheckpointFiles.resolve(ID, DownloadListener.NONE, environment,
                patience(Duration.ofMillis(600), Thread::sleep)));
        assertThat(incomplete()).hasSize(100_000);
    }

    @Test
    void sendsTheTokenToTheHubAndNowhereElse() throws IOException {
        environment.put("HF_TOKEN", "hf_secret");
        try (HubServer storage = new HubServer()) {
            storage.trick = (request, out) -> {
                HubServer.send(request, out, WEIGHTS, "", WEIGHTS.length);
                return true;
            };
            hub.trick = (request, out) -> {
                boolean weights = request.path().endsWith("model.safetensors");
                if (weights) {
                    HubServer.respond(out, "302 Found", "Location: " + storage.address()
                            + "/blob?sig=1\r\nX-Linked-Size: " + WEIGHTS.length
                            + "\r\nX-Linked-Etag: \"" + HubServer.sha256(WEIGHTS) + "\"\r\nContent-Length: 0\r\n",
                            new byte[0]);
                }
                return weights;
            };
            assertThat(resolve(ID).resolve("model.safetensors")).hasBinaryContent(WEIGHTS);
            assertThat(storage.requests).isNotEmpty().allMatch(r -> !r.headers().containsKey("authorization"));
        }
        assertThat(hub.requests).allMatch(r -> "Bearer hf_secret".equals(r.headers().get("authorization")));
    }

    @Test
    void followsARenamedModelOnTheSameHubAndReadsTheTokenFile() throws IOException {
        Files.writeString(home.resolve("token"), "from-file\n");
        hub.trick = (request, out) -> {
            boolean old = request.path().contains("/old/name");
            if (old) {
                HubServer.respond(out, "307 Temporary Redirect", "Location: " + request.path()
                        .replace("/old/name", "/" + ID)
                        + "\r\nContent-Length: 0\r\n", new byte[0]);
            }
            return old;
        };
        assertThat(resolve("old/name").resolve("model.safetensors")).hasBinaryContent(WEIGHTS);
        assertThat(hub.requests).allMatch(r -> "Bearer from-file".equals(r.headers().get("authorization")));
    }

    @Test
    void endlessRedirectsEnd() {
        hub.trick = (request, out) -> {
            HubServer.respond(out, "302 Found", "Location: /again\r\nContent-Length: 0\r\n", new byte[0]);
            return true;
        };
        assertFails("redirects", () -> resolve(ID));
    }

    @ParameterizedTest
    @CsvSource({"401,HF_TOKEN", "403,HF_TOKEN", "404,no such model", "418,try later"})
    void saysWhatAFinalStatusMeans(int status, String advice) {
        hub.trick = (request, out) -> {
            HubServer.respond(out, status + " No", "Content-Length: 0\r\n", new byte[0]);
            return true;
        };
        assertFails("HTTP " + status, () -> resolve(ID));
        assertFails(advice, () -> resolve(ID));
        assertFails(hub.address() + "/api/models/org/tiny-model", () -> resolve(ID));
        assertThat(hub.requests).as("it is not asked again").hasSize(3);
    }

    @ParameterizedTest
    @ValueSource(ints = {429, 500, 503})
    void asksAgainWhereAStatusMayPass(int status) {
        AtomicInteger refusals = new AtomicInteger();
        hub.trick = (request, out) -> {
            boolean refuse = refusals.getAndIncrement() % 3 < 2;
            if (refuse) {
                HubServer.respond(out, status + " Later", "Retry-After: 0\r\nContent-Length: 0\r\n", new byte[0]);
            }
            return refuse;
        };
        assertThat(resolve(ID).resolve("model.safetensors")).hasBinaryContent(WEIGHTS);
        hub.trick = (request, out) -> {
            HubServer.respond(out, status + " Later", "Content-Length: 0\r\n", new byte[0]);
            return true;
        };
        assertFails("HTTP " + status, () -> resolve("org/another"));
    }

    @Test
    void anUnreachableHubIsNamed() throws IOException {
        hub.close();
        assertFails(hub.address(), () -> resolve(ID));
    }

    @ParameterizedTest
    @ValueSource(strings = {"../../escaped.safetensors", "/tmp/escaped.safetensors", "a/../../b.safetensors",
            "a\\\\..\\\\b.safetensors"})
    void refusesNamesThatLeaveTheFolder(String name) {
        hub.files.remove("model.safetensors");
        hub.files.put("model.safetensors.index.json", bytes("{\"weight_map\": {\"a\": \"" + name + "\"}}"));
        assertFails("outside its folder", () -> resolve(ID));
    }

    @Test
    void saysWhatAModelLacks() {
        hub.files.remove("model.safetensors");
        assertFails("no safetensors", () -> resolve(ID));
        hub.files.put("a.gguf", WEIGHTS);
        hub.files.remove("config.json");
        assertFails("[a.gguf]", () -> resolve(ID));
        assertFails("[a.gguf]", () -> resolve(ID + ":b.gguf"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"not json", "{}", "{\"sha\": \"../../x\", \"siblings\": []}"})
    void refusesAnAnswerThatMakesNoSense(String body) {
        hub.trick = (request, out) -> {
            HubServer.respond(out, "200 OK", "Content-Length: " + body.length() + "\r\n", bytes(body));
            return true;
        };
        assertFails("the answer", () -> resolve(ID));
    }

    @Test
    void offlineTakesTheCacheOrSaysWhereItLooked() {
        environment.put("HF_HUB_OFFLINE", "1");
        assertFails(cache().toString(), () -> resolve(ID));
        assertFails("HF_HUB_OFFLINE", () -> resolve(ID));
        assertThat(hub.requests).isEmpty();
        environment.remove("HF_HUB_OFFLINE");
        Path folder = resolve(ID);
        environment.put("HF_HUB_OFFLINE", "true");
        assertThat(resolve(ID)).isEqualTo(folder);
    }

    @Test
    void findsTheCacheWhereTheEnvironmentSays() {
        assertThat(HubSettings.of(Map.of("HOME", "/h")).cache()).isEqualTo(Path.of("/h/.cache/huggingface/hub"));
        assertThat(HubSettings.of(Map.of("HOME", "/h", "HF_HOME", "~/x")).cache()).isEqualTo(Path.of("/h/x/hub"));
        assertThat(HubSettings.of(Map.of("HF_HOME", "/a", "HF_HUB_CACHE", "/b")).cache()).isEqualTo(Path.of("/b"));
        assertThat(HubSettings.of(Map.of("HOME", "/h", "LATENT4J_CACHE", "/c", "XDG_CACHE_HOME", "/x")).cache())
                .isEqualTo(Path.of("/c/huggingface/hub"));
        assertThat(HubSettings.of(Map.of("LATENT4J_CACHE", "/c", "HF_HOME", "/a")).cache())
                .isEqualTo(Path.of("/a/hub"));
        assertThat(HubSettings.of(Map.of("LATENT4J_CACHE", "/c", "HF_HUB_CACHE", "/b")).cache())
                .isEqualTo(Path.of("/b"));
        assertThat(HubSettings.of(Map.of()).endpoint()).hasToString("https://huggingface.co");
        assertFails("plain word", () -> HubSettings.of(Map.of("HF_TOKEN", "hf_a\nX-Other: b")));
        assertFails("HF_ENDPOINT", () -> HubSettings.of(Map.of("HF_ENDPOINT", "no address")));
    }

    @Test
    void aPathGoesFirstAndANameThatIsNeitherIsRefused() throws IOException {
        assertThat(resolve(home.toString())).isEqualTo(home);
        for (String name : List.of("", "no-such-folder", "/no/such/folder", "./org/model", "a/b/c", "org/..",
                "file.gguf", "a\0b")) {
            assertThatThrownBy(() -> resolve(name)).isInstanceOfSatisfying(LatentException.class, e -> {
                assertThat(e.code()).isEqualTo(ErrorCode.FILE_NOT_FOUND);
                assertThat(e).hasMessageContaining("'" + name + "'").hasMessageContaining("Hugging Face id");
            });
        }
        assertThat(hub.requests).isEmpty();
    }

    @Test
    void twoAtOnceBringEachFileOnce() {
        CompletableFuture<Path> other = CompletableFuture.supplyAsync(() -> resolve(ID));
        assertThat(resolve(ID)).isEqualTo(other.join());
        assertThat(hub.count("GET", "model.safetensors")).isEqualTo(1);
    }

    @Test
    void anInterruptEndsTheDownloadAndKeepsThePart() throws InterruptedException {
        hub.trick = (request, out) -> {
            boolean weights = request.method().equals("GET") && request.path().endsWith("model.safetensors");
            if (weights) {
                HubServer.send(request, out, WEIGHTS, "", 100_000);
                out.flush();
                sleep(5000);
            }
            return weights;
        };
        CompletableFuture<Throwable> thrown = new CompletableFuture<>();
        Thread opening = new Thread(() -> {
            try {
                CheckpointFiles.resolve(ID, DownloadListener.NONE, environment,
                        patience(Duration.ofSeconds(30), Thread::sleep));
                thrown.complete(null);
            } catch (Throwable e) {
                thrown.complete(e);
            }
        });
        opening.start();
        while (!thrown.isDone() && (!Files.exists(incomplete()) || incomplete().toFile().length() < 100_000)) {
            Thread.sleep(5);
        }
        opening.interrupt();
        assertThat(thrown.join()).isInstanceOfSatisfying(LatentException.class, e -> assertThat(e.code())
                .isEqualTo(ErrorCode.CANCELLED));
        assertThat(incomplete()).hasSize(100_000);
    }

    private static void assertFails(String message, ThrowingCallable call) {
        assertThatThrownBy(call).isInstanceOfSatisfying(LatentException.class, e -> {
            assertThat(e.code()).isEqualTo(ErrorCode.DOWNLOAD_FAILED);
            assertThat(e).hasMessageContaining(message);
        });
    }

    private static void sleep(long milliseconds) {
        try {
            Thread.sleep(milliseconds);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
