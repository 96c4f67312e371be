package org.latent4j.text;

import java.text.Normalizer.Form;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;
import org.latent4j.internal.Log;

/**
 * How a byte-level BPE cuts text into words before it merges: what {@code tokenizer.ggml.pre} names. The patterns are
 * those of the models' own {@code tokenizer.json}.
 */
enum GgufPreTokenizer {
    GPT2(null, false, "gpt-2", "default"),
    /** Digits one by one, then GPT-2's pattern. */
    DIGITS(null, false, "smollm", "starcoder", "refact"),
    LLAMA3("(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
            + "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+", true, "llama-bpe", "llama3", "llama-v3"),
    QWEN2("(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
            + "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+", false, "qwen2"),
    TEKKEN("[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+"
            + "|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*"
            + "|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+", true, "tekken");

    /** GPT-2's words. */
    static final PreTokenizer.Split GPT2_WORDS = isolated("'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+"
            + "| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+");

    private final String pattern;
    private final boolean ignoresMerges;
    private final List<String> names;

    GgufPreTokenizer(String pattern, boolean ignoresMerges, String... names) {
        this.pattern = pattern;
        this.ignoresMerges = ignoresMerges;
        this.names = List.of(names);
    }

    /** What a name says; where it says nothing what the vocabulary does, else GPT-2's, with a warning. */
    static GgufPreTokenizer of(String name, List<String> tokens, String source) {
        if (name.isEmpty() || name.equals("default")) {
            GgufPreTokenizer known = known(tokens);
            if (known == null) {
                Log.warning(GgufPreTokenizer.class, source + ": tokenizer.ggml.pre does not say how the model cuts"
                        + " text into words, and its vocabulary is none that is known; it is cut as for GPT-2, so"
                        + " prompts may have other tokens than the model was trained on", null);
            }
            return known == null ? GPT2 : known;
        }
        return Arrays.stream(values()).filter(pre -> pre.names.contains(name)).findFirst().orElseThrow(() ->
                new LatentException(ErrorCode.BAD_TOKENIZER, source + ": tokenizer.ggml.pre is '" + Limits.shown(name)
                        + "'; supported are "
                        + Arrays.stream(values()).flatMap(pre -> pre.names.stream()).collect(Collectors.joining(", "))
                        + " (or open the model as a Hugging Face folder with its tokenizer.json)"));
    }

    /** Null if it is not sure. Families are told by tokens of their base vocabularies, which fine-tuning keeps. */
    private static GgufPreTokenizer known(List<String> tokens) {
        int size = tokens.size();
        boolean cl100k = has(tokens, 279, "\u0120the"); // both of them begin like OpenAI's
        return cl100k && (size == 128256 || has(tokens, 128000, "<|begin_of_text|>")) ? LLAMA3
                : cl100k && (size == 151936 || size == 152064 || has(tokens, 151643, "<|endoftext|>")) ? QWEN2
                : has(tokens, 262, "\u0120the") && has(tokens, 50256, "<|endoftext|>") ? GPT2
                : size == 49152 && (has(tokens, 1, "<|im_start|>") || has(tokens, 1, "<fim_prefix>")) ? DIGITS
                : size == 131072 && has(tokens, 3, "[INST]") ? TEKKEN : null;
    }

    private static boolean has(List<String> tokens, int id, String token) {
        return id < tokens.size() && tokens.get(id).equals(token);
    }

    private static PreTokenizer.Split isolated(String pattern) {
        return new PreTokenizer.Split(SplitPattern.ofRegex(pattern), Cuts.Behavior.ISOLATED, false);
    }

    /** Whether a word that is a token is taken whole, whatever the merges say. */
    boolean ignoresMerges() {
        return ignoresMerges;
    }

    /** Null if there is none. */
    Normalizer normalizer() {
        return this == QWEN2 ? new Normalizer.Form(Form.NFC) : null;
    }

    PreTokenizer preTokenizer() {
        PreTokenizer bytes = new PreTokenizer.ByteLevel(false, pattern == null ? GPT2_WORDS : null);
        if (this == DIGITS) {
            return new PreTokenizer.Sequence(List.of(
                    new PreTokenizer.CharacterSplit(Characters::isNumeric, Cuts.Behavior.ISOLATED), bytes));
        }
        return pattern == null ? bytes : new PreTokenizer.Sequence(List.of(isolated(pattern), bytes));
    }
}
