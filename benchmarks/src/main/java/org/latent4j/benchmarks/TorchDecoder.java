package org.latent4j.benchmarks;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Iterator;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The forward pass of the paper's code in libtorch: the calls that transformers' {@code LlamaModel} and
 * {@code Qwen3Model} make in PyTorch, in their order, with {@code scaled_dot_product_attention} and a
 * {@code DynamicCache}. The paper's code also computes the logits of every latent step and throws them away; that is
 * left out here, so that both sides do the same work.
 */
final class TorchDecoder implements AutoCloseable {
    private final Shape shape;
    private final ScalarType type;
    private final Tensor embedding;
    private final Tensor finalNorm;
    private final Layer[] layers;
    private final Weights weights;

    /** One decoder layer's weights; {@code qNorm} and {@code kNorm} are null where the family has none. */
    private record Layer(Tensor inputNorm, Tensor q, Tensor k, Tensor v, Tensor o, Tensor qNorm, Tensor kNorm,
            Tensor mlpNorm, Tensor gate, Tensor up, Tensor down) {
    }

    TorchDecoder(Shape shape, Path checkpoint, ScalarType type) throws IOException {
        this.shape = shape;
        this.type = type;
        weights = Weights.read(checkpoint, type);
        embedding = weights.get("model.embed_tokens.weight");
        finalNorm = weights.get("model.norm.weight");
        layers = new Layer[shape.nLayers()];
        for (int i = 0; i < layers.length; i++) {
            String prefix = "model.layers." + i + ".";
            String attention = prefix + "self_attn.";
            boolean headNorms = shape.normalizesHeads();
            layers[i] = new Layer(weights.get(prefix + "input_layernorm.weight"),
                    weights.get(attention + "q_proj.weight"), weights.get(attention + "k_proj.weight"),
                    weights.get(attention + "v_proj.weight"), weights.get(attention + "o_proj.weight"),
                    headNorms ? weights.get(attention + "q_norm.weight") : null,
                    headNorms ? weights.get(attention + "k_norm.weight") : null,
                    weights.get(prefix + "post_attention_layernorm.weight"),
                    weights.get(prefix + "mlp.gate_proj.weight"), weights.get(prefix + "mlp.up_proj.weight"),
                    weights.get(prefix + "mlp.down_proj.weight"));
        }
    }

    /** Frees the weights. */
    @Override
    public void close() {
        weights.close();
    }

    /** The tokens' input embeddings, {@code [1, n, dModel]}. */
    Tensor embed(int[] tokens) {
        try (PointerScope scope = new PointerScope()) {
            long[] ids = new long[tokens.length];
            for (int i = 0; i < ids.length; i++) {
                ids[i] = tokens[i];
            }
            Tensor index = torch.from_blob(new LongPointer(ids), new long[] {1, ids.length},
                    new TensorOptions(ScalarType.Long));
            return kept(torch.embedding(embedding, index));
        }
    }

    /**
     * Runs {@code x [1, n, dModel]} after the memory's positions, which must be none or n 1, and appends to the memory.
     *
     * @return the hidden states after the final norm, {@code [1, n, dModel]}
     */
    Tensor forward(Tensor x, TorchMemory memory) {
        try (PointerScope scope = new PointerScope()) {
            int n = (int) x.size(1);
            Tensor angles = TorchMemory.angles(shape, memory.length(), n);
            Tensor cos = angles.cos().to(type);
            Tensor sin = angles.sin().to(type);
            Tensor h = x;
            for (int i = 0; i < layers.length; i++) {
                h = forward(i, h, cos, sin, memory);
            }
            return kept(rmsNorm(h, finalNorm));
        }
    }

    /**
     * A scope per layer, so that what a layer used is freed at its end, about as early as Python's reference counts
     * would.
     */
    private Tensor forward(int index, Tensor x, Tensor cos, Tensor sin, TorchMemory memory) {
        try (PointerScope scope = new PointerScope()) {
            Layer layer = layers[index];
            long n = x.size(1);
            Tensor h = rmsNorm(x, layer.inputNorm);
            Tensor q = heads(torch.linear(h, layer.q), n, layer.qNorm);
            Tensor k = heads(torch.linear(h, layer.k), n, layer.kNorm);
            Tensor v = heads(torch.linear(h, layer.v), n, null);
            memory.append(index, TorchMemory.rotated(k, cos, sin), v);
            Tensor attended = torch.scaled_dot_product_attention(TorchMemory.rotated(q, cos, sin), memory.keys(index),
                    memory.values(index), new TensorOptional(), 0, n > 1, new DoubleOptional(),
                    shape.nHeads() != shape.nKvHeads());
            Tensor merged = attended.transpose(1, 2).contiguous()
                    .reshape(1, n, (long) shape.nHeads() * shape.headDim());
            Tensor y = x.add(torch.linear(merged, layer.o));
            Tensor m = rmsNorm(y, layer.mlpNorm);
            Tensor gated = torch.silu(torch.linear(m, layer.gate)).mul(torch.linear(m, layer.up));
            return kept(y.add(torch.linear(gated, layer.down)));
        }
    }

    /**
     * {@code [1, n, heads * headDim]} to {@code [1, heads, n, headDim]}, normalized per head where there is a weight.
     */
    private Tensor heads(Tensor x, long n, Tensor norm) {
        Tensor heads = x.view(1, n, -1, shape.headDim());
        return (norm == null ? heads : rmsNorm(heads, norm)).transpose(1, 2);
    }

    /** transformers' {@code LlamaRMSNorm}: in f32, back to the type, times the weight. */
    private Tensor rmsNorm(Tensor x, Tensor weight) {
        Tensor f32 = x.to(ScalarType.Float);
        Tensor variance = f32.pow(new Scalar(2L)).mean(new long[] {-1}, true, new ScalarTypeOptional());
        Tensor scaled = f32.mul(torch.rsqrt(variance.add(new Scalar(shape.rmsEps()))));
        return weight.mul(scaled.to(type));
    }

    /**
     * The paper's code's {@code _apply_latent_realignment}: a product in f32, then each row scaled to the embeddings'
     * mean norm.
     *
     * @param hidden {@code [1, n, dModel]}
     * @param matrix {@code [dModel, dModel]} f32
     * @return {@code [1, n, dModel]} of the type of {@code hidden}
     */
    static Tensor align(Tensor hidden, Tensor matrix, float targetNorm) {
        try (PointerScope scope = new PointerScope()) {
            Tensor aligned = torch.matmul(hidden.to(ScalarType.Float), matrix);
            Tensor norm = torch.linalg_vector_norm(aligned, new Scalar(2.0), new long[] {-1}, true,
                    new ScalarTypeOptional());
            Tensor scale = torch.clamp_min(norm, new Scalar(1e-6)).reciprocal().mul(new Scalar(targetNorm));
            return kept(aligned.mul(scale).to(hidden));
        }
    }

    /**
     * Hands a tensor from the scope it was made in to the scope around, or where there is none to the caller, who then
     * closes it.
     */
    private static Tensor kept(Tensor tensor) {
        Iterator<PointerScope> scopes = PointerScope.getScopeIterator();
        scopes.next();
        if (scopes.hasNext()) {
            scopes.next().attach(tensor);
        } else {
            tensor.retainReference();
        }
        return tensor;
    }
}
