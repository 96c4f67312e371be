package org.latent4j.text;

import java.util.List;

/** The way of one text's tokens through the tokenizer's decoders. */
final class DecoderStream implements TokenStream {
    private final Tokenizer tokenizer;
    private final StringBuilder text = new StringBuilder();
    private final Decoder.Run[] runs;

    DecoderStream(Tokenizer tokenizer, List<Decoder> steps) {
        this.tokenizer = tokenizer;
        runs = new Decoder.Run[steps.size() + 1];
        runs[steps.size()] = text::append;
        boolean[] fused = new boolean[runs.length];
        for (int i = 0; i < steps.size(); i++) {
            fused[i + 1] = fused[i] || steps.get(i).fuses();
        }
        for (int i = steps.size() - 1; i >= 0; i--) {
            runs[i] = steps.get(i).run(runs[i + 1]::push, fused[i]);
        }
    }

    @Override
    public String push(int id) {
        tokenizer.check(id);
        String token = tokenizer.shownText(id);
        if (token != null) {
            runs[0].push(token);
        }
        return given();
    }

    @Override
    public String flush() {
        for (Decoder.Run run : runs) {
            run.end();
        }
        return given();
    }

    private String given() {
        String result = text.toString();
        text.setLength(0);
        return result;
    }
}
