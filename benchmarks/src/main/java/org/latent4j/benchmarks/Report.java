package org.latent4j.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import org.latent4j.Machine;
import org.latent4j.benchmarks.Comparison.Subject;

/** The comparisons as a table to read and as CSV to keep. */
final class Report {
    private static final String ROW = "%-12s %-18s %-27s %10s %14s %13s %10s %6s %11s %9s%n";

    private final Machine machine;
    private final List<Comparison> comparisons;

    Report(Machine machine, List<Comparison> comparisons) {
        this.machine = machine;
        this.comparisons = List.copyOf(comparisons);
    }

    /** The name of a machine in file names: its CPU's and the number of cores. */
    static String fileName(Machine machine) {
        String cpu = machine.cpu().toLowerCase(Locale.ROOT)
                .replaceAll("\\((r|tm)\\)|@.*|\\b(cpu|processor|\\d+-core)\\b", " ").replaceAll("[^a-z0-9]+", "-")
                .replaceAll("^-|-$", "");
        return cpu + "-" + machine.cores() + (machine.cores() == 1 ? "-core" : "-cores");
    }

    /** For a terminal; times in milliseconds. */
    String table() {
        StringBuilder text = new StringBuilder();
        text.append(String.format(Locale.ROOT, "%s, %d threads, %s; milliseconds, medians of %d rounds%n%n",
                machine.cpu(), machine.cores(), machine.level(),
                comparisons.stream().mapToInt(Comparison::rounds).max().orElse(0)));
        text.append(String.format(ROW, "benchmark", "shape", "operation", "latent4j", "libtorch bf16", "libtorch f32",
                "limit", "GB/s", "x libtorch", "of limit"));
        comparisons.forEach(comparison -> text.append(row(comparison)));
        return text.toString();
    }

    /** One line of the {@link #table()}. */
    static String row(Comparison comparison) {
        Case what = comparison.what();
        return String.format(ROW, what.benchmark(), what.shape(), what.operation(),
                milliseconds(comparison, Subject.LATENT4J), milliseconds(comparison, Subject.LIBTORCH_BF16),
                milliseconds(comparison, Subject.LIBTORCH_F32), milliseconds(comparison, Subject.LIMIT),
                number("%.1f", gigabytesPerSecond(comparison)), number("%.2f", comparison.timesLibtorch()),
                number("%.2f", comparison.partOfLimit()));
    }

    /** Writes {@code machine.csv} to a folder; times in microseconds. */
    Path write(Path folder) throws IOException {
        StringBuilder csv = new StringBuilder("benchmark,shape,operation,latent4j_us,libtorch_bf16_us,libtorch_f32_us,"
                + "limit_us,limit_bytes,times_libtorch,times_libtorch_low,times_libtorch_high,part_of_limit,rounds,"
                + "threads,cpu,level\n");
        for (Comparison c : comparisons) {
            csv.append(String.join(",", c.what().benchmark(), c.what().shape(), c.what().operation(),
                    microseconds(c, Subject.LATENT4J), microseconds(c, Subject.LIBTORCH_BF16),
                    microseconds(c, Subject.LIBTORCH_F32), microseconds(c, Subject.LIMIT),
                    String.valueOf(c.what().bytes()), cell("%.3f", c.timesLibtorch()),
                    cell("%.3f", c.lowestTimesLibtorch()), cell("%.3f", c.highestTimesLibtorch()),
                    cell("%.3f", c.partOfLimit()), String.valueOf(c.rounds()), String.valueOf(machine.cores()),
                    machine.cpu().replace(',', ' '), machine.level())).append('\n');
        }
        Files.createDirectories(folder);
        return Files.writeString(folder.resolve(fileName(machine) + ".csv"), csv);
    }

    /** The speed at which latent4j moved the bytes that the limit moves. */
    private static OptionalDouble gigabytesPerSecond(Comparison comparison) {
        OptionalDouble time = comparison.microseconds(Subject.LATENT4J);
        long bytes = comparison.what().bytes();
        return time.isEmpty() || bytes == 0 ? OptionalDouble.empty()
                : OptionalDouble.of(bytes / time.getAsDouble() / 1e3);
    }

    private static String milliseconds(Comparison comparison, Subject subject) {
        OptionalDouble time = comparison.microseconds(subject);
        return number("%.3f", time.isEmpty() ? time : OptionalDouble.of(time.getAsDouble() / 1e3));
    }

    private static String microseconds(Comparison comparison, Subject subject) {
        return cell("%.2f", comparison.microseconds(subject));
    }

    private static String number(String format, OptionalDouble value) {
        return value.isEmpty() ? "-" : cell(format, value);
    }

    private static String cell(String format, OptionalDouble value) {
        return value.isEmpty() ? "" : String.format(Locale.ROOT, format, value.getAsDouble());
    }
}
