package org.latent4j.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.latent4j.benchmarks.Arguments.Kind;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.runner.options.CommandLineOptions;

class ArgumentsTest {
    private static Arguments of(String... args) {
        return Arguments.of(args, Benchmarks.names());
    }

    @Test
    void linesAreTheTables() {
        assertThat(of()).isEqualTo(new Arguments(Kind.TABLE, List.of()));
        assertThat(of("latent-step", "hand-off")).isEqualTo(new Arguments(Kind.TABLE, List.of("latent-step",
            "hand-off")));
        assertThat(of(Arguments.LINES.toArray(String[]::new)).kind()).isEqualTo(Kind.TABLE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"-h", "--help", "-help", "-f 2 -h"})
    void helpIsJmhsAndMeasuresNothing(String line) {
        assertThat(of(line.split(" "))).isEqualTo(new Arguments(Kind.JMH_TELLS, List.of("-h")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"-l", "-lprof", "-lp Decode", "LatentStep -lrf"})
    void listsMeasureNothing(String line) {
        assertThat(of(line.split(" "))).isEqualTo(new Arguments(Kind.JMH_TELLS, List.of(line.split(" "))));
    }

    @ParameterizedTest
    @ValueSource(strings = {"LatentStep", "Decode.*latent4j HandOff", "-f 2 -wi 0", "-p shape=SmolLM2-135M Alignment"})
    void optionsAndExpressionsAreJmhs(String line) {
        assertThat(of(line.split(" "))).isEqualTo(new Arguments(Kind.JMH, List.of(line.split(" "))));
    }

    @Test
    void whatIsNeitherIsUnknown() {
        assertThat(of("latnt-step")).isEqualTo(new Arguments(Kind.UNKNOWN, List.of("latnt-step")));
        assertThat(of("LatentStep", "all")).isEqualTo(new Arguments(Kind.UNKNOWN, List.of("all")));
        assertThat(of("(")).isEqualTo(new Arguments(Kind.UNKNOWN, List.of("(")));
        assertThat(of("decode", "-f", "1")).isEqualTo(new Arguments(Kind.UNKNOWN, List.of("decode")));
        assertThat(Arguments.usage()).contains("latent-step alignment hand-off merge decode", "begin with -",
            "regular expressions");
    }

    @Test
    void anExpressionStartsNothingForGpusWhereThereIsNone() throws Exception {
        CommandLineOptions without = new CommandLineOptions(of("Alignment").forJmh(Optional.of("no CUDA"), 17)
            .toArray(String[]::new));
        assertThat(matching(without)).isNotEmpty().allMatch(name -> name.contains(".AlignmentBenchmark."));
        CommandLineOptions with = new CommandLineOptions(of("Alignment").forJmh(Optional.empty(), 17)
            .toArray(String[]::new));
        assertThat(matching(with)).anyMatch(name -> name.contains(".GpuAlignmentBenchmark."));
        assertThat(without.getJvmArgsAppend().hasValue()).isFalse();
    }

    private static Set<String> matching(CommandLineOptions options) {
        return Benchmarks.names().stream()
            .filter(name -> options.getIncludes().stream().anyMatch(regex -> name.matches(".*" + regex + ".*")))
            .filter(name -> options.getExcludes().stream().noneMatch(regex -> name.matches(".*" + regex + ".*")))
            .collect(Collectors.toSet());
    }

    @Test
    void newJvmsHearThatNativeCodeIsMeant() throws Exception {
        CommandLineOptions options = new CommandLineOptions(of("Decode").forJmh(Optional.empty(), 25)
            .toArray(String[]::new));
        assertThat(options.getJvmArgsAppend().get()).containsExactly("--enable-native-access=ALL-UNNAMED");
    }

    /** What JMH does without options is what is written at the benchmarks, not its own ten minutes for each. */
    @Test
    void everyBenchmarkSaysHowItIsMeasured() throws ClassNotFoundException {
        Set<String> types = Benchmarks.names().stream().map(name -> name.substring(0, name.lastIndexOf('.')))
            .collect(Collectors.toSet());
        assertThat(types).hasSizeGreaterThanOrEqualTo(7);
        for (String type : types) {
            assertThat(Class.forName(type)).hasAnnotations(Fork.class, Warmup.class, Measurement.class);
        }
    }
}
