package org.latent4j.benchmarks;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.latent4j.Device;
import org.latent4j.benchmarks.Comparison.Subject;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * Runs everything and prints one table: first a check that latent4j and libtorch compute the same, then JMH, each line of the table in
 * {@value #ROUNDS} rounds. A round gives latent4j, libtorch and the limit a fresh JVM each, one right after another.
 *
 * <p>Arguments: the lines to run ({@code latent-step alignment hand-off merge decode}), or none for all, whose results then go to
 * {@code benchmarks/results/<machine>.csv} below the working directory.
 */
public final class Benchmarks {
    private static final int ROUNDS = 3;
    private static final TimeValue ITERATION = TimeValue.milliseconds(600);
    private static final int ITERATIONS = 3;
    private static final double MEDIAN = 50;

    private Benchmarks() {
    }

    public static void main(String[] args) throws IOException, RunnerException {
        for (String shape : List.of(Shape.SMOLLM2, Shape.QWEN3)) {
            System.out.println("checkpoint " + RandomCheckpoint.of(Shape.named(shape)));
            System.out.println(SameWork.check(Shape.named(shape)));
        }
        List<Comparison> comparisons = new ArrayList<>();
        for (Case what : Case.all()) {
            if (args.length == 0 || Arrays.asList(args).contains(what.benchmark())) {
                comparisons.add(compare(what));
            }
        }
        Report report = new Report(Device.current(), comparisons);
        System.out.println();
        System.out.println(report.table());
        if (args.length == 0) {
            System.out.println("written to " + report.write(Path.of("benchmarks", "results")));
        }
    }

    private static Comparison compare(Case what) throws RunnerException {
        Comparison comparison = new Comparison(what);
        for (int round = 1; round <= ROUNDS; round++) {
            System.out.printf("%s %s, %s: round %d of %d%n", what.benchmark(), what.shape(), what.operation(), round, ROUNDS);
            Map<Subject, Double> times = new EnumMap<>(Subject.class);
            for (RunResult result : new Runner(options(what).build()).run()) {
                times.put(subject(what, result), result.getPrimaryResult().getStatistics().getPercentile(MEDIAN));
            }
            comparison.add(times);
        }
        return comparison;
    }

    private static ChainedOptionsBuilder options(Case what) {
        ChainedOptionsBuilder options = new OptionsBuilder().include("\\." + what.type().getSimpleName() + "\\.").forks(1)
                .warmupIterations(1).warmupTime(ITERATION).measurementIterations(ITERATIONS).measurementTime(ITERATION)
                .verbosity(VerboseMode.SILENT).shouldFailOnError(true);
        what.parameters().forEach(options::param);
        if (Runtime.version().feature() >= 22) {
            options.jvmArgsAppend("--enable-native-access=ALL-UNNAMED");
        }
        return options;
    }

    private static Subject subject(Case what, RunResult result) {
        String method = result.getPrimaryResult().getLabel();
        if (!method.equals("libtorch")) {
            return method.equals("limit") ? Subject.LIMIT : Subject.LATENT4J;
        }
        String type = result.getParams().getParam("type");
        boolean f32 = type == null ? what.type() == AlignmentBenchmark.class : type.equals("Float");
        return f32 ? Subject.LIBTORCH_F32 : Subject.LIBTORCH_BF16;
    }
}
