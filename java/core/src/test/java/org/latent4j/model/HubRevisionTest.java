package org.latent4j.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;

/** Which of the snapshots in a cache is opened, and what happens to one that is not whole. */
class HubRevisionTest {
    private static final String ID = "org/tiny-model";
    private static final String OTHER = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    private static final byte[] WEIGHTS = new byte[3000];

    @TempDir
    private Path home;
    private HubServer hub;
    private final Map<String, String> environment = new HashMap<>();
    private final List<String> told = new ArrayList<>();

    @BeforeEach
    void start() throws IOException {
        hub = new HubServer();
        for (String name : List.of("config.json", "tokenizer.json", "generation_config.json", "tokenizer_config.json",
                "special_tokens_map.json", "added_tokens.json")) {
            hub.files.put(name, ("{\"of\": \"" + name + "\"}").getBytes(StandardCharsets.UTF_8));
        }
        hub.files.put("model.safetensors", WEIGHTS);
        hub.files.put("q4/m.gguf", WEIGHTS);
        environment.put("HF_ENDPOINT", hub.address());
        environment.put("HF_HOME", home.toString());
    }

    @AfterEach
    void stop() throws IOException {
        hub.close();
    }

    private Path resolve(String id) {
        return CheckpointFiles.resolve(id, new DownloadListener() {
            @Override
            public void onProgress(String file, long done, long total) {
                assertThat(done).isLessThanOrEqualTo(total);
            }

            @Override
            public void onPartial(Path snapshot, List<String> files, String why) {
                told.add(snapshot.getFileName() + " " + files + " " + why);
            }
        }, environment, CheckpointFilesTest.patience(Duration.ofSeconds(20), Thread::sleep));
    }

    private Path cache() {
        return home.resolve("hub/models--org--tiny-model");
    }

    /** As another program leaves it that needed these files alone. */
    private Path snapshot(String commit, String ref, String... names) throws IOException {
        Files.createDirectories(cache().resolve("refs"));
        Files.writeString(cache().resolve("refs").resolve(ref), commit);
        Path snapshot = cache().resolve("snapshots").resolve(commit);
        for (String name : names) {
            Files.createDirectories(snapshot.resolve(name).getParent());
            Files.write(snapshot.resolve(name), hub.files.get(name));
        }
        return snapshot;
    }

    private void assertFails(String id, String... messages) {
        assertThatThrownBy(() -> resolve(id)).isInstanceOfSatisfying(LatentException.class,
                e -> assertThat(e.code()).isEqualTo(ErrorCode.DOWNLOAD_FAILED)).message().contains(messages);
    }

    @ParameterizedTest
    @ValueSource(strings = {ID, ID + ":q4/m.gguf"})
    void anotherRevisionIsNotOpenedForMain(String id) throws IOException {
        Path other = snapshot(OTHER, "v1.0", hub.files.keySet().toArray(String[]::new));
        environment.put("HF_HUB_OFFLINE", "1");
        assertFails(id, "other revisions than main", other.toString(), "HF_HUB_OFFLINE");
        environment.remove("HF_HUB_OFFLINE");
        assertThat(resolve(id).toString()).contains(HubServer.COMMIT).doesNotContain(OTHER);
        assertThat(resolve(other.toString())).as("by its path").isEqualTo(other);
    }

    @ParameterizedTest
    @ValueSource(strings = {"config.json", "tokenizer.json", "model.safetensors"})
    void whatAnotherRevisionHasIsNotTakenForWhatMainLacks(String name) throws IOException {
        snapshot(OTHER, "v1.0", hub.files.keySet().toArray(String[]::new));
        Path main = snapshot(HubServer.COMMIT, "main", "config.json", "tokenizer.json", "model.safetensors");
        Files.delete(main.resolve(name));
        environment.put("TRANSFORMERS_OFFLINE", "1");
        assertFails(ID, "only in part", main.toString(), "where " + name + " is missing", "TRANSFORMERS_OFFLINE");
        environment.remove("TRANSFORMERS_OFFLINE");
        assertThat(resolve(ID)).isEqualTo(main);
        assertThat(main.resolve(name)).hasBinaryContent(hub.files.get(name));
    }

