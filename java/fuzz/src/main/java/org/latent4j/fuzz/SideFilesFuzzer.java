package org.latent4j.fuzz;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.latent4j.text.ChatMessage;
import org.latent4j.text.ChatTemplate;
import org.latent4j.text.GenerationConfig;
import org.latent4j.text.Tokenizer;

/** The small files beside an honest {@code tokenizer.json}. */
public final class SideFilesFuzzer {
    private static final List<String> NAMES =
            List.of("tokenizer_config", "special_tokens_map", "added_tokens", "generation_config");
    private static final Path FOLDER = Folders.copyOf("tiny-qwen3");

    private SideFilesFuzzer() {
    }

    public static void fuzzerTestOneInput(byte[] input) throws IOException {
        // Each its own part of the input, or all of them the whole.
        String[] parts = new String(input, StandardCharsets.ISO_8859_1).split("\0", NAMES.size());
        for (int i = 0; i < NAMES.size(); i++) {
            Files.writeString(FOLDER.resolve(NAMES.get(i) + ".json"), parts[i % parts.length],
                    StandardCharsets.ISO_8859_1);
        }
        Tokenizer tokenizer = Outcome.of(() -> Tokenizer.from(FOLDER, null));
        if (tokenizer != null) {
            tokenizer.decode(tokenizer.encode("a <|im_end|> b"));
            Outcome.of(() -> GenerationConfig.from(FOLDER, null, tokenizer));
        }
        ChatTemplate template = Outcome.of(() -> ChatTemplate.from(FOLDER, null));
        if (template != null && tokenizer != null) {
            Outcome.of(() -> tokenizer.encode(template.render(List.of(ChatMessage.user("<|im_end|>")), Map.of(),
                    tokenizer)));
        }
    }
}
