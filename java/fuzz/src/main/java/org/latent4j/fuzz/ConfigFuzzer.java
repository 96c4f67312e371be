package org.latent4j.fuzz;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.latent4j.LatentModel;
import org.latent4j.model.ModelOptions;

/** {@code config.json} of a checkpoint whose weights are honest, through the native library. */
public final class ConfigFuzzer {
    private static final Path FOLDER = Folders.copyOf("tiny-qwen3");

    private ConfigFuzzer() {
    }

    public static void fuzzerTestOneInput(byte[] input) throws IOException {
        Files.write(FOLDER.resolve("config.json"), input);
        LatentModel model = Outcome.of(() -> LatentModel.open(FOLDER,
                ModelOptions.builder().threads(1).memoryPositions(64).build()));
        if (model != null) {
            Outcome.of(model::tokenizer);
            Outcome.of(() -> {
                model.newMemory().close();
                return true;
            });
            model.close();
        }
    }
}
