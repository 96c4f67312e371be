package org.latent4j.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A bf16 safetensors file as libtorch's tensors: copied into memory of libtorch's own, and converted where another type
 * is wanted.
 */
final class Weights implements AutoCloseable {
    private final Map<String, Tensor> tensors = new HashMap<>();

    private Weights() {
    }

    static Weights read(Path folder, ScalarType type) throws IOException {
        Weights weights = new Weights();
        try (FileChannel file = FileChannel.open(folder.resolve("model.safetensors"), StandardOpenOption.READ)) {
            long length = read(file, 0, 8).getLong();
            byte[] text = new byte[(int) length];
            read(file, 8, text.length).get(text);
            for (Map.Entry<String, JsonNode> entry : new ObjectMapper().readTree(text).properties()) {
                if (!entry.getKey().equals("__metadata__")) {
                    weights.tensors.put(entry.getKey(), tensor(file, 8 + length, entry.getValue(), type));
                }
            }
        }
        return weights;
    }

    private static Tensor tensor(FileChannel file, long dataStart, JsonNode entry, ScalarType type) throws IOException {
        long[] shape = new long[entry.get("shape").size()];
        for (int i = 0; i < shape.length; i++) {
            shape[i] = entry.get("shape").get(i).asLong();
        }
        long begin = entry.get("data_offsets").get(0).asLong();
        long end = entry.get("data_offsets").get(1).asLong();
        try (BytePointer bytes = new BytePointer(file.map(FileChannel.MapMode.READ_ONLY, dataStart + begin,
                end - begin));
                TensorOptions bf16 = new TensorOptions(ScalarType.BFloat16);
                Tensor mapped = torch.from_blob(bytes, shape, bf16)) {
            return type == ScalarType.BFloat16 ? mapped.clone() : mapped.to(type);
        }
    }

    private static ByteBuffer read(FileChannel file, long position, int bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
        while (buffer.hasRemaining()) {
            if (file.read(buffer, position + buffer.position()) < 0) {
                throw new IOException("the file ends at " + (position + buffer.position()));
            }
        }
        return buffer.flip();
    }

    /** The tensor of this name. */
    Tensor get(String name) {
        Tensor tensor = tensors.get(name);
        if (tensor == null) {
            throw new IllegalArgumentException("no tensor " + name);
        }
        return tensor;
    }

    @Override
    public void close() {
        tensors.values().forEach(Tensor::close);
    }
}
