package org.latent4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What is left on the terminal. */
class ProgressLineTest {
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private ProgressLine onTerminal() {
        return new ProgressLine(new Terminal(new ByteArrayInputStream(new byte[0]),
            new ResultStream(new ByteArrayOutputStream(), false), new PrintStream(err, true, StandardCharsets.UTF_8),
            true, true, true, Map.of("NO_COLOR", "1")));
    }

    @Test
    void aClosedLineIsGoneAndStaysAway() {
        ProgressLine line = onTerminal();
        line.show("planner, latent step 1 of 2");
        line.close();
        line.show("planner, latent step 2 of 2");
        line.close();
        assertThat(err.toString(StandardCharsets.UTF_8)).isEqualTo("\r\u001b[Kplanner, latent step 1 of 2\r\u001b[K");
    }

    @Test
    void aDownloadOfUnknownSizeHasAnEmptyBar() {
        try (ProgressLine line = onTerminal()) {
            line.onProgress("config.json", 846, 0);
        }
        assertThat(err.toString(StandardCharsets.UTF_8))
            .contains("[------------------------] 846 B of 0 B, config.json");
    }
}
