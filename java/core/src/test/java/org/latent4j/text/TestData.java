package org.latent4j.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Where the repository keeps the data that native and Java tests share. */
final class TestData {
    static final ObjectMapper JSON = new ObjectMapper();

    private TestData() {}

    static Path repository() {
        Path folder = Path.of("").toAbsolutePath();
        while (!Files.isDirectory(folder.resolve("native/tests/data"))) {
            folder = folder.getParent();
        }
        return folder;
    }

    static Path golden(String name) {
        return repository().resolve("native/tests/data/golden").resolve(name);
    }

    static JsonNode reference(String name) throws IOException {
        return JSON.readTree(repository().resolve("native/tests/data/reference").resolve(name + ".reference.json")
                .toFile());
    }

    static Path smollm2() {
        return repository().resolve("java/smollm2/src/main/resources/org/latent4j/smollm2")
                .resolve("SmolLM2-135M-Instruct.Q4_1.gguf");
    }

    static String resource(String name) throws IOException {
        try (var in = TestData.class.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
