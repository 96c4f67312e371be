package org.latent4j.fuzz;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.latent4j.text.ChatMessage;
import org.latent4j.text.ChatTemplate;
import org.latent4j.text.GenerationConfig;
import org.latent4j.text.Tokenizer;

/** {@code tokenizer_config.json} and {@code generation_config.json} beside an honest {@code tokenizer.json}. */
public final class SideFilesFuzzer {
    private static final Path FOLDER = Folders.copyOf("tiny-qwen3");

    private SideFilesFuzzer() {
    }

    public static void fuzzerTestOneInput(byte[] input) throws IOException {
        Files.write(FOLDER.resolve("tokenizer_config.json"), input);
        Files.write(FOLDER.resolve("generation_config.json"), input);
        Tokenizer tokenizer = Outcome.of(() -> Tokenizer.from(FOLDER, null));
        if (tokenizer != null) {
            tokenizer.decode(tokenizer.encode("a <|im_end|> b"));
            Outcome.of(() -> GenerationConfig.from(FOLDER, null, tokenizer));
        }
        ChatTemplate template = Outcome.of(() -> ChatTemplate.from(FOLDER, null));
        if (template != null) {
            Outcome.of(() -> template.render(List.of(ChatMessage.user("q")), Map.of()));
        }
    }
}
