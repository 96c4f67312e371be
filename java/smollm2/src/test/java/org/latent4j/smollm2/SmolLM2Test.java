package org.latent4j.smollm2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;
import org.latent4j.internal.CacheFolder;

class SmolLM2Test {
    @TempDir
    Path folder;

    @Test
    void pathIsTheNamedFile() throws Exception {
        Path file = SmolLM2.path();
        assertThat(file).hasSize(SmolLM2.BYTES);
        assertThat(sum(file)).isEqualTo(SmolLM2.SHA_256);
    }

    @Test
    void fromJarIsCopiedOnceAndAgainWhenCutShort() throws Exception {
        URL resource = jarWith(SmolLM2.path());
        Path cache = folder.resolve("cache");

        Path file = SmolLM2.locate(resource, new CacheFolder(cache));
        assertThat(sum(file)).isEqualTo(SmolLM2.SHA_256);

        FileTime longAgo = FileTime.fromMillis(1_000_000);
        Files.setLastModifiedTime(file, longAgo);
        assertThat(SmolLM2.locate(resource, new CacheFolder(cache))).isEqualTo(file);
        assertThat(Files.getLastModifiedTime(file)).isEqualTo(longAgo);

        Files.write(file, new byte[10]);
        assertThat(SmolLM2.locate(resource, new CacheFolder(cache))).hasSize(SmolLM2.BYTES);
    }

    @Test
    void fourAtOnceSeeOnlyTheWholeFile() throws Exception {
        URL resource = jarWith(SmolLM2.path());
        Path cache = folder.resolve("cache");
        var threads = Executors.newFixedThreadPool(4);
        try {
            Callable<Long> size = () -> Files.size(SmolLM2.locate(resource, new CacheFolder(cache)));
            for (Future<Long> each : threads.invokeAll(List.of(size, size, size, size))) {
                assertThat(each.get()).isEqualTo(SmolLM2.BYTES);
            }
        } finally {
            threads.shutdown();
        }
        try (var files = Files.list(cache)) {
            assertThat(files).hasSize(1);
        }
    }

    @Test
    void anotherContentIsRefusedAndLeavesNothing() throws Exception {
        Path other = Files.write(folder.resolve("other"), new byte[1000]);
        URL resource = jarWith(other);
        Path cache = folder.resolve("cache");
        assertThatThrownBy(() -> SmolLM2.locate(resource, new CacheFolder(cache)))
                .isInstanceOfSatisfying(LatentException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INTERNAL))
                .hasMessageContaining("SHA-256");
        assertThat(cache).isEmptyDirectory();
    }

    private URL jarWith(Path content) throws IOException {
        Path jar = folder.resolve("model.jar");
        try (OutputStream out = Files.newOutputStream(jar);
                ZipOutputStream zip = new ZipOutputStream(out)) {
            zip.setLevel(0);
            zip.putNextEntry(new ZipEntry(SmolLM2.NAME));
            Files.copy(content, zip);
        }
        return URI.create("jar:" + jar.toUri() + "!/" + SmolLM2.NAME).toURL();
    }

    private static String sum(Path file) throws Exception {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        try (InputStream in = Files.newInputStream(file)) {
            byte[] buffer = new byte[1 << 20];
            for (int n = in.read(buffer); n > 0; n = in.read(buffer)) {
                digest.update(buffer, 0, n);
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }
}
