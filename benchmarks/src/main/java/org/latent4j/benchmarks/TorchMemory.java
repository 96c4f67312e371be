package org.latent4j.benchmarks;

import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A KV cache as the paper's code has it, which is transformers' {@code DynamicCache}: a tensor of keys and one of
 * values per layer, {@code [1, nKvHeads, length, headDim]}, grown by {@code torch.cat}.
 */
final class TorchMemory implements AutoCloseable {
    private final Shape shape;
    private final ScalarType type;
    private final Tensor[] keys;
    private final Tensor[] values;

    TorchMemory(Shape shape, ScalarType type) {
        this.shape = shape;
        this.type = type;
        keys = new Tensor[shape.nLayers()];
        values = new Tensor[shape.nLayers()];
    }

    /** A memory of random keys and values. */
    static TorchMemory random(Shape shape, ScalarType type, int length) {
        TorchMemory memory = new TorchMemory(shape, type);
        for (int layer = 0; layer < shape.nLayers(); layer++) {
            memory.keys[layer] = random(shape, length, type);
            memory.values[layer] = random(shape, length, type);
        }
        return memory;
    }

    private static Tensor random(Shape shape, int length, ScalarType type) {
        try (Tensor random = torch.randn(new long[] {1, shape.nKvHeads(), length, shape.headDim()})) {
            return type == ScalarType.Float ? random.clone() : random.to(type);
        }
    }

    int length() {
        return keys[0] == null ? 0 : (int) keys[0].size(2);
    }

    Tensor keys(int layer) {
        return keys[layer];
    }

    Tensor values(int layer) {
        return values[layer];
    }

    /** Sets one layer from rows of f32, {@code [nKvHeads, length, headDim]}. */
    void set(int layer, int length, float[] newKeys, float[] newValues) {
        keys[layer] = copy(newKeys, length);
        values[layer] = copy(newValues, length);
    }

    private Tensor copy(float[] numbers, int length) {
        return tensor(numbers, type, 1, shape.nKvHeads(), length, shape.headDim());
    }

    /** A tensor of its own memory; the caller closes it. */
    static Tensor tensor(float[] numbers, ScalarType type, long... shape) {
        try (FloatPointer pointer = new FloatPointer(numbers);
                TensorOptions f32 = new TensorOptions(ScalarType.Float);
                Tensor view = torch.from_blob(pointer, shape, f32)) {
            return type == ScalarType.Float ? view.clone() : view.to(type);
        }
    }

    /** The numbers of a tensor as f32. */
    static float[] floats(Tensor tensor) {
        try (Tensor f32 = tensor.to(ScalarType.Float); Tensor dense = f32.contiguous()) {
            float[] numbers = new float[(int) dense.numel()];
            new FloatPointer(dense.data_ptr_float()).get(numbers);
            return numbers;
        }
    }

    /** Adds positions to one layer. Its keys and values stay this memory's, also when the caller's scope ends. */
    void append(int layer, Tensor newKeys, Tensor newValues) {
        keys[layer] = grown(keys[layer], newKeys);
        values[layer] = grown(values[layer], newValues);
    }

    private static Tensor grown(Tensor past, Tensor added) {
        if (past == null) {
            added.retainReference();
            return added;
        }
        Tensor grown = cat(2, past, added);
        grown.retainReference();
        past.close();
        return grown;
    }

    static Tensor cat(long dimension, Tensor... parts) {
        try (TensorVector vector = new TensorVector(parts)) {
            return torch.cat(vector, dimension);
        }
    }

    /** A memory that shares this one's tensors until it grows. */
    TorchMemory fork() {
        TorchMemory fork = new TorchMemory(shape, type);
        for (int layer = 0; layer < keys.length; layer++) {
            fork.keys[layer] = new Tensor(keys[layer]);
            fork.values[layer] = new Tensor(values[layer]);
        }
        return fork;
    }

    /**
     * The memories end to end, {@code torch.cat} per layer; with one memory a copy. With {@code rotate}, the keys of
     * the second and later ones are rotated on by the length before them.
     */
    static TorchMemory joined(List<TorchMemory> parts, boolean rotate) {
        TorchMemory first = parts.get(0);
        TorchMemory joined = new TorchMemory(first.shape, first.type);
        try (PointerScope scope = new PointerScope()) {
            Tensor[] cos = new Tensor[parts.size()];
            Tensor[] sin = new Tensor[parts.size()];
            int offset = 0;
            for (int i = 0; i < parts.size(); offset += parts.get(i).length(), i++) {
                Tensor angles = angles(first.shape, offset, 1);
                cos[i] = angles.cos().to(first.type);
                sin[i] = angles.sin().to(first.type);
            }
            for (int layer = 0; layer < first.keys.length; layer++) {
                joined.join(layer, parts, rotate, cos, sin);
            }
        }
        return joined;
    }

    private void join(int layer, List<TorchMemory> parts, boolean rotate, Tensor[] cos, Tensor[] sin) {
        try (PointerScope scope = new PointerScope()) {
            Tensor[] partKeys = new Tensor[parts.size()];
            Tensor[] partValues = new Tensor[parts.size()];
            for (int i = 0; i < partKeys.length; i++) {
                Tensor own = parts.get(i).keys[layer];
                partKeys[i] = rotate && i > 0 ? rotated(own, cos[i], sin[i]) : own;
                partValues[i] = parts.get(i).values[layer];
            }
            keys[layer] = cat(2, partKeys);
            values[layer] = cat(2, partValues);
            keys[layer].retainReference();
            values[layer].retainReference();
        }
    }

    /**
     * The rotary angles of positions {@code [begin, begin + n)} in the layout of transformers: {@code [n, headDim]},
     * both halves the same.
     */
    static Tensor angles(Shape shape, int begin, int n) {
        int half = shape.headDim() / 2;
        float[] angles = new float[n * shape.headDim()];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < half; j++) {
                float angle = (float) ((begin + i) / Math.pow(shape.ropeTheta(), (double) j / half));
                angles[i * shape.headDim() + j] = angle;
                angles[i * shape.headDim() + half + j] = angle;
            }
        }
        return tensor(angles, ScalarType.Float, n, shape.headDim());
    }

    /** transformers' {@code apply_rotary_pos_emb}: {@code x * cos + rotate_half(x) * sin}. */
    static Tensor rotated(Tensor x, Tensor cos, Tensor sin) {
        long half = x.size(3) / 2;
        Tensor swapped = cat(3, x.narrow(3, half, half).neg(), x.narrow(3, 0, half));
        return x.mul(cos).add(swapped.mul(sin));
    }

    @Override
    public void close() {
        for (int layer = 0; layer < keys.length; layer++) {
            if (keys[layer] != null) {
                keys[layer].close();
                values[layer].close();
            }
        }
    }
}
