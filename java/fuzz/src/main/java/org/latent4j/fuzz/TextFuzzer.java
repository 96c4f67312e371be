package org.latent4j.fuzz;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.text.Normalizer;
import java.util.List;
import org.latent4j.LatentModel;
import org.latent4j.model.ModelOptions;
import org.latent4j.smollm2.SmolLM2;
import org.latent4j.text.TokenStream;
import org.latent4j.text.Tokenizer;

/** A question, on honest tokenizers: every text has ids, and they are that text. */
public final class TextFuzzer {
    private static final List<Tokenizer> TOKENIZERS = List.of(
            Tokenizer.from(Path.of("native/tests/data/golden/tiny-qwen3").toAbsolutePath(), null),
            Tokenizer.from(Path.of("native/tests/data/golden/tiny-llama3").toAbsolutePath(), null), embedded());

    private TextFuzzer() {
    }

    private static Tokenizer embedded() {
        try (LatentModel model = LatentModel.open(SmolLM2.path(),
                ModelOptions.builder().threads(1).memoryPositions(16).build())) {
            return model.tokenizer();
        }
    }

    public static void fuzzerTestOneInput(byte[] input) {
        check(Outcome.text(input), true);
        check(new String(input, StandardCharsets.UTF_16BE), false); // surrogates alone, which become U+FFFD
    }

    private static void check(String text, boolean wellFormed) {
        for (Tokenizer tokenizer : TOKENIZERS) {
            int[] ids = tokenizer.encode(text);
            TokenStream stream = tokenizer.newStream();
            StringBuilder streamed = new StringBuilder();
            boolean plain = true;
            for (int id : ids) {
                Outcome.expect(id >= 0 && id < tokenizer.vocabularySize(), "id " + id);
                plain &= !tokenizer.isSpecial(id);
                streamed.append(stream.push(id));
            }
            streamed.append(stream.flush());
            String decoded = tokenizer.decode(ids);
            Outcome.expect(decoded.contentEquals(streamed), "decoded '" + decoded + "', streamed '" + streamed + "'");
            boolean hasAllBytes = tokenizer != TOKENIZERS.get(2); // of SmolLM2 some of the 256 are no tokens
            Outcome.expect(!wellFormed || !plain || !hasAllBytes || decoded.equals(text)
                    || decoded.equals(Normalizer.normalize(text, Normalizer.Form.NFC)), "'" + text + "' became '"
                    + decoded + "'");
        }
    }
}
