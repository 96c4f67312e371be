package org.latent4j.benchmarks;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.latent4j.LatentModel;
import org.latent4j.latent.Alignment;
import org.latent4j.latent.AlignmentKind;
import org.latent4j.latent.Rollout;
import org.latent4j.memory.KeysAndValues;
import org.latent4j.memory.Memory;
import org.latent4j.memory.MemoryType;

/**
 * Checks that latent4j and libtorch compute the same numbers from the same checkpoint before their times are compared:
 * the hidden states of latent steps, aligned rows, and the keys of merged memories.
 */
final class SameWork {
    /** Both compute in f32 from bf16 weights: only the order of sums differs. */
    static final double F32_TOLERANCE = 1e-4;
    /** Memory, or all of libtorch's numbers, rounded to 8 bits. */
    static final double BF16_TOLERANCE = 5e-2;
    private static final int PROMPT = 48;
    private static final int STEPS = 3;

    private final Shape shape;

    private SameWork(Shape shape) {
        this.shape = shape;
    }

    /**
     * Compares.
     *
     * @return what was compared and how far apart it is
     * @throws IllegalStateException if something is not the same
     */
    static String check(Shape shape) throws IOException {
        Fixture.prepareTorch();
        return new SameWork(shape).run();
    }

    private String run() throws IOException {
        List<String> said = new ArrayList<>();
        try (LatentModel exact = Fixture.open(RandomCheckpoint.of(shape), 0, MemoryType.F32);
                LatentModel model = Fixture.open(shape, 0);
                LatentModel other = Fixture.open(shape, 64)) {
            Alignment alignment = model.alignment(AlignmentKind.RIDGE);
            float[] f32 = libtorch(ScalarType.Float, alignment);
            said.add(compared("latent steps, f32", latent4j(exact), f32, F32_TOLERANCE));
            said.add(compared("latent steps, bf16 memory", latent4j(model), f32, BF16_TOLERANCE));
            said.add(compared("latent steps, libtorch in bf16", libtorch(ScalarType.BFloat16, alignment), f32,
                    BF16_TOLERANCE));
            said.add(compared("alignment", model.align(AlignmentKind.RIDGE, Fixture.numbers(3 * shape.dModel())),
                    aligned(alignment), F32_TOLERANCE));
            said.add(merged(model, other));
        }
        return shape + ", relative distance of latent4j and libtorch: " + String.join("; ", said);
    }

    /** The hidden states after each latent step, {@code [STEPS, dModel]}. */
    private static float[] latent4j(LatentModel model) {
        try (Memory memory = model.newMemory()) {
            return model.rollout(Rollout.builder().add(memory, Fixture.tokens(PROMPT)).latentSteps(STEPS)
                    .alignment(AlignmentKind.RIDGE).captureLatents().build()).members().get(0).latentHidden();
        }
    }

    private float[] libtorch(ScalarType type, Alignment alignment) throws IOException {
        int d = shape.dModel();
        float[] states = new float[STEPS * d];
        try (TorchDecoder decoder = new TorchDecoder(shape, RandomCheckpoint.of(shape), type);
                TorchMemory memory = new TorchMemory(shape, type);
                Tensor matrix = TorchMemory.tensor(alignment.matrix(), ScalarType.Float, d, d);
                Tensor prompt = decoder.embed(Fixture.tokens(PROMPT))) {
            Tensor hidden = last(decoder.forward(prompt, memory));
            for (int step = 0; step < STEPS; step++) {
                try (Tensor input = TorchDecoder.align(hidden, matrix, alignment.targetNorm())) {
                    hidden.close();
                    hidden = decoder.forward(input, memory);
                    System.arraycopy(TorchMemory.floats(hidden), 0, states, step * d, d);
                }
            }
            hidden.close();
        }
        return states;
    }

    private static Tensor last(Tensor hidden) {
        try (hidden) {
            return hidden.narrow(1, hidden.size(1) - 1, 1);
        }
    }

    private float[] aligned(Alignment alignment) {
        int d = shape.dModel();
        try (Tensor hidden = TorchMemory.tensor(Fixture.numbers(3 * d), ScalarType.Float, 1, 3, d);
                Tensor matrix = TorchMemory.tensor(alignment.matrix(), ScalarType.Float, d, d);
                Tensor aligned = TorchDecoder.align(hidden, matrix, alignment.targetNorm())) {
            return TorchMemory.floats(aligned);
        }
    }

    /** Two memories of one instance merged into another instance, and their copies in libtorch. */
    private String merged(LatentModel model, LatentModel other) {
        try (Memory first = Fixture.memory(model, PROMPT); Memory second = Fixture.memory(model, PROMPT / 2 + 1);
                Memory merged = other.merge(List.of(first, second));
                TorchMemory firstCopy = copy(first); TorchMemory secondCopy = copy(second);
                TorchMemory joined = TorchMemory.joined(List.of(firstCopy, secondCopy), true)) {
            int layer = shape.nLayers() - 1;
            KeysAndValues ours = merged.readLayer(layer);
            compared("merged values", ours.values(), TorchMemory.floats(joined.values(layer)), 0);
            return compared("merged keys", ours.keys(), TorchMemory.floats(joined.keys(layer)), BF16_TOLERANCE);
        }
    }

    private TorchMemory copy(Memory memory) {
        TorchMemory copy = new TorchMemory(shape, ScalarType.BFloat16);
        for (int layer = 0; layer < shape.nLayers(); layer++) {
            KeysAndValues numbers = memory.readLayer(layer);
            copy.set(layer, numbers.length(), numbers.keys(), numbers.values());
        }
        return copy;
    }

    /** The norm of the difference over the norm, checked against the tolerance. */
    private String compared(String what, float[] actual, float[] expected, double tolerance) {
        double distance = distance(actual, expected);
        if (!(distance <= tolerance)) {
            throw new IllegalStateException(String.format(Locale.ROOT,
                    "%s, %s: latent4j and libtorch do not compute the same, relative distance %.2g, allowed %.2g",
                    shape, what, distance, tolerance));
        }
        return String.format(Locale.ROOT, "%s %.1e", what, distance);
    }

    static double distance(float[] actual, float[] expected) {
        if (actual.length != expected.length) {
            throw new IllegalArgumentException(actual.length + " numbers beside " + expected.length);
        }
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < actual.length; i++) {
            double delta = (double) actual[i] - expected[i];
            difference += delta * delta;
            norm += (double) expected[i] * expected[i];
        }
        return Math.sqrt(difference / norm);
    }
}
