package org.latent4j.text;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * tokenizers/reference.json.gz: small tokenizers of every supported kind, and what Hugging Face's library makes of some
 * hundred nasty texts with each (make_reference.py beside it).
 */
class TokenizerReferenceTest {
    @TestFactory
    Stream<DynamicTest> encodesAndDecodesAsHuggingFacesLibrary() throws IOException {
        JsonNode all;
        try (GZIPInputStream in = new GZIPInputStream(
                TestData.class.getResourceAsStream("tokenizers/reference.json.gz"))) {
            all = TestData.JSON.readTree(in);
        }
        assertThat(all.path("tokenizers")).hasSizeGreaterThan(70);
        return StreamSupport.stream(all.path("tokenizers").spliterator(), false)
                .map(row -> DynamicTest.dynamicTest(row.path("name").asText(), () -> matches(row, all)));
    }

    /** The library itself cuts what it has stripped into single letters, or panics: no reference for this one. */
    @Test
    void stripsWhitespace() {
        String file = """
                {"normalizer": {"type": "Strip", "strip_left": %s, "strip_right": %s},
                 "model": {"type": "BPE", "vocab": {"a": 0, " ": 1, "é": 2}, "merges": []}}""";
        assertThat(Tokenizer.of(file.formatted(true, true)).encode(" \n a é ")).containsExactly(0, 1, 2);
        assertThat(Tokenizer.of(file.formatted(false, true)).encode(" a é  ")).containsExactly(1, 0, 1, 2);
        assertThat(Tokenizer.of(file.formatted(true, false)).encode(" a é ")).containsExactly(0, 1, 2, 1);
    }

    private static void matches(JsonNode row, JsonNode all) {
        ObjectNode file = row.path("file").deepCopy();
        file.set("model", all.path("models").path(row.path("model").asText()));
        Tokenizer tokenizer = Tokenizer.of(file.toString());
        assertThat(row.path("cases")).hasSizeGreaterThan(100);
        for (JsonNode each : row.path("cases")) {
            String text = all.path("texts").get(each.get(0).asInt()).asText();
            int[] ids = ints(each.get(1));
            assertThat(tokenizer.encode(text)).as("'%s'", text).isEqualTo(ids);
            if (each.has(2)) {
                decodes(tokenizer, ids, each.get(2).asText());
            }
        }
        for (JsonNode each : row.path("decoded")) {
            decodes(tokenizer, ints(each.get(0)), each.get(1).asText());
        }
    }

    private static void decodes(Tokenizer tokenizer, int[] ids, String text) {
        assertThat(tokenizer.decode(ids)).isEqualTo(text);
        TokenStream stream = tokenizer.newStream();
        for (int round = 0; round < 2; round++) { // a stream that was flushed serves again
            StringBuilder streamed = new StringBuilder();
            for (int id : ids) {
                streamed.append(stream.push(id));
            }
            assertThat(streamed.append(stream.flush())).hasToString(text);
        }
    }

    private static int[] ints(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false).mapToInt(JsonNode::asInt).toArray();
    }
}
