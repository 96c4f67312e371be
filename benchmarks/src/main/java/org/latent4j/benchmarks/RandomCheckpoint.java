package org.latent4j.benchmarks;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.SplittableRandom;

/**
 * Writes a Hugging Face folder ({@code config.json}, {@code model.safetensors} in bf16) of a given shape with random
 * weights: a speed depends on a model's shape, not on what it learnt, and a generated one needs no download. The same
 * shape gives the same bytes everywhere.
 */
final class RandomCheckpoint {
    /** Stands in the file's metadata: other bytes, another version. */
    private static final String VERSION = "latent4j random weights, version 1";

    /** The usual one. With a much larger one the layers amplify a rounding to the size of the hidden state itself. */
    private static final float DEVIATION = 0.02f;
    private static final float NORM_DEVIATION = 0.1f;
    private static final int BUFFER_BYTES = 1 << 20;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Shape shape;

    private RandomCheckpoint(Shape shape) {
        this.shape = shape;
    }

    /**
     * Where checkpoints are kept between runs: the property {@code latent4j.benchmarks.checkpoints}, or below the
     * temporary folder.
     */
    static Path cache() {
        String folder = System.getProperty("latent4j.benchmarks.checkpoints");
        return folder != null ? Path.of(folder) : Path.of(System.getProperty("java.io.tmpdir"), "latent4j-benchmarks");
    }

    /** The checkpoint's folder in the {@link #cache()}, written if it is not there yet. */
    static Path of(Shape shape) throws IOException {
        return write(shape, cache());
    }

    /**
     * Writes the checkpoint to {@code parent/name}, unless what lies there already is it.
     *
     * @return the folder
     */
    static Path write(Shape shape, Path parent) throws IOException {
        RandomCheckpoint checkpoint = new RandomCheckpoint(shape);
        Path folder = parent.resolve(shape.name());
        if (!checkpoint.liesIn(folder)) {
            Files.createDirectories(folder);
            checkpoint.writeWeights(folder.resolve("model.safetensors"));
            Files.writeString(folder.resolve("config.json"), checkpoint.config());
        }
        return folder;
    }

    /**
     * By the config and the weights' header and size; the weights themselves are taken on trust, since they are renamed
     * into place whole.
     */
    private boolean liesIn(Path folder) throws IOException {
        Path config = folder.resolve("config.json");
        Path weights = folder.resolve("model.safetensors");
        if (!Files.exists(config) || !Files.exists(weights) || !Files.readString(config).equals(config())) {
            return false;
        }
        byte[] header = header();
        if (Files.size(weights) != header.length + dataBytes()) {
            return false;
        }
        try (var in = Files.newInputStream(weights)) {
            return Arrays.equals(in.readNBytes(header.length), header);
        }
    }

    private String config() throws IOException {
        ObjectNode config = JSON.createObjectNode();
        config.putArray("architectures").add(shape.family().equals("qwen3") ? "Qwen3ForCausalLM" : "LlamaForCausalLM");
        config.put("model_type", shape.family());
        config.put("attention_bias", false);
        config.put("mlp_bias", false);
        config.put("hidden_act", "silu");
        config.put("hidden_size", shape.dModel());
        config.put("intermediate_size", shape.dFf());
        config.put("num_hidden_layers", shape.nLayers());
        config.put("num_attention_heads", shape.nHeads());
        config.put("num_key_value_heads", shape.nKvHeads());
        config.put("head_dim", shape.headDim());
        config.put("vocab_size", shape.vocabulary());
        config.put("max_position_embeddings", shape.maxPositions());
        config.put("rms_norm_eps", shape.rmsEps());
        config.put("rope_theta", shape.ropeTheta());
        config.putNull("rope_scaling");
        config.put("tie_word_embeddings", true);
        config.put("bos_token_id", 0);
        config.put("eos_token_id", 2);
        config.put("torch_dtype", "bfloat16");
        return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(config) + "\n";
    }

    private long dataBytes() {
        return 2 * shape.tensors().values().stream().mapToLong(Shape::count).sum();
    }

    /** The file's first bytes: the header's length in 8 bytes, the header padded to a multiple of 8. */
    private byte[] header() throws IOException {
        ObjectNode header = JSON.createObjectNode();
        header.putObject("__metadata__").put("format", "pt").put("generator", VERSION);
        long offset = 0;
        for (Map.Entry<String, long[]> tensor : shape.tensors().entrySet()) {
            ObjectNode entry = header.putObject(tensor.getKey()).put("dtype", "BF16");
            entry.putPOJO("shape", tensor.getValue());
            long end = offset + 2 * Shape.count(tensor.getValue());
            entry.putArray("data_offsets").add(offset).add(end);
            offset = end;
        }
        String text = JSON.writeValueAsString(header);
        byte[] bytes = (text + " ".repeat(Math.floorMod(-text.length(), 8))).getBytes(StandardCharsets.US_ASCII);
        return ByteBuffer.allocate(8 + bytes.length).order(ByteOrder.LITTLE_ENDIAN).putLong(bytes.length).put(bytes)
                .array();
    }

    /** Writes under another name and renames, so that an interrupted run leaves nothing that looks whole. */
    private void writeWeights(Path file) throws IOException {
        Path part = Files.createTempFile(file.getParent(), "model", ".part");
        try {
            try (FileChannel out = FileChannel.open(part, StandardOpenOption.WRITE)) {
                out.write(ByteBuffer.wrap(header()));
                for (Map.Entry<String, long[]> tensor : shape.tensors().entrySet()) {
                    boolean norm = tensor.getValue().length == 1;
                    short[] normal = norm ? normal(1, NORM_DEVIATION) : normal(0, DEVIATION);
                    write(out, new SplittableRandom(tensor.getKey().hashCode()), normal,
                            Shape.count(tensor.getValue()));
                }
            }
            Files.move(part, file, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(part);
        }
    }

    /**
     * 65536 normal numbers as bf16: weights are drawn from this table, for half a billion of them take seconds that
     * way, not minutes.
     */
    private static short[] normal(float mean, float deviation) {
        Random random = new Random(42);
        short[] table = new short[1 << 16];
        for (int i = 0; i < table.length; i++) {
            table[i] = (short) (Float.floatToIntBits((float) (mean + deviation * random.nextGaussian())) >>> 16);
        }
        return table;
    }

    private static void write(FileChannel out, SplittableRandom random, short[] table, long count) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (long left = count; left > 0;) {
            buffer.clear();
            for (int n = (int) Math.min(left, BUFFER_BYTES / 2); n > 0; left -= Math.min(4, n), n -= 4) {
                long bits = random.nextLong();
                for (int i = 0; i < Math.min(4, n); i++) {
                    buffer.putShort(table[(int) (bits >>> 16 * i) & 0xffff]);
                }
            }
            buffer.flip();
            while (buffer.hasRemaining()) {
                out.write(buffer);
            }
        }
    }
}
