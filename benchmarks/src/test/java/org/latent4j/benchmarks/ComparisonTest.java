package org.latent4j.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.latent4j.Machine;
import org.latent4j.benchmarks.Comparison.Subject;

class ComparisonTest {
    private static final Machine MACHINE = new Machine("Some(R) CPU 9000 @ 2.00GHz", "avx2", List.of("plain", "avx2"),
            2, 1L << 30, List.of(), Optional.of("none"));

    private static Comparison comparison() {
        Comparison comparison = new Comparison(
                new Case("latent-step", LatentStepBenchmark.class, Map.of("shape", "tiny"), "1 step", 2_000_000));
        comparison.add(Map.of(Subject.LATENT4J, 100.0, Subject.LIBTORCH_BF16, 300.0, Subject.LIBTORCH_F32, 500.0,
                Subject.LIMIT, 50.0));
        comparison.add(Map.of(Subject.LATENT4J, 400.0, Subject.LIBTORCH_BF16, 900.0, Subject.LIBTORCH_F32, 800.0,
                Subject.LIMIT, 100.0));
        comparison.add(Map.of(Subject.LATENT4J, 200.0, Subject.LIBTORCH_BF16, 800.0, Subject.LIBTORCH_F32, 900.0,
                Subject.LIMIT, 180.0));
        return comparison;
    }

    @Test
    void ratiosAreTakenWithinARoundAgainstTheFasterBaseline() {
        assertThat(comparison().microseconds(Subject.LATENT4J)).hasValue(200);
        assertThat(comparison().timesLibtorch()).hasValue(3);
        assertThat(comparison().lowestTimesLibtorch()).hasValue(2);
        assertThat(comparison().highestTimesLibtorch()).hasValue(4);
        assertThat(comparison().partOfLimit()).hasValue(0.5);
    }

    @Test
    void whatTookNoPartIsEmpty() {
        Comparison comparison = new Comparison(new Case("decode", DecodeBenchmark.class, Map.of("shape", "tiny"),
                "1 token", 1));
        comparison.add(Map.of(Subject.LATENT4J, 100.0, Subject.LIMIT, 50.0));
        comparison.add(Map.of(Subject.LATENT4J, 300.0, Subject.LIMIT, 50.0));

        assertThat(comparison.microseconds(Subject.LATENT4J)).hasValue(200);
        assertThat(comparison.microseconds(Subject.LIBTORCH_F32)).isEmpty();
        assertThat(comparison.timesLibtorch()).isEmpty();
    }

    @Test
    void reportIsNamedAfterTheMachine(@TempDir Path folder) throws Exception {
        Report report = new Report(MACHINE, List.of(comparison()));

        Path file = report.write(folder);

        assertThat(file.getFileName()).hasToString("some-9000-2-cores.csv");
        assertThat(Files.readAllLines(file)).hasSize(2)
                .element(1).asString()
                .startsWith("latent-step,tiny,1 step,200.00,800.00,800.00,100.00,2000000,3.000,2.000,4.000,0.500,3,2,");
        assertThat(report.table()).contains("10.0").contains("3.00").contains("0.50");
    }
}
