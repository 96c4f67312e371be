package org.latent4j.text;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.DynamicTest;
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

    private static void matches(JsonNode row, JsonNode all) {
        ObjectNode file = row.path("file").deepCopy();
        file.set("model", all.path("models").path(row.path("model").asText()));
        Tokenizer tokenizer = Tokenizer.of(file.toString());
        assertThat(row.path("cases")).hasSizeGreaterThan(40);
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
