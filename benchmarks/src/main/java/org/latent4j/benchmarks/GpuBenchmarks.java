package org.latent4j.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.latent4j.Device;
import org.latent4j.LatentModel;
import org.latent4j.Machine;
import org.latent4j.latent.AlignmentKind;
import org.latent4j.latent.Rollout;
import org.latent4j.memory.Memory;
import org.latent4j.memory.MemoryType;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

/**
 * What {@link Benchmarks} measures, on cuda:0, beside CUDA's own libraries. Arguments: a CSV file that the lines are
 * added to, in the columns of {@code kernels/cuda_bench.cu}; {@code small}: a small shape, each thing once, to see that
 * it runs. A line that fails says why, and the others go on; then, and where no GPU can be used, it ends with 1.
 */
public final class GpuBenchmarks {
    private static final TimeValue ONCE = TimeValue.microseconds(1);
    private static final double MEDIAN = 50;
    private static final double TOLERANCE = 1e-4;
    private static final int PROMPT = 48;
    private static final int STEPS = 3;

    /**
     * A line: what is measured, how many operations an invocation holds, and the bytes that one has to move (0: not
     * what limits it) or the multiplications and additions (0: likewise).
     */
    private record Line(String benchmark, String operation, Class<?> type, Map<String, String> parameters,
            int operations, long bytes, long flops) {
    }

    private GpuBenchmarks() {
    }

    public static void main(String[] args) throws IOException, RunnerException {
        Machine machine = Machine.current();
        Optional<Machine.Gpu> gpu = machine.gpus().stream().filter(Machine.Gpu::usable).findFirst();
        if (gpu.isEmpty() || !gpu.get().device().equals(Device.cuda(0))) {
            System.err.println("no GPU to measure: " + machine.noCuda().or(() -> machine.gpus().get(0).problem())
                    .orElseThrow());
            System.exit(1);
        }
        Optional<String> noBaseline = CudaBaseline.problem();
        noBaseline.ifPresent(why -> System.err.println("SKIPPED: the baselines cuBLAS and cudaMemcpy: " + why));
        System.out.println(gpu.get().name());
        boolean small = args.length > 1 && args[1].equals("small");
        List<String> shapes = small ? List.of(Shape.SMALL) : List.of(Shape.SMOLLM2, Shape.QWEN3);
        for (String shape : shapes) {
            System.out.println(sameNumbers(Shape.named(shape)));
        }
        boolean peer = machine.devices().contains(Device.cuda(1));
        if (!peer) {
            System.out.println("SKIPPED: transfer to another device: there is one alone");
        }
        int failed = 0;
        for (Line line : lines(shapes, peer)) {
            try {
                String row = row(line, times(line, noBaseline.isEmpty(), small));
                System.out.println(row);
                if (args.length > 0) {
                    Files.writeString(Path.of(args[0]), row + "\n", StandardOpenOption.CREATE,
                            StandardOpenOption.APPEND);
                }
            } catch (RunnerException e) {
                failed++;
                System.err.println("FAILED: " + line.benchmark() + ", " + line.parameters() + ": " + e.getMessage());
            }
        }
        System.exit(failed == 0 ? 0 : 1);
    }

    private static List<Line> lines(List<String> shapes, boolean peer) {
        List<Line> lines = new ArrayList<>();
        for (String shape : shapes) {
            Shape named = Shape.named(shape);
            lines.add(new Line("latent-step", "1 step after " + GpuForwardBenchmark.POSITIONS + " positions",
                    GpuForwardBenchmark.class, Map.of("shape", shape, "rows", GpuForwardBenchmark.STEP),
                    GpuForwardBenchmark.STEPS, GpuForwardBenchmark.bytes(named), 0));
            // Two operations for each weight of two bytes.
            lines.add(new Line("prefill", GpuForwardBenchmark.PROMPT + " tokens", GpuForwardBenchmark.class,
                    Map.of("shape", shape, "rows", GpuForwardBenchmark.PROMPT), 1, 0,
                    named.layerBytes() * Integer.parseInt(GpuForwardBenchmark.PROMPT)));
            for (String rows : List.of(AlignmentBenchmark.ONE, AlignmentBenchmark.MANY)) {
                lines.add(new Line("alignment", rows + " rows from host to host", GpuAlignmentBenchmark.class,
                        Map.of("shape", shape, "rows", rows), 1, 0, 0));
            }
            for (String parts : List.of(HandOffBenchmark.HAND_OFF, HandOffBenchmark.MERGE)) {
                for (String target : peer ? List.of(GpuTransferBenchmark.HERE, GpuTransferBenchmark.PEER)
                        : List.of(GpuTransferBenchmark.HERE)) {
                    int n = Integer.parseInt(parts);
                    lines.add(new Line(n == 1 ? "hand-off" : "merge",
                            parts + " x " + GpuForwardBenchmark.POSITIONS + " positions to cuda:" + target,
                            GpuTransferBenchmark.class, Map.of("shape", shape, "parts", parts, "target", target), 1,
                            2 * HandOffBenchmark.bytes(named, n, GpuForwardBenchmark.POSITIONS), 0));
                }
            }
        }
        return lines;
    }

