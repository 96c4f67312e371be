package org.latent4j.benchmarks;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.latent4j.Machine;
import org.latent4j.benchmarks.Comparison.Subject;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * Runs everything and prints one table: first a check that latent4j and libtorch compute the same, then JMH, each line
 * of the table in {@value #ROUNDS} rounds. A round gives latent4j, libtorch and the limit a fresh JVM each, one right
 * after another.
 *
 * <p>Arguments: the lines to run ({@code latent-step alignment hand-off merge decode}), or none for all, whose results
 * then go to {@code benchmarks/results/<machine>.csv} below the working directory.
 */
public final class Benchmarks {
    private static final int ROUNDS = 3;
    private static final TimeValue ITERATION = TimeValue.milliseconds(600);
    private static final int ITERATIONS = 3;
    private static final double MEDIAN = 50;
    private static final String WAIT_POLICY = "OMP_WAIT_POLICY";

    private Benchmarks() {
    }

    public static void main(String[] args) throws IOException, InterruptedException, RunnerException {
        if (System.getenv(WAIT_POLICY) == null) {
            System.exit(runAgainWithWaitPolicy(args));
        }
        for (String shape : List.of(Shape.SMOLLM2, Shape.QWEN3)) {
            System.out.println("checkpoint " + RandomCheckpoint.of(Shape.named(shape)));
            System.out.println(SameWork.check(Shape.named(shape)));
        }
        List<Comparison> comparisons = new ArrayList<>();
        for (Case what : Case.all()) {
            if (args.length == 0 || Arrays.asList(args).contains(what.benchmark())) {
                Comparison comparison = compare(what);
                System.out.print(Report.row(comparison));
                comparisons.add(comparison);
            }
        }
        Report report = new Report(Machine.current(), comparisons);
        System.out.println();
        System.out.println(report.table());
        if (args.length == 0) {
            System.out.println("written to " + report.write(Path.of("benchmarks", "results")));
        }
    }

    /**
     * libtorch's threads, OpenMP's and OpenBLAS's, spin while they wait, by default; each pool then keeps the other
     * from its work, and on a machine that has anything else to do both lose far more time than they save. Whoever sets
     * the variable decides; otherwise they sleep, which only the environment of a new process can tell them.
     */
    private static int runAgainWithWaitPolicy(String[] args) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Benchmarks.class.getName()));
        command.addAll(Arrays.asList(args));
        ProcessBuilder process = new ProcessBuilder(command).inheritIO();
        process.environment().put(WAIT_POLICY, "passive");
        process.environment().putIfAbsent("OPENBLAS_THREAD_TIMEOUT", "4"); // 2^4 cycles
        return process.start().waitFor();
    }

    private static Comparison compare(Case what) throws RunnerException {
        Comparison comparison = new Comparison(what);
        for (int round = 1; round <= ROUNDS; round++) {
            System.out.printf("%s %s, %s: round %d of %d%n", what.benchmark(), what.shape(), what.operation(), round,
                    ROUNDS);
            Map<Subject, Double> times = new EnumMap<>(Subject.class);
            for (RunResult result : new Runner(options(what).build()).run()) {
                times.put(subject(what, result), result.getPrimaryResult().getStatistics().getPercentile(MEDIAN));
            }
            comparison.add(times);
        }
        return comparison;
    }

    private static ChainedOptionsBuilder options(Case what) {
        String methods = what.bytes() > 0 ? "(latent4j|libtorch|limit)" : "(latent4j|libtorch)";
        ChainedOptionsBuilder options = new OptionsBuilder()
                .include("\\." + what.type().getSimpleName() + "\\." + methods + "$").forks(1).warmupIterations(1)
                .warmupTime(ITERATION).measurementIterations(ITERATIONS).measurementTime(ITERATION)
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
