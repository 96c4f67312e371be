package org.latent4j;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import org.latent4j.model.ModelOptions;

/**
 * One of the tiny checkpoints of {@code native/tests/data/golden} and the numbers that the method must produce on it.
 */
public final class Golden {
    /** The checkpoints. */
    public static final List<String> NAMES = List.of("tiny-qwen3", "tiny-qwen3-untied", "tiny-qwen2", "tiny-llama3",
            "tiny-mistral-swa");

    private final Path folder;
    private final Safetensors tensors;
    private final Safetensors soft;

    private Golden(Path folder) throws IOException {
        this.folder = folder;
        tensors = new Safetensors(folder.resolve("golden.safetensors"));
        soft = new Safetensors(folder.resolve("soft.safetensors"));
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

    /** Whether there is such a tensor. */
    public boolean has(String name) {
        return in(name).has(name);
    }

    public float[] floats(String name) {
        return in(name).floats(name);
    }

    public int[] ints(String name) {
        return in(name).ints(name);
    }

    private Safetensors in(String name) {
        return soft.has(name) ? soft : tensors;
    }
}
