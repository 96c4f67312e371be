package org.latent4j.fuzz;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.latent4j.agent.Prompts;
import org.latent4j.agent.TaskKind;

/** A file of prompts. */
public final class PromptsFuzzer {
    private static final Path FILE = Folders.fresh().resolve("prompts.yaml");

    private PromptsFuzzer() {
    }

    public static void fuzzerTestOneInput(byte[] input) throws IOException {
        Files.write(FILE, input);
        Prompts prompts = Outcome.of(() -> Prompts.load(FILE));
        if (prompts == null) {
            return;
        }
        for (String role : Prompts.roles()) {
            for (TaskKind kind : TaskKind.values()) {
                Outcome.expect(prompts.agent(role, kind).textPrompt().contains("{question}"),
                        "no place for a question");
            }
        }
    }
}