    @Test
    void everyShardThatIsMissingIsNamed() throws IOException {
        hub.files.put("model.safetensors.index.json", ("{\"weight_map\": {\"a\": \"m1.safetensors\", "
                + "\"b\": \"m2.safetensors\", \"c\": \"m3.safetensors\"}}").getBytes(StandardCharsets.UTF_8));
        hub.files.put("m2.safetensors", WEIGHTS);
        snapshot(HubServer.COMMIT, "main", "config.json", "model.safetensors.index.json", "m2.safetensors");
        environment.put("HF_HUB_OFFLINE", "1");
        assertFails(ID, "tokenizer.json, m1.safetensors, m3.safetensors are missing");
    }

    /** A configuration is fetched first, and refs/main with it; shards may be there before their index. */
    @Test
    void aShardWithoutItsIndexIsNoCheckpoint() throws IOException {
        hub.files.put("model-00001-of-00002.safetensors", WEIGHTS);
        snapshot(HubServer.COMMIT, "main", "config.json", "tokenizer.json", "model-00001-of-00002.safetensors");
        environment.put("HF_HUB_OFFLINE", "1");
        assertFails(ID, "where model.safetensors is missing");
    }

    @Test
    void filesThatTheHubHasAreBroughtAndThoseThatItLacksAreAskedForOnce() throws IOException {
        Path main = snapshot(HubServer.COMMIT, "main", "config.json", "tokenizer.json", "model.safetensors");
        assertThat(resolve(ID)).isEqualTo(main);
        for (String name : List.of("generation_config.json", "tokenizer_config.json", "special_tokens_map.json",
                "added_tokens.json")) {
            assertThat(main.resolve(name)).hasBinaryContent(hub.files.get(name));
        }
        assertThat(hub.count("GET", "model.safetensors")).as("what is there stays").isZero();
        assertThat(hub.requests).as("the revision that is here").anyMatch(request -> request.path()
                .endsWith("/revision/" + HubServer.COMMIT));
        assertThat(cache().resolve(".no_exist").resolve(HubServer.COMMIT).resolve("chat_template.jinja")).isEmptyFile();
        int before = hub.requests.size();
        assertThat(resolve(ID)).isEqualTo(main);
        assertThat(hub.requests).hasSize(before);
        assertThat(told).isEmpty();
    }

    @Test
    void whereTheHubIsOutOfReachThePartialSnapshotIsOpenedAndSaidToBeOne() throws IOException {
        Path main = snapshot(HubServer.COMMIT, "main", "config.json", "tokenizer.json", "model.safetensors",
                "generation_config.json");
        hub.close();
        assertThat(resolve(ID)).isEqualTo(main);
        environment.put("HF_HUB_OFFLINE", "1");
        assertThat(resolve(ID)).isEqualTo(main);
        assertThat(told).hasSize(2).allMatch(line -> line.startsWith(HubServer.COMMIT + " [tokenizer_config.json, "
                + "special_tokens_map.json, added_tokens.json, chat_template.jinja] "));
        assertThat(told.get(0)).contains("no connection to localhost");
        assertThat(told.get(1)).contains("HF_HUB_OFFLINE forbids");
    }

    @Test
    void aGgufFileThatMainLacksIsBroughtThoughAnotherIsThere() throws IOException {
        Path main = snapshot(HubServer.COMMIT, "main", "config.json", "tokenizer.json", "model.safetensors");
        environment.put("HF_HUB_OFFLINE", "1");
        assertFails(ID + ":q4/m.gguf", "where q4/m.gguf is missing");
        environment.remove("HF_HUB_OFFLINE");
        assertThat(resolve(ID + ":q4/m.gguf")).isEqualTo(main.resolve("q4/m.gguf")).hasBinaryContent(WEIGHTS);
    }
}
