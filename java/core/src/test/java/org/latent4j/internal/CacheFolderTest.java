package org.latent4j.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;

/** What was planted in the folder of unpacked files is replaced, and a folder that others can change is refused. */
class CacheFolderTest {
    private static final int NOBODY = 65534;

    @TempDir
    Path temporary;

    private URL resource;
    private String sum;

    @BeforeEach
    void content() throws IOException {
        resource = Files.writeString(temporary.resolve("content"), "what should be there").toUri().toURL();
        sum = CacheFolder.sha256(resource);
    }

    @Test
    void theFolderIsMadeForThisUserAlone() throws IOException {
        Path file = unpack(temporary.resolve("a/b"));
        assertThat(file).hasContent("what should be there");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file.getParent())))
                .isEqualTo("rwx------");
    }

    @Test
    void whatIsNotTheFileIsReplaced() throws IOException {
        Path folder = unpack(temporary.resolve("cache")).getParent();
        Path file = folder.resolve("name");
        Files.writeString(file, "what should");
        assertThat(unpack(folder)).hasContent("what should be there");
        Path other = Files.writeString(temporary.resolve("other"), "evil");
        Files.delete(file);
        Files.createSymbolicLink(file, other);
        assertThat(unpack(folder)).hasContent("what should be there");
        assertThat(Files.isSymbolicLink(file)).isFalse();
        assertThat(other).hasContent("evil");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw-rw-"));
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(unpack(folder))))
                .doesNotContain("rw-rw");
    }

    @Test
    void aFolderThatOthersCanChangeIsRefused() throws IOException {
        Path folder = Files.createDirectory(temporary.resolve("cache"));
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx----w-"));
        refused(folder, "can be written to by others");
        Path below = Files.createDirectory(folder.resolve("below"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        refused(below, "lies in " + folder);
    }

    /** The group of a user's own name, which many systems make files writable by, has no other member. */
    @Test
    void aGroupMayWriteIfItIsTheUsersOwn() throws IOException {
        assumeTrue((int) Files.getAttribute(Path.of("/proc/self"), "unix:uid") == 0, "only root can give files away");
        Path folder = Files.createDirectory(temporary.resolve("cache"));
        Files.setAttribute(folder, "unix:gid", 0);
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwx---"));
        assertThat(unpack(folder)).hasContent("what should be there");
        Files.setAttribute(folder, "unix:gid", NOBODY);
        refused(folder, "can be written to by others");
    }

    @Test
    void aLinkAndAFileAreNoFolders() throws IOException {
        Path folder = Files.createDirectory(temporary.resolve("real"));
        refused(Files.createSymbolicLink(temporary.resolve("link"), folder), "symbolic link");
        refused(Files.createSymbolicLink(temporary.resolve("dangling"), temporary.resolve("none")), "symbolic link");
        refused(Files.createFile(temporary.resolve("file")), "is not a folder");
    }

    @Test
    void anotherUsersFolderIsRefusedAndTheirFileReplaced() throws IOException {
        assumeTrue((int) Files.getAttribute(Path.of("/proc/self"), "unix:uid") == 0, "only root can give files away");
        Path folder = unpack(temporary.resolve("cache")).getParent();
        Path file = folder.resolve("name");
        Files.setAttribute(file, "unix:uid", NOBODY);
        assertThat(Files.getAttribute(unpack(folder), "unix:uid")).isEqualTo(0);
        Files.setAttribute(folder, "unix:uid", NOBODY);
        refused(folder, "belongs to user " + NOBODY);
    }

    @Test
    void aFolderThatCannotBeMadeIsNamed() {
        refused(Path.of("/proc/none/latent4j"), "cannot be unpacked to the folder /proc/none/latent4j");
    }

    @Test
    void versionsThatNobodyAskedForInAMonthAreDeletedWhenOneIsNew() throws IOException {
        CacheFolder cache = new CacheFolder(temporary.resolve("cache"));
        Path folder = cache.unpack(resource, "other-0.so", sum).getParent();
        Path recent = aged(folder.resolve("lib-1111111111111111.so"), 29);
        Path linked = Files.createSymbolicLink(folder.resolve("lib-4444444444444444.so"), temporary.resolve("content"));
        aged(folder.resolve("lib-2222222222222222.so"), 31);
        aged(folder.resolve("lib-2222222222222222.so123.part"), 31);
        aged(folder.resolve("lib-3333.so"), 31);
        Path other = aged(folder.resolve("other-0.so"), 400);
        Path foreign = aged(folder.resolve("library.so"), 400);
        Path current = cache.unpackVersion(resource, "lib-", ".so", sum);
        assertThat(folder).isDirectoryContaining(current::equals);
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left).containsExactlyInAnyOrder(recent, linked, other, foreign, current);
        }
    }

    @Test
    void aVersionThatIsUsedStaysYoung() throws IOException {
        CacheFolder cache = new CacheFolder(temporary.resolve("cache"));
        Path file = aged(cache.unpackVersion(resource, "lib-", ".so", sum), 31);
        assertThat(cache.unpackVersion(resource, "lib-", ".so", sum)).isEqualTo(file);
        URL next = Files.writeString(temporary.resolve("next"), "a later version").toUri().toURL();
        assertThat(cache.unpackVersion(next, "lib-", ".so", CacheFolder.sha256(next))).isNotEqualTo(file);
        assertThat(file).hasContent("what should be there");
    }

    private static Path aged(Path file, int days) throws IOException {
        Path there = Files.exists(file) ? file : Files.writeString(file, "old");
        return Files.setLastModifiedTime(there, FileTime.from(Instant.now().minus(Duration.ofDays(days))));
    }

    @Test
    void theSettingsComeInTheirOrder() throws IOException {
        Path home = Files.createDirectory(temporary.resolve("home"));
        assertThat(of(Map.of(), null, home)).isEqualTo(home.resolve(".cache/latent4j/name"));
        Map<String, String> xdg = Map.of("XDG_CACHE_HOME", temporary.resolve("xdg").toString());
        assertThat(of(xdg, null, home)).isEqualTo(temporary.resolve("xdg/latent4j/name"));
        Map<String, String> both = Map.of("XDG_CACHE_HOME", "/x", CacheFolder.VARIABLE, temporary + "/own");
        assertThat(of(both, null, home)).isEqualTo(temporary.resolve("own/name"));
        assertThat(of(both, temporary + "/property", home)).isEqualTo(temporary.resolve("property/name"));
        assertThatThrownBy(() -> CacheFolder.of(Map.of(), null, "?")).hasMessageContaining("LATENT4J_CACHE");
    }

    private Path of(Map<String, String> environment, String property, Path home) {
        return CacheFolder.of(environment, property, home.toString()).unpack(resource, "name", sum);
    }

    private Path unpack(Path folder) {
        return new CacheFolder(folder).unpack(resource, "name", sum);
    }

    @Test
    void whyAFolderCannotBeMadeIsSaidInWords() throws IOException {
        Path file = Files.createFile(temporary.resolve("file"));
        for (Path folder : List.of(Path.of("/proc/nowhere"), Path.of("/sys/nowhere/latent4j"), file.resolve("in/it"),
                temporary.resolve("n".repeat(300)))) {
            assertThatThrownBy(() -> unpack(folder)).isInstanceOf(LatentException.class)
                    .hasMessageStartingWith("[BAD_CACHE] ").hasMessageNotContaining("Exception")
                    .hasMessageNotContaining("java.");
        }
    }

    private void refused(Path folder, String why) {
        assertThatThrownBy(() -> unpack(folder))
                .isInstanceOfSatisfying(LatentException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.BAD_CACHE))
                .hasMessageContaining(why).hasMessageContaining("LATENT4J_CACHE")
                .hasMessageContaining("latent4j.cache");
    }
}
