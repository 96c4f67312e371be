package org.latent4j.benchmarks;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.latent4j.Device;
import org.latent4j.Machine;
import org.latent4j.benchmarks.Comparison.Subject;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.BenchmarkList;
import org.openjdk.jmh.runner.BenchmarkListEntry;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * Runs everything and prints one table: first a check that latent4j and libtorch compute the same, then JMH, each line
 * of the table in {@value #ROUNDS} rounds. A round gives latent4j, libtorch and the limit a fresh JVM each, one right
 * after another.
 *
 * <p>Arguments: the lines to run ({@code latent-step alignment hand-off merge decode}), or none for all, whose results
 * then go to {@code benchmarks/results/<machine>.csv} below the working directory. Anything else is for JMH: its
 * options, and regular expressions that match benchmarks.
 */
public final class Benchmarks {
    private static final int ROUNDS = 3;
    private static final double MEDIAN = 50;
    private static final String WAIT_POLICY = "OMP_WAIT_POLICY";

    private Benchmarks() {
    }

    public static void main(String[] args) throws IOException, InterruptedException, RunnerException {
        Arguments arguments = Arguments.of(args, names());
        switch (arguments.kind()) {
            case UNKNOWN -> {
                System.err.println("not to be measured like this: " + String.join(" ", arguments.words()) + "\n"
                    + Arguments.usage());
                System.exit(2);
            }
            case JMH_TELLS -> {
                if (arguments.words().contains("-h")) {
                    System.out.println(Arguments.usage());
                }
                org.openjdk.jmh.Main.main(arguments.words().toArray(String[]::new));
            }
            default -> {
                if (System.getenv(WAIT_POLICY) == null) {
                    System.exit(runAgainWithWaitPolicy(args));
                }
                measure(arguments);
            }
        }
    }

    private static void measure(Arguments arguments) throws IOException, RunnerException {
        if (arguments.kind() == Arguments.Kind.TABLE) {
            table(arguments.words());
            return;
        }
        Optional<String> noGpu = noGpu();
        noGpu.ifPresent(why -> System.err.println("SKIPPED: benchmarks for GPUs: " + why));
        org.openjdk.jmh.Main.main(arguments.forJmh(noGpu, Runtime.version().feature()).toArray(String[]::new));
    }

    /** The benchmarks' full names. */
    static Collection<String> names() {
        return BenchmarkList.defaultList().getAll(OutputFormatFactory.createFormatInstance(System.out,
            VerboseMode.SILENT), List.of()).stream().map(BenchmarkListEntry::getUsername).collect(Collectors.toSet());
    }

    /** Why cuda:0, which the benchmarks for GPUs run on, cannot be used; empty: it can. */
    private static Optional<String> noGpu() {
        Machine machine = Machine.current();
        return machine.devices().contains(Device.cuda(0)) ? Optional.empty()
            : Optional.of(machine.noCuda().or(() -> machine.gpus().get(0).problem()).orElse("there is none"));
    }

    private static void table(List<String> lines) throws IOException, RunnerException {
        for (String shape : List.of(Shape.SMOLLM2, Shape.QWEN3)) {
            System.out.println("checkpoint " + RandomCheckpoint.of(Shape.named(shape)));
            System.out.println(SameWork.check(Shape.named(shape)));
        }
        List<Comparison> comparisons = new ArrayList<>();
        for (Case what : Case.all()) {
            if (lines.isEmpty() || lines.contains(what.benchmark())) {
                Comparison comparison = compare(what);
                System.out.print(Report.row(comparison));
                comparisons.add(comparison);
            }
        }
        Report report = new Report(Machine.current(), comparisons);
        System.out.println();
        System.out.println(report.table());
        if (lines.isEmpty()) {
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
                .include("\\." + what.type().getSimpleName() + "\\." + methods + "$")
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
