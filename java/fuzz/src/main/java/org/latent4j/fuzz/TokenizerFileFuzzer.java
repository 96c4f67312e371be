package org.latent4j.fuzz;

import java.util.List;
import org.latent4j.text.TokenStream;
import org.latent4j.text.Tokenizer;

/** {@code tokenizer.json}: a tokenizer that was taken encodes and decodes whatever comes, or says why not. */
public final class TokenizerFileFuzzer {
    private static final List<String> TEXTS = List.of("", "a", "ab c", "What is 17 * 24?\n\n", "aaaaaaaaaaaaaaaaaaaa",
            "  \t\r\n  x", "é\u0301🙂\u200D🙂 \uD800 <|end|>", "xyxyxyxyxyxyxyxy" + " ".repeat(300) + "z");

    private TokenizerFileFuzzer() {
    }

    public static void fuzzerTestOneInput(byte[] input) {
        Tokenizer tokenizer = Outcome.of(() -> Tokenizer.of(Outcome.text(input)));
        if (tokenizer == null) {
            return;
        }
        for (String text : TEXTS) {
            int[] ids = Outcome.of(() -> tokenizer.encode(text));
            if (ids != null) {
                decode(tokenizer, ids);
            }
        }
        decode(tokenizer, new int[] {0, 1, 2, 3, 2, 1, 0});
    }

    private static void decode(Tokenizer tokenizer, int[] ids) {
        String whole = Outcome.of(() -> tokenizer.decode(ids));
        if (whole == null) {
            return;
        }
        TokenStream stream = tokenizer.newStream();
        StringBuilder streamed = new StringBuilder();
        for (int id : ids) {
            streamed.append(stream.push(id));
        }
        streamed.append(stream.flush());
        Outcome.expect(whole.contentEquals(streamed), "decoded '" + whole + "', streamed '" + streamed + "'");
    }
}
