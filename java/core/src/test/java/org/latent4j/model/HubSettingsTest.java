package org.latent4j.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;

/** The environment as huggingface_hub takes it; the right values are those of its constants.py, 2.4.0. */
class HubSettingsTest {
    @TempDir
    private Path home;

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        " | /h/.cache/huggingface/hub | false | https://huggingface.co",
        "XDG_CACHE_HOME=/x | /x/huggingface/hub | false | https://huggingface.co",
        "XDG_CACHE_HOME=~/x | /h/x/huggingface/hub | false | https://huggingface.co",
        "XDG_CACHE_HOME=$ELSE/x | /e/x/huggingface/hub | false | https://huggingface.co",
        "HF_HOME=/a | /a/hub | false | https://huggingface.co",
        "HF_HOME=~/a | /h/a/hub | false | https://huggingface.co",
        "HF_HOME=~ | /h/hub | false | https://huggingface.co",
        "HF_HOME=${ELSE}/a | /e/a/hub | false | https://huggingface.co",
        "HF_HOME=$NONE/a | $NONE/a/hub | false | https://huggingface.co",
        "HF_HOME=/a ; XDG_CACHE_HOME=/x | /a/hub | false | https://huggingface.co",
        "HUGGINGFACE_HUB_CACHE=/l | /l | false | https://huggingface.co",
        "HUGGINGFACE_HUB_CACHE=~/l | /h/l | false | https://huggingface.co",
        "HUGGINGFACE_HUB_CACHE=/l ; HF_HOME=/a | /l | false | https://huggingface.co",
        "HUGGINGFACE_HUB_CACHE=/l ; HF_HUB_CACHE=/b | /b | false | https://huggingface.co",
        "HF_HUB_CACHE=/b ; HF_HOME=/a | /b | false | https://huggingface.co",
        "HF_HUB_CACHE=~/b/$ELSE | /h/b//e | false | https://huggingface.co",
        "HF_HUB_OFFLINE=1 | /h/.cache/huggingface/hub | true | https://huggingface.co",
        "HF_HUB_OFFLINE=on | /h/.cache/huggingface/hub | true | https://huggingface.co",
        "HF_HUB_OFFLINE=Yes | /h/.cache/huggingface/hub | true | https://huggingface.co",
        "HF_HUB_OFFLINE=true | /h/.cache/huggingface/hub | true | https://huggingface.co",
        "HF_HUB_OFFLINE=y | /h/.cache/huggingface/hub | false | https://huggingface.co",
        "HF_HUB_OFFLINE= 1 | /h/.cache/huggingface/hub | false | https://huggingface.co",
        "TRANSFORMERS_OFFLINE=1 | /h/.cache/huggingface/hub | true | https://huggingface.co",
        "TRANSFORMERS_OFFLINE=0 | /h/.cache/huggingface/hub | false | https://huggingface.co",
        "HF_HUB_OFFLINE=0 ; TRANSFORMERS_OFFLINE=1 | /h/.cache/huggingface/hub | false | https://huggingface.co",
        "HF_HUB_OFFLINE= ; TRANSFORMERS_OFFLINE=1 | /h/.cache/huggingface/hub | true | https://huggingface.co",
        "HF_HUB_OFFLINE=1 ; TRANSFORMERS_OFFLINE=0 | /h/.cache/huggingface/hub | true | https://huggingface.co",
        "HF_ENDPOINT=https://m/ | /h/.cache/huggingface/hub | false | https://m",
        "HF_ENDPOINT=https://m/some/path/ | /h/.cache/huggingface/hub | false | https://m/some/path",
        "HF_ENDPOINT=https://m/some/path// | /h/.cache/huggingface/hub | false | https://m/some/path",
        "HF_ENDPOINT=http://m:8080/x | /h/.cache/huggingface/hub | false | http://m:8080/x"
    })
    void variablesCountAsTheyDoForPython(String variables, Path cache, boolean offline, String endpoint) {
        Map<String, String> environment = new HashMap<>(Map.of("HOME", "/h", "ELSE", "/e"));
        for (String variable : variables == null ? new String[0] : variables.split(" ; ")) {
            environment.put(variable.split("=", 2)[0], variable.split("=", 2)[1]);
        }
        HubSettings settings = HubSettings.of(environment);
        assertThat(settings.cache()).isEqualTo(cache.toAbsolutePath());
        assertThat(settings.offline() != null).isEqualTo(offline);
        assertThat(settings.endpoint()).hasToString(endpoint);
    }

    @Test
    void anEmptyVariableIsNone() {
        Map<String, String> environment = Map.of("HOME", "/h", "HF_HOME", "", "HF_HUB_CACHE", "", "HF_ENDPOINT", "",
                "HUGGINGFACE_HUB_CACHE", "", "XDG_CACHE_HOME", "", "HF_TOKEN", "", "HF_TOKEN_PATH", "");
        assertThat(HubSettings.of(environment)).isEqualTo(HubSettings.of(Map.of("HOME", "/h")));
    }

    @Test
    void theTokenIsFoundWherePythonFindsItAndKeptWhereItMayNotBeSent() throws IOException {
        Files.writeString(home.resolve("token"), "stored\n");
        Files.writeString(home.resolve("other"), "elsewhere");
        Map<String, String> environment = new HashMap<>(Map.of("HF_HOME", home.toString()));
        assertThat(HubSettings.of(environment).token()).isEqualTo("stored");
        environment.put("HF_TOKEN_PATH", home + "/other");
        assertThat(HubSettings.of(environment).token()).isEqualTo("elsewhere");
        environment.put("HUGGING_FACE_HUB_TOKEN", "legacy");
        assertThat(HubSettings.of(environment).token()).isEqualTo("legacy");
        environment.put("HF_TOKEN", "given");
        assertThat(HubSettings.of(environment).token()).isEqualTo("given");
        environment.put("HF_HUB_DISABLE_IMPLICIT_TOKEN", "yes");
        assertThat(HubSettings.of(environment).token()).isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"?", "relative"})
    void withoutAHomeFolderNoneIsMadeInTheWorkingFolder(String home) {
        assertThatThrownBy(() -> HubSettings.of(Map.of("HOME", home))).isInstanceOfSatisfying(LatentException.class,
                e -> assertThat(e.code()).isEqualTo(ErrorCode.DOWNLOAD_FAILED))
                .hasMessageContaining("no home folder").hasMessageContaining("set HF_HOME or HF_HUB_CACHE");
        HubSettings settings = HubSettings.of(Map.of("HOME", home, "HF_HUB_CACHE", "/b"));
        assertThat(settings.cache()).as("it is not needed").isEqualTo(Path.of("/b"));
        assertThat(settings.token()).isNull();
    }

    @Test
    void theHomeFolderOfAnotherUserIsNotAFolderNamedSo() {
        assertThatThrownBy(() -> HubSettings.of(Map.of("HF_HOME", "~other/a"))).hasMessageContaining("write out")
                .hasMessageContaining("~other/a");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "/", "/some/path", "/some/path/", "/a%20b//"})
    void aMirrorMayLieBelowAPath(String path) throws IOException {
        byte[] content = "{}".getBytes(StandardCharsets.UTF_8);
        try (HubServer hub = new HubServer()) {
            for (String name : new String[] {"config.json", "tokenizer.json", "model.safetensors"}) {
                hub.files.put(name, content);
            }
            hub.prefix = path.replaceAll("/+$", "");
            Map<String, String> environment = Map.of("HF_ENDPOINT", hub.address() + path, "HF_HOME", home.toString(),
                    "HF_TOKEN", "secret");
            Path folder = CheckpointFiles.resolve("org/m", DownloadListener.NONE, environment,
                    CheckpointFilesTest.patience(Duration.ofSeconds(20), Thread::sleep));
            assertThat(folder.resolve("model.safetensors")).hasBinaryContent(content);
            assertThat(hub.requests).allMatch(request -> request.path().startsWith(hub.prefix + "/")
                    && !request.path().startsWith(hub.prefix + "//")
                    && request.headers().get("authorization").equals("Bearer secret"));
        }
    }
}
