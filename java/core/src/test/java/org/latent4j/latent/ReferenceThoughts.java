package org.latent4j.latent;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.latent4j.Golden;
import org.latent4j.Safetensors;

/** What a thought is made of and what is to be seen of it, worked out in double from a checkpoint's own weights. */
final class ReferenceThoughts {
    private final double[][] input;
    private final double[][] output;

    ReferenceThoughts(Golden golden, int d) throws IOException {
        Safetensors weights = new Safetensors(golden.folder().resolve("model.safetensors"));
        input = rows(weights.floats("model.embed_tokens.weight"), d);
        output = weights.has("lm_head.weight") ? rows(weights.floats("lm_head.weight"), d) : input;
    }

    static double[][] rows(float[] matrix, int d) {
        double[][] rows = new double[matrix.length / d][d];
        for (int i = 0; i < matrix.length; i++) {
            rows[i / d][i % d] = matrix[i];
        }
        return rows;
    }

    /** Before softmax. */
    double[] logits(double[] hidden) {
        return Arrays.stream(output).mapToDouble(row -> dot(row, hidden)).toArray();
    }

    List<Integer> likeliest(double[] logits, int k) {
        return IntStream.range(0, logits.length).boxed().sorted((a, b) -> Double.compare(logits[b], logits[a]))
            .limit(k).toList();
    }

    /** The k likeliest tokens' embeddings, mixed. */
    double[] soft(double[] hidden, int k, double temperature) {
        double[] logits = logits(hidden);
        List<Integer> tokens = likeliest(logits, k);
        double[] share = softmax(tokens.stream().mapToDouble(token -> logits[token] / temperature).toArray());
        double[] mixed = new double[hidden.length];
        for (int i = 0; i < k; i++) {
            for (int j = 0; j < mixed.length; j++) {
                mixed[j] += share[i] * input[tokens.get(i)][j];
            }
        }
        return mixed;
    }

    /** How much of the first of two tokens is in a mixture of both. */
    double share(float[] mixture, int first, int second) {
        double product = 0;
        double square = 0;
        for (int j = 0; j < mixture.length; j++) {
            double apart = input[first][j] - input[second][j];
            product += (mixture[j] - input[second][j]) * apart;
            square += apart * apart;
        }
        return product / square;
    }

    /** What is seen of the thought e that was made of {@code hidden}, after {@code before}; null: it is the first. */
    Thought seen(int step, double[] hidden, double[] e, double[] before) {
        double[] logits = logits(hidden);
        double[] p = softmax(logits);
        double entropy = -Arrays.stream(p).filter(x -> x > 0).map(x -> x * Math.log(x)).sum();
        int nearest = IntStream.range(0, input.length).boxed()
            .max((a, b) -> Double.compare(cosine(input[a], e), cosine(input[b], e))).orElseThrow();
        return new Thought(step, entropy, Math.sqrt(dot(e, e)), before == null ? Double.NaN : cosine(e, before),
            cosine(input[nearest], e), nearest,
            likeliest(logits, 5).stream().map(token -> new Thought.Likely(token, p[token])).toList());
    }

    private static double[] softmax(double[] logits) {
        double most = Arrays.stream(logits).max().orElseThrow();
        double sum = Arrays.stream(logits).map(x -> Math.exp(x - most)).sum();
        return Arrays.stream(logits).map(x -> Math.exp(x - most) / sum).toArray();
    }

    private static double cosine(double[] a, double[] b) {
        double product = dot(a, b);
        return product == 0 ? 0 : product / Math.sqrt(dot(a, a) * dot(b, b)); // rows of padding are all zeros
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }
}
