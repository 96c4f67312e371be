package org.latent4j.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.latent4j.LatentModel;
import org.latent4j.latent.AlignmentKind;
import org.latent4j.latent.Rollout;
import org.latent4j.latent.Sampling;
import org.latent4j.memory.Memory;

/**
 * What this process holds in memory before a checkpoint is opened, after it is opened and every weight was read, and
 * after the same checkpoint is opened and read once more. Run it in a JVM of its own; the argument is a shape's name,
 * Qwen3-0.6B (1.2 GB) without one.
 */
public final class ResidentMemory {
    private static final int PROMPT = 64;

    private ResidentMemory() {
    }

    /** Prints a table; the file's pages are shared with the system's cache, anonymous memory is this process's own. */
    public static void main(String[] args) throws IOException {
        Path folder = RandomCheckpoint.of(Shape.named(args.length > 0 ? args[0] : Shape.QWEN3));
        double file = Files.size(folder.resolve("model.safetensors"));
        System.out.printf("file %.1f MB%n", file / 1e6);
        long start = print("before", 0, file);
        try (LatentModel first = LatentModel.open(folder)) {
            print("opened", start, file);
            readEveryWeight(first, AlignmentKind.IDENTITY);
            print("prefill, latent steps, decode", start, file);
            readEveryWeight(first, AlignmentKind.RIDGE);
            print("the same with ridge", start, file);
            try (LatentModel second = LatentModel.open(folder)) {
                readEveryWeight(second, AlignmentKind.RIDGE);
                print("a second instance, the same", start, file);
            }
        }
    }

    /** A prompt, two latent steps, two tokens: the logits read the whole embedding, to which they are tied. */
    private static void readEveryWeight(LatentModel model, AlignmentKind alignment) {
        try (Memory memory = model.newMemory()) {
            model.rollout(Rollout.builder().add(memory, Fixture.tokens(PROMPT)).latentSteps(2).alignment(alignment)
                    .sampling(Sampling.greedy(2)).build());
        }
    }

    private static long print(String what, long start, double file) throws IOException {
        Map<String, Long> bytes = new LinkedHashMap<>();
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("VmRSS:") || line.startsWith("Rss")) {
                bytes.put(line.substring(0, line.indexOf(':')), Long.parseLong(line.replaceAll("\\D", "")) << 10);
            }
        }
        long now = bytes.get("VmRSS");
        System.out.printf("%-30s resident %7.1f MB (anonymous %6.1f, file %7.1f)", what, now / 1e6,
                bytes.get("RssAnon") / 1e6, bytes.get("RssFile") / 1e6);
        System.out.println(start == 0 ? "" : String.format(", %.1f more: %.3f of the file", (now - start) / 1e6,
                (now - start) / file));
        return now;
    }
}
