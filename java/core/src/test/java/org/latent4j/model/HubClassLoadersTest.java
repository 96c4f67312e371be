package org.latent4j.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.File;
import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;

/** The same file brought by this library twice in one process, as two web applications have it. */
@Timeout(120)
class HubClassLoadersTest {
    private static final String ID = "org/tiny-model";
    private static final byte[] WEIGHTS = new byte[5000];

    @TempDir
    private Path home;
    private HubServer hub;
    private Map<String, String> environment;
    private final CountDownLatch held = new CountDownLatch(1);
    private final CountDownLatch released = new CountDownLatch(1);
    private CompletableFuture<Path> other;

    /** The other class loader's download holds the lock of the weights until it is released. */
    @BeforeEach
    void start() throws Exception {
        hub = new HubServer();
        hub.files.put("config.json", "{}".getBytes(StandardCharsets.UTF_8));
        hub.files.put("tokenizer.json", "{\"a\": 1}".getBytes(StandardCharsets.UTF_8));
        hub.files.put("model.safetensors", WEIGHTS);
        hub.trick = (request, out) -> {
            if (request.method().equals("GET") && request.path().endsWith("model.safetensors")) {
                held.countDown();
                await(released);
            }
            return false;
        };
        environment = Map.of("HF_ENDPOINT", hub.address(), "HF_HOME", home.toString());
        ClassLoader loader = new URLClassLoader(classPath(), ClassLoader.getPlatformClassLoader());
        other = new CompletableFuture<>();
        Thread opening = new Thread(() -> {
            try {
                other.complete(resolve(loader));
            } catch (Throwable e) {
                other.completeExceptionally(e);
            }
        });
        opening.setDaemon(true);
        opening.start();
        held.await();
    }

    @AfterEach
    void stop() throws IOException {
        released.countDown();
        other.exceptionally(e -> null).join();
        hub.close();
    }

    private Path resolve(ClassLoader loader) throws Exception {
        Class<?> files = Class.forName(CheckpointFiles.class.getName(), true, loader);
        assertThat(files).isNotSameAs(CheckpointFiles.class);
        Class<?> listener = Class.forName(DownloadListener.class.getName(), true, loader);
        Class<?> patience = Class.forName(Patience.class.getName(), true, loader);
        Method resolve = files.getDeclaredMethod("resolve", String.class, listener, Map.class, patience);
        resolve.setAccessible(true);
        Field usual = patience.getDeclaredField("USUAL");
        usual.setAccessible(true);
        return (Path) resolve.invoke(null, ID, listener.getField("NONE").get(null), environment, usual.get(null));
    }

    private static URL[] classPath() throws IOException {
        List<URL> urls = new ArrayList<>();
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
            urls.add(Path.of(entry).toUri().toURL());
        }
        return urls.toArray(new URL[0]);
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static Patience patience(Duration held, Patience.Sleep sleep) {
        Duration wait = Duration.ofSeconds(60);
        return new Patience(3, Duration.ofMillis(1), wait, wait, wait, wait, held, sleep);
    }

    @Test
    void theSecondWaitsItsTurnAndBringsNothingTwice() {
        List<Long> pauses = new ArrayList<>();
        Path folder = CheckpointFiles.resolve(ID, DownloadListener.NONE, environment,
                patience(Duration.ofMinutes(5), n -> {
                    pauses.add(n);
                    released.countDown(); // the second is known to wait
                    Thread.sleep(n);
                }));
        assertThat(pauses).isNotEmpty();
        assertThat(other.join()).isEqualTo(folder);
        assertThat(folder.resolve("model.safetensors")).hasBinaryContent(WEIGHTS);
        assertThat(hub.count("GET", "model.safetensors")).isEqualTo(1);
    }

    @Test
    void aLockWhoseFileDoesNotGrowIsNotWaitedForWithoutEnd() {
        assertThatThrownBy(() -> CheckpointFiles.resolve(ID, DownloadListener.NONE, environment,
                patience(Duration.ZERO, Thread::sleep))).isInstanceOfSatisfying(LatentException.class,
                e -> assertThat(e.code()).isEqualTo(ErrorCode.DOWNLOAD_FAILED))
                .hasMessageContaining("another class loader of this process holds the lock")
                .hasMessageContaining(HubServer.sha256(WEIGHTS));
    }

    @Test
    void anInterruptEndsTheWait() {
        Thread waiting = Thread.currentThread();
        assertThatThrownBy(() -> CheckpointFiles.resolve(ID, DownloadListener.NONE, environment,
                patience(Duration.ofMinutes(5), n -> {
                    waiting.interrupt();
                    Thread.sleep(n);
                }))).isInstanceOfSatisfying(LatentException.class,
                e -> assertThat(e.code()).isEqualTo(ErrorCode.CANCELLED));
        assertThat(Thread.interrupted()).as("the flag stays").isTrue();
        assertThat(other).isNotDone();
    }
}
