package org.latent4j;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** The tensors of a file, read without the library under test. */
public final class Safetensors {
    private final Path path;
    private final ObjectNode header;
    private final ByteBuffer data;

    public Safetensors(Path path) throws IOException {
        this.path = path;
        ByteBuffer file = ByteBuffer.wrap(Files.readAllBytes(path)).order(ByteOrder.LITTLE_ENDIAN);
        byte[] json = new byte[Math.toIntExact(file.getLong())];
        file.get(json);
        header = (ObjectNode) new ObjectMapper().readTree(json);
        data = file.slice().order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Copies a file and gives it one more tensor, {@code twin}, whose bytes are those of {@code name}. */
    public static void copyWithTwin(Path from, Path to, String name, String twin) throws IOException {
        Safetensors all = new Safetensors(from);
        ObjectNode header = all.header.deepCopy();
        ObjectNode entry = header.get(name).deepCopy();
        int end = all.data.capacity();
        ByteBuffer bytes = all.tensor(name, all.dtype(name));
        entry.putArray("data_offsets").add(end).add(end + bytes.remaining());
        header.set(twin, entry);
        byte[] json = header.toString().getBytes(StandardCharsets.UTF_8);
        int padded = (json.length + 7) / 8 * 8;
        ByteBuffer file = ByteBuffer.allocate(8 + padded + end + bytes.remaining()).order(ByteOrder.LITTLE_ENDIAN);
        file.putLong(padded).put(json);
        while (file.position() < 8 + padded) {
            file.put((byte) ' ');
        }
        Files.write(to, file.put(all.data.duplicate()).put(bytes).array());
    }

    public boolean has(String name) {
        return header.has(name);
    }

    /** Of F32 or BF16. */
    public float[] floats(String name) {
        if (dtype(name).equals("BF16")) {
            ByteBuffer bytes = tensor(name, "BF16");
            float[] values = new float[bytes.remaining() / 2];
            for (int i = 0; i < values.length; i++) {
                values[i] = Float.intBitsToFloat(bytes.getShort(2 * i) << 16);
            }
            return values;
        }
        ByteBuffer bytes = tensor(name, "F32");
        float[] values = new float[bytes.remaining() / 4];
        bytes.asFloatBuffer().get(values);
        return values;
    }

    /** Of I32 or I64. */
    public int[] ints(String name) {
        if (dtype(name).equals("I32")) {
            ByteBuffer bytes = tensor(name, "I32");
            int[] values = new int[bytes.remaining() / 4];
            bytes.asIntBuffer().get(values);
            return values;
        }
        ByteBuffer bytes = tensor(name, "I64");
        int[] values = new int[bytes.remaining() / 8];
        for (int i = 0; i < values.length; i++) {
            values[i] = Math.toIntExact(bytes.getLong(8 * i));
        }
        return values;
    }

    private String dtype(String name) {
        return header.path(name).path("dtype").asText();
    }

    private ByteBuffer tensor(String name, String dtype) {
        JsonNode entry = header.path(name);
        if (!dtype(name).equals(dtype)) {
            throw new IllegalArgumentException(path + " has no " + dtype + " tensor " + name + ": " + entry);
        }
        int begin = entry.path("data_offsets").path(0).asInt();
        int end = entry.path("data_offsets").path(1).asInt();
        return data.slice(begin, end - begin).order(ByteOrder.LITTLE_ENDIAN);
    }
}
