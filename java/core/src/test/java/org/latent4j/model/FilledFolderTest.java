package org.latent4j.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.latent4j.internal.CacheFolder;

/** Where this library's files lie, how large they are and what moves them. */
class FilledFolderTest {
    @TempDir
    Path home;

    @Test
    void foldersThatAreThereAreMeasured() throws IOException {
        Path unpacked = Files.createDirectories(home.resolve("cache"));
        Files.write(unpacked.resolve("library.so"), new byte[1000]);
        Path blobs = Files.createDirectories(home.resolve("cache/huggingface/hub/models--a--b/blobs"));
        Path snapshot = Files.createDirectories(blobs.resolveSibling("snapshots/1"));
        Path blob = Files.write(blobs.resolve("x"), new byte[50]);
        Files.createSymbolicLink(snapshot.resolve("model.gguf"), blob);
        List<FilledFolder> all = FilledFolder.all(new CacheFolder(unpacked),
            Map.of("HOME", home.toString(), "HF_HOME", unpacked + "/huggingface"));
        assertThat(all).extracting(FilledFolder::folder).containsExactly(unpacked, unpacked.resolve("huggingface/hub"));
        assertThat(all.get(0).bytes()).as("without the hub's cache in it").hasValue(1000);
        assertThat(all.get(1).bytes()).as("a link is not counted again").hasValue(50);
    }

    /** What is said to move a folder does, and nothing else of the environment does. */
    @Test
    void theHubsFolderIsMovedByWhatIsSaidToMoveIt() {
        for (String variable : all(Map.of()).get(1).settings()) {
            Path there = home.resolve("there");
            assertThat(all(Map.of(variable, there.toString())).get(1).folder().toString()).as(variable)
                .startsWith(there.toString());
        }
        assertThat(all(Map.of()).get(1).settings()).containsExactly("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME",
            "LATENT4J_CACHE", "XDG_CACHE_HOME");
        assertThat(all(Map.of("HUGGINGFACE_HUB_CACHE", "/a", "HF_HOME", "/b")).get(1).folder()).hasToString("/a");
    }

    private List<FilledFolder> all(Map<String, String> variables) {
        Map<String, String> environment = new HashMap<>(variables);
        environment.put("HOME", home.toString());
        return FilledFolder.all(new CacheFolder(home.resolve("none")), environment);
    }

    @Test
    void foldersThatAreNotThereHaveNoSize() {
        List<FilledFolder> all = FilledFolder.all(new CacheFolder(home.resolve("none")),
            Map.of("HOME", home.toString()));
        assertThat(all).hasSize(2).allSatisfy(each -> {
            assertThat(each.bytes()).isEmpty();
            assertThat(each.settings()).contains("LATENT4J_CACHE");
        });
    }
}