    /** Median microseconds of an operation, by the benchmark method's name. What JMH prints is shown if it fails. */
    private static Map<String, Double> times(Line line, boolean baselines, boolean small) throws IOException,
            RunnerException {
        String methods = !baselines ? "latent4j" : line.type() == GpuForwardBenchmark.class && line.bytes() > 0
                ? "(latent4j|cuda|limit)" : "(latent4j|cuda)";
        Path log = Files.createTempFile("latent4j-jmh", ".log");
        ChainedOptionsBuilder options = new OptionsBuilder()
                .include("\\." + line.type().getSimpleName() + "\\." + methods + "$")
                .output(log.toString()).shouldFailOnError(true);
        if (small) {
            options.warmupIterations(0).measurementIterations(1).measurementTime(ONCE);
        }
        line.parameters().forEach(options::param);
        if (Runtime.version().feature() >= 22) {
            options.jvmArgsAppend("--enable-native-access=ALL-UNNAMED");
        }
        try {
            Map<String, Double> times = new HashMap<>();
            for (RunResult result : new Runner(options.build()).run()) {
                times.put(result.getPrimaryResult().getLabel(),
                        result.getPrimaryResult().getStatistics().getPercentile(MEDIAN) / line.operations());
            }
            return times;
        } catch (RunnerException e) {
            System.err.println(Files.readString(log));
            throw e;
        } finally {
            Files.delete(log);
        }
    }

    /**
     * benchmark, shape, operation, us, bytes, gb_per_s, of_copy, tflop_per_s, baseline, baseline_us, times_baseline.
     */
    private static String row(Line line, Map<String, Double> times) {
        double us = times.get("latent4j");
        Double limit = line.type() == GpuTransferBenchmark.class ? times.get("cuda") : times.get("limit");
        Double cuda = times.get("cuda");
        String baseline = line.type() == GpuTransferBenchmark.class ? "cudaMemcpy" : "cublas";
        return String.join(",", line.benchmark(), line.parameters().get("shape"), line.operation(), number("%.2f", us),
                String.valueOf(line.bytes()), line.bytes() == 0 ? "" : number("%.1f", line.bytes() / us / 1e3),
                limit == null || line.bytes() == 0 ? "" : number("%.3f", limit / us),
                line.flops() == 0 ? "" : number("%.1f", line.flops() / us / 1e6), cuda == null ? "" : baseline,
                number("%.2f", cuda), cuda == null ? "" : number("%.3f", cuda / us));
    }

    private static String number(String format, Double value) {
        return value == null ? "" : String.format(Locale.ROOT, format, value);
    }

    /** Before anything is timed: the hidden states of a few latent steps on the GPU are those of the CPU. */
    private static String sameNumbers(Shape shape) throws IOException {
        double distance = SameWork.distance(thoughts(shape, Device.cuda(0)), thoughts(shape, Device.cpu()));
        if (!(distance <= TOLERANCE)) {
            throw new IllegalStateException(shape + ": cuda:0 and the CPU do not compute the same, relative distance "
                    + distance + ", allowed " + TOLERANCE);
        }
        return String.format(Locale.ROOT, "%s: relative distance of cuda:0 and the CPU %.1e", shape, distance);
    }

    private static float[] thoughts(Shape shape, Device device) throws IOException {
        try (LatentModel model = Fixture.open(RandomCheckpoint.of(shape), device, 0, MemoryType.F32);
                Memory memory = model.newMemory()) {
            return model.rollout(Rollout.builder().add(memory, Fixture.tokens(PROMPT)).latentSteps(STEPS)
                    .alignment(AlignmentKind.RIDGE).captureLatents().build()).members().get(0).latentHidden();
        }
    }
}
