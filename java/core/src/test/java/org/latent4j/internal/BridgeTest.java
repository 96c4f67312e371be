package org.latent4j.internal;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import org.junit.jupiter.api.Test;

/** What native code says of a file that it took is read, however long its names and texts are. */
class BridgeTest {
    @Test
    void namesAndTextsAsLongAsAGgufFilesAreRead() {
        String name = "k".repeat(65_535);
        JsonNode read = Bridge.json("{\"" + name + "\":\"" + "x".repeat(21_000_000) + "\"}");
        assertThat(read.path(name).asText()).hasSize(21_000_000);
    }
}
