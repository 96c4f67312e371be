package org.latent4j.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;

/**
 * How a byte-level BPE cuts text into words before it merges: what {@code tokenizer.ggml.pre} names, in the words of
 * {@code tokenizer.json}. The patterns are those of the models' own {@code tokenizer.json}.
 */
enum PreTokenizer {
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

    private final String pattern;
    private final boolean ignoresMerges;
    private final List<String> names;

    PreTokenizer(String pattern, boolean ignoresMerges, String... names) {
        this.pattern = pattern;
        this.ignoresMerges = ignoresMerges;
        this.names = List.of(names);
    }

    static PreTokenizer of(String name, String source) {
        return Arrays.stream(values()).filter(pre -> pre.names.contains(name)).findFirst().orElseThrow(() ->
                new LatentException(ErrorCode.BAD_TOKENIZER, source + ": tokenizer.ggml.pre is '" + name
                        + "'; supported are "
                        + Arrays.stream(values()).flatMap(pre -> pre.names.stream()).collect(Collectors.joining(", "))
                        + " (or open the model as a Hugging Face folder with its tokenizer.json)"));
    }

    /** Whether a word that is a token is taken whole, whatever the merges say. */
    boolean ignoresMerges() {
        return ignoresMerges;
    }

    JsonNode normalizer() {
        return this == QWEN2 ? JsonFiles.JSON.createObjectNode().put("type", "NFC") : NullNode.getInstance();
    }

    ObjectNode json() {
        ObjectNode sequence = JsonFiles.JSON.createObjectNode().put("type", "Sequence");
        ArrayNode steps = sequence.putArray("pretokenizers");
        if (this == DIGITS) {
            steps.addObject().put("type", "Digits").put("individual_digits", true);
        }
        if (pattern != null) {
            ObjectNode split = steps.addObject().put("type", "Split");
            split.putObject("pattern").put("Regex", pattern);
            split.put("behavior", "Isolated").put("invert", false);
        }
        steps.addObject().put("type", "ByteLevel").put("add_prefix_space", false).put("trim_offsets", true)
                .put("use_regex", pattern == null);
        return sequence;
    }
}
