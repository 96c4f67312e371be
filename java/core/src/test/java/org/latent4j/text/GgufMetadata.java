package org.latent4j.text;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Reads a GGUF file's metadata in Java, so that these tests need no native library. */
final class GgufMetadata {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private final ByteBuffer in;

    private GgufMetadata(ByteBuffer in) {
        this.in = in;
    }

    static JsonNode read(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file)) {
            ByteBuffer map = channel.map(FileChannel.MapMode.READ_ONLY, 0, Math.min(channel.size(), 64 << 20));
            return new GgufMetadata(map.order(ByteOrder.LITTLE_ENDIAN)).metadata();
        }
    }

    private ObjectNode metadata() {
        in.position(16); // magic, version, number of tensors
        long count = in.getLong();
        ObjectNode result = NODES.objectNode();
        for (long i = 0; i < count; i++) {
            String key = string();
            result.set(key, value(in.getInt()));
        }
        return result;
    }

    private String string() {
        byte[] bytes = new byte[Math.toIntExact(in.getLong())];
        in.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private JsonNode value(int type) {
        return switch (type) {
            case 0, 1 -> NODES.numberNode(in.get());
            case 2, 3 -> NODES.numberNode(in.getShort());
            case 4, 5 -> NODES.numberNode(in.getInt());
            case 6 -> NODES.numberNode(in.getFloat());
            case 7 -> NODES.booleanNode(in.get() != 0);
            case 8 -> NODES.textNode(string());
            case 9 -> array(in.getInt(), in.getLong());
            case 10, 11 -> NODES.numberNode(in.getLong());
            case 12 -> NODES.numberNode(in.getDouble());
            default -> throw new IllegalStateException("GGUF value type " + type);
        };
    }

    private ArrayNode array(int type, long count) {
        ArrayNode array = NODES.arrayNode();
        for (long i = 0; i < count; i++) {
            array.add(value(type));
        }
        return array;
    }
}
