package org.latent4j;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.latent4j.model.ModelOptions;

/**
 * One of the tiny checkpoints of {@code native/tests/data/golden} and the numbers that the method must produce on it.
 */
public final class Golden {
    /** The four checkpoints. */
    public static final List<String> NAMES = List.of("tiny-qwen3", "tiny-qwen3-untied", "tiny-qwen2", "tiny-llama3");

    private final Path folder;
    private final JsonNode header;
    private final ByteBuffer data;

    private Golden(Path folder) throws IOException {
        this.folder = folder;
        ByteBuffer file = ByteBuffer.wrap(Files.readAllBytes(folder.resolve("golden.safetensors")))
                .order(ByteOrder.LITTLE_ENDIAN);
        byte[] json = new byte[Math.toIntExact(file.getLong())];
        file.get(json);
        header = new ObjectMapper().readTree(json);
        data = file.slice().order(ByteOrder.LITTLE_ENDIAN);
    }

    /** What tests compute on: {@code -Dlatent4j.test.device=cuda:0}, or the CPU. */
    public static Device device() {
        return Device.of(System.getProperty("latent4j.test.device", "cpu"));
    }

    /** Options on {@link #device()}. */
    public static ModelOptions.Builder options() {
        return ModelOptions.builder().device(device());
    }

    public static Golden of(String name) {
        try {
            return new Golden(data("golden").resolve(name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A folder of {@code native/tests/data}. */
    public static Path data(String name) {
        return Path.of(System.getProperty("l4j.root", "../.."), "native", "tests", "data", name);
    }

    public Path folder() {
        return folder;
    }

    /** The code that {@code body} fails with, null if it does not. */
    public static ErrorCode code(Runnable body) {
        try {
            body.run();
            return null;
        } catch (LatentException e) {
            return e.code();
        }
    }

    /** The prompt of planner (0), critic, refiner or judger (3). */
    public int[] prompt(int agent) {
        return ints("prompt_ids." + agent);
    }

    public float[] floats(String name) {
        ByteBuffer bytes = tensor(name, "F32");
        float[] values = new float[bytes.remaining() / 4];
        bytes.asFloatBuffer().get(values);
        return values;
    }

    public int[] ints(String name) {
        if (header.path(name).path("dtype").asText().equals("I32")) {
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

    private ByteBuffer tensor(String name, String dtype) {
        JsonNode entry = header.path(name);
        if (!entry.path("dtype").asText().equals(dtype)) {
            throw new IllegalArgumentException(folder + " has no " + dtype + " tensor " + name + ": " + entry);
        }
        int begin = entry.path("data_offsets").path(0).asInt();
        int end = entry.path("data_offsets").path(1).asInt();
        return data.slice(begin, end - begin).order(ByteOrder.LITTLE_ENDIAN);
    }
}
