package org.latent4j.fuzz;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.latent4j.text.ChatMessage;
import org.latent4j.text.ChatTemplate;
import org.latent4j.text.Tokenizer;

/** A chat template. */
public final class TemplateFuzzer {
    private static final List<ChatMessage> MESSAGES = List.of(new ChatMessage("system", "Be brief."),
            ChatMessage.user("What is {{ 1 }}? {% if %}"), new ChatMessage("assistant", "<think>a</think>\nb 🙂"),
            ChatMessage.user("x".repeat(100)));
    private static final Tokenizer TOKENIZER =
            Tokenizer.from(Path.of("native/tests/data/golden/tiny-qwen3").toAbsolutePath(), null);
    private static final Map<String, Object> OPTIONS = Map.of("add_generation_prompt", true, "enable_thinking", false,
            "tools", List.of(Map.of("type", "function", "function", Map.of("name", "f", "parameters", Map.of()))),
            "x", List.of(1, 2.5, "three", Map.of("four", List.of())));

    private TemplateFuzzer() {
    }

    public static void fuzzerTestOneInput(byte[] input) {
        ChatTemplate template = Outcome.of(() -> ChatTemplate.of(Outcome.text(input), Map.of("bos_token", "<s>",
                "eos_token", "</s>")));
        if (template != null) {
            // One way each time: a template may spend all that it is allowed, and watched code is fifty times slower.
            switch (Math.floorMod(Arrays.hashCode(input), 4)) {
                case 0 -> Outcome.of(() -> template.render(MESSAGES, OPTIONS));
                case 1 -> Outcome.of(() -> template.renderAfterAnswer(MESSAGES, OPTIONS));
                case 2 -> Outcome.of(() -> TOKENIZER.encode(template.render(MESSAGES, OPTIONS, TOKENIZER)));
                default -> Outcome.of(() -> template.renderAfterAnswer(MESSAGES, OPTIONS, TOKENIZER)
                        .map(TOKENIZER::encode));
            }
        }
    }
}
