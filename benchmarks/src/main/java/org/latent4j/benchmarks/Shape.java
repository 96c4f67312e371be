package org.latent4j.benchmarks;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A decoder's measurements, by the name of the model that has them. Embeddings are tied, weights bf16.
 *
 * @param name of the model
 * @param family {@code llama} or {@code qwen3}
 * @param nLayers decoder layers
 * @param dModel width of the hidden state
 * @param nHeads query heads
 * @param nKvHeads key-value heads
 * @param headDim numbers per head
 * @param dFf width of the feed-forward layer
 * @param vocabulary rows of the embedding
 * @param maxPositions the longest context
 * @param ropeTheta base of the rotary angles
 * @param rmsEps added to the mean square
 */
record Shape(String name, String family, int nLayers, int dModel, int nHeads, int nKvHeads, int headDim, int dFf,
        int vocabulary, int maxPositions, double ropeTheta, double rmsEps) {
    static final String SMOLLM2 = "SmolLM2-135M";
    static final String QWEN3 = "Qwen3-0.6B";
    /** Of no model: to see that a benchmark runs. */
    static final String SMALL = "small";

    private static final List<Shape> NAMED = List.of(
            new Shape(SMOLLM2, "llama", 30, 576, 9, 3, 64, 1536, 49_152, 8_192, 100_000, 1e-5),
            new Shape(QWEN3, "qwen3", 28, 1024, 16, 8, 128, 3072, 151_936, 40_960, 1_000_000, 1e-6),
            new Shape(SMALL, "qwen3", 2, 64, 4, 2, 32, 128, 512, 4_096, 10_000, 1e-6));

    /** @throws IllegalArgumentException if there is none of this name */
    static Shape named(String name) {
        return NAMED.stream().filter(shape -> shape.name.equals(name)).findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no shape named " + name));
    }

    /** Whether queries and keys are normalized per head. */
    boolean normalizesHeads() {
        return family.equals("qwen3");
    }

    /** The checkpoint's tensors, in the order of the file, by Hugging Face's names; a matrix is {@code [out, in]}. */
    Map<String, long[]> tensors() {
        Map<String, long[]> tensors = new LinkedHashMap<>();
        tensors.put("model.embed_tokens.weight", new long[] {vocabulary, dModel});
        for (int layer = 0; layer < nLayers; layer++) {
            String prefix = "model.layers." + layer + ".";
            tensors.put(prefix + "input_layernorm.weight", new long[] {dModel});
            tensors.put(prefix + "self_attn.q_proj.weight", new long[] {(long) nHeads * headDim, dModel});
            tensors.put(prefix + "self_attn.k_proj.weight", new long[] {(long) nKvHeads * headDim, dModel});
            tensors.put(prefix + "self_attn.v_proj.weight", new long[] {(long) nKvHeads * headDim, dModel});
            tensors.put(prefix + "self_attn.o_proj.weight", new long[] {dModel, (long) nHeads * headDim});
            if (normalizesHeads()) {
                tensors.put(prefix + "self_attn.q_norm.weight", new long[] {headDim});
                tensors.put(prefix + "self_attn.k_norm.weight", new long[] {headDim});
            }
            tensors.put(prefix + "post_attention_layernorm.weight", new long[] {dModel});
            tensors.put(prefix + "mlp.gate_proj.weight", new long[] {dFf, dModel});
            tensors.put(prefix + "mlp.up_proj.weight", new long[] {dFf, dModel});
            tensors.put(prefix + "mlp.down_proj.weight", new long[] {dModel, dFf});
        }
        tensors.put("model.norm.weight", new long[] {dModel});
        return tensors;
    }

    /** Bytes of all weights that a latent step reads: every layer's, not the embedding's. */
    long layerBytes() {
        return 2 * tensors().entrySet().stream().filter(tensor -> tensor.getKey().startsWith("model.layers."))
                .mapToLong(tensor -> count(tensor.getValue())).sum();
    }

    /** Bytes of the output embedding, which a decoded token reads beside the layers. */
    long embeddingBytes() {
        return 2L * vocabulary * dModel;
    }

    /** Bytes of keys and values of so many positions, bf16. */
    long memoryBytes(int positions) {
        return 2L * 2 * nLayers * nKvHeads * headDim * positions;
    }

    static long count(long[] shape) {
        long n = 1;
        for (long size : shape) {
            n *= size;
        }
        return n;
    }

    @Override
    public String toString() {
        return name;
    }
}
