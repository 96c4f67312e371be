package org.latent4j.benchmarks;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.Function;
import java.util.stream.DoubleStream;

/**
 * The times of one {@link Case}, round by round. Within a round everything runs one after another; ratios are taken
 * within a round and their median over the rounds, because on a shared machine two minutes differ more than two engines
 * do.
 */
final class Comparison {
    /** What was measured. */
    enum Subject {
        /** The engine. */
        LATENT4J,
        /** The baseline in bf16. */
        LIBTORCH_BF16,
        /** The baseline in f32. */
        LIBTORCH_F32,
        /** The machine. */
        LIMIT
    }

    private final Case what;
    private final List<Map<Subject, Double>> rounds = new ArrayList<>();

    Comparison(Case what) {
        this.what = what;
    }

    Case what() {
        return what;
    }

    /** Adds a round: the median time of an operation, in microseconds, of each subject that took part. */
    void add(Map<Subject, Double> microseconds) {
        rounds.add(new EnumMap<>(microseconds));
    }

    int rounds() {
        return rounds.size();
    }

    /** The median time over the rounds in microseconds; empty if the subject took no part. */
    OptionalDouble microseconds(Subject subject) {
        return median(round -> round.get(subject));
    }

    /** How many times faster than libtorch in its faster type. */
    OptionalDouble timesLibtorch() {
        return median(Comparison::timesLibtorch);
    }

    /** The lowest of the rounds' {@link #timesLibtorch()}. */
    OptionalDouble lowestTimesLibtorch() {
        return values(Comparison::timesLibtorch).min();
    }

    /** The highest of the rounds' {@link #timesLibtorch()}. */
    OptionalDouble highestTimesLibtorch() {
        return values(Comparison::timesLibtorch).max();
    }

    /** How much of the limit's speed is reached, 1: all. */
    OptionalDouble partOfLimit() {
        return median(round -> round.containsKey(Subject.LIMIT) ? round.get(Subject.LIMIT) / round.get(Subject.LATENT4J)
                : null);
    }

    private static Double timesLibtorch(Map<Subject, Double> round) {
        double bf16 = round.getOrDefault(Subject.LIBTORCH_BF16, Double.POSITIVE_INFINITY);
        double f32 = round.getOrDefault(Subject.LIBTORCH_F32, Double.POSITIVE_INFINITY);
        double faster = Math.min(bf16, f32);
        return Double.isInfinite(faster) ? null : Double.valueOf(faster / round.get(Subject.LATENT4J));
    }

    private DoubleStream values(Function<Map<Subject, Double>, Double> value) {
        return rounds.stream().map(value).filter(number -> number != null).mapToDouble(Double::doubleValue);
    }

    private OptionalDouble median(Function<Map<Subject, Double>, Double> value) {
        double[] sorted = values(value).sorted().toArray();
        int n = sorted.length;
        return n == 0 ? OptionalDouble.empty() : OptionalDouble.of((sorted[(n - 1) / 2] + sorted[n / 2]) / 2);
    }
}
