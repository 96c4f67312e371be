package org.latent4j.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;
import org.latent4j.LatentModel;
import org.latent4j.model.ModelOptions;

/** A checkpoint cloned without git-lfs, or saved from a browser: whichever file it hit, it is said. */
class StandInTest {
    private static final Path TINY = Path.of(System.getProperty("l4j.root", "../.."), "native", "tests", "data",
            "golden", "tiny-qwen3");

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource({"config.json, BAD_CHECKPOINT", "model.safetensors, BAD_CHECKPOINT", "tokenizer.json, BAD_TOKENIZER",
        "tokenizer_config.json, BAD_CHECKPOINT", "generation_config.json, BAD_CHECKPOINT",
        "chat_template.jinja, BAD_TEMPLATE"})
    void everyFileOfACheckpointThatIsAPointerOrAPageIsCalledThat(String name, ErrorCode code) throws IOException {
        for (String file : List.of("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")) {
            if (Files.exists(TINY.resolve(file))) {
                Files.copy(TINY.resolve(file), folder.resolve(file));
            }
        }
        Files.writeString(folder.resolve(name), "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 77\n");
        assertRefused(code, name + ": a git-lfs pointer of 65 bytes, expected the file of 77 bytes");
        Files.writeString(folder.resolve(name), "<!doctype html><title>Sign in</title>");
        assertRefused(code, name + ": an HTML or XML page of 37 bytes");
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
            gzip.write("{}".getBytes(StandardCharsets.US_ASCII));
        }
        Files.write(folder.resolve(name), bytes.toByteArray());
        assertRefused(code, name + ": a file compressed by gzip, of " + bytes.size() + " bytes, expected the file");
    }

    private void assertRefused(ErrorCode code, String message) {
        assertThatThrownBy(() -> {
            try (LatentModel model = LatentModel.open(folder, ModelOptions.builder().threads(1).build())) {
                model.tokenizer();
                model.chatTemplate();
                model.generation();
            }
        }).isInstanceOfSatisfying(LatentException.class, e -> assertThat(e.code()).isEqualTo(code))
                .hasMessageContaining(message);
    }
}
