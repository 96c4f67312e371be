package org.latent4j.benchmarks;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * What {@link Benchmarks} is asked for: lines of its table, or whatever JMH's own command line can do.
 *
 * @param kind which of the two, or neither
 * @param words the lines, none meaning all of them; or what JMH gets; or what is unknown
 */
record Arguments(Kind kind, List<String> words) {
    /** The names of the table's lines, in its order. */
    static final List<String> LINES = List.of("latent-step", "alignment", "hand-off", "merge", "decode");

    private static final List<String> HELP = List.of("-h", "-help", "--help");
    private static final List<String> LISTS = List.of("-l", "-lp", "-lprof", "-lrf");
    private static final String GPU = "\\.Gpu\\w+Benchmark\\.";

    /** What is to be done. */
    enum Kind {
        /** The table. */
        TABLE,
        /** JMH, which says how it is used, or lists what there is, and measures nothing. */
        JMH_TELLS,
        /** JMH, which measures. */
        JMH,
        /** Nothing: some words are neither lines nor match a benchmark. */
        UNKNOWN
    }

    Arguments {
        words = List.copyOf(words);
    }

    /**
     * Tells them apart. With one that begins with {@code -} all of them are JMH's; without, they are lines, or regular
     * expressions that match a benchmark.
     *
     * @param benchmarks the full names of those that JMH knows
     */
    static Arguments of(String[] args, Collection<String> benchmarks) {
        List<String> words = Arrays.asList(args);
        if (words.stream().anyMatch(HELP::contains)) {
            return new Arguments(Kind.JMH_TELLS, List.of("-h"));
        }
        List<String> lines = words.stream().filter(LINES::contains).toList();
        if (words.stream().anyMatch(word -> word.startsWith("-"))) {
            return !lines.isEmpty() ? new Arguments(Kind.UNKNOWN, lines)
                : new Arguments(words.stream().anyMatch(LISTS::contains) ? Kind.JMH_TELLS : Kind.JMH, words);
        }
        if (lines.size() == words.size()) {
            return new Arguments(Kind.TABLE, lines);
        }
        List<String> unknown = words.stream().filter(word -> !matchesOne(word, benchmarks)).toList();
        return unknown.isEmpty() ? new Arguments(Kind.JMH, words) : new Arguments(Kind.UNKNOWN, unknown);
    }

    private static boolean matchesOne(String regex, Collection<String> benchmarks) {
        try {
            Pattern pattern = Pattern.compile(regex);
            return benchmarks.stream().anyMatch(name -> pattern.matcher(name).find());
        } catch (PatternSyntaxException e) {
            return false;
        }
    }

    /**
     * What JMH's command line gets to measure here: no benchmark for GPUs where none can be used, and what a fork needs
     * to hear of native code.
     *
     * @param noGpu why no GPU can be used; empty: one can
     * @param javaRelease the JVM's, such as 17
     */
    List<String> forJmh(Optional<String> noGpu, int javaRelease) {
        List<String> all = new ArrayList<>(words);
        if (noGpu.isPresent()) {
            all.addAll(List.of("-e", GPU));
        }
        if (javaRelease >= 22 && !words.contains("-jvmArgsAppend")) {
            all.addAll(List.of("-jvmArgsAppend", "--enable-native-access=ALL-UNNAMED"));
        }
        return all;
    }

    /** How this program is used. */
    static String usage() {
        return "Without arguments: measures every line of the table and writes benchmarks/results/<machine>.csv.\n"
            + "Lines, to measure these alone: " + String.join(" ", LINES) + "\n"
            + "Anything else is JMH's: options, which begin with -, and regular expressions that match a benchmark,\n"
            + "such as LatentStep or 'DecodeBenchmark.latent4j'; -l lists all of them, -h says what JMH can do.\n";
    }
}
