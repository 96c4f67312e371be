package org.latent4j.text;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * sentencepiece.json: a BPE model of 700 pieces that the sentencepiece library trained, and how it encodes and decodes
 * some texts.
 */
class GgufTokenizerTest {
    private static JsonNode fixture;
    private static Tokenizer tokenizer;

    @BeforeAll
    static void open() throws IOException {
        fixture = TestData.JSON.readTree(TestData.resource("sentencepiece.json"));
        tokenizer = tokenizer(true);
    }

    static ObjectNode metadata(boolean spacePrefix) throws IOException {
        JsonNode fixture = TestData.JSON.readTree(TestData.resource("sentencepiece.json"));
        ObjectNode metadata = TestData.JSON.createObjectNode().put("tokenizer.ggml.model", "llama")
                .put("tokenizer.ggml.add_space_prefix", spacePrefix);
        metadata.set("tokenizer.ggml.tokens", fixture.path("tokens"));
        metadata.set("tokenizer.ggml.scores", fixture.path("scores"));
        metadata.set("tokenizer.ggml.token_type", fixture.path("types"));
        return metadata;
    }

    private static Tokenizer tokenizer(boolean spacePrefix) throws IOException {
        return Tokenizer.from(Path.of("fixture.gguf"), metadata(spacePrefix));
    }

    @Test
    void sentencePieceEncodesAndDecodesAsItsOwnLibrary() {
        assertThat(fixture.path("cases")).hasSizeGreaterThan(10);
        for (JsonNode each : fixture.path("cases")) {
            int[] ids = StreamSupport.stream(each.path("ids").spliterator(), false).mapToInt(JsonNode::asInt).toArray();
            assertThat(tokenizer.encode(each.path("text").asText())).as(each.path("text").asText()).isEqualTo(ids);
            assertThat(tokenizer.decode(ids)).isEqualTo(each.path("decoded").asText());
            assertThat(streamed(ids)).isEqualTo(each.path("decoded").asText());
        }
    }

    @Test
    void streamsByteTokensAsWholeCharacters() {
        TokenStream stream = tokenizer.newStream();
        int[] ids = tokenizer.encode("a\u4e16\ud83d\ude80b");
        int pieces = 0;
        for (int id : ids) {
            String piece = stream.push(id);
            assertThat(piece).doesNotContain("\ufffd");
            pieces += piece.isEmpty() ? 0 : 1;
        }
        assertThat(ids.length).as("the characters are spread over byte tokens").isGreaterThan(8);
        assertThat(pieces).isBetween(4, 5);
        assertThat(stream.flush()).isEmpty();
    }

    @Test
    void brokenBytesDoNotHoldTheStreamBack() {
        int continuation = IntStream.range(0, fixture.path("tokens").size())
                .filter(i -> fixture.path("tokens").get(i).asText().equals("<0x80>")).findFirst().orElseThrow();
        TokenStream stream = tokenizer.newStream();
        int received = 0;
        for (int i = 0; i < 100; i++) {
            received += stream.push(continuation).length();
        }
        assertThat(received).isGreaterThan(80);
        received += stream.flush().length();
        assertThat(received).isEqualTo(100);
    }

    @Test
    void userDefinedTokensAreOneTokenAndShown() {
        int think = tokenizer.addedToken("<think>");
        assertThat(tokenizer.encode("<think>")).contains(think);
        assertThat(tokenizer.decode(new int[] {think})).isEqualTo("<think>");
        assertThat(tokenizer.isSpecial(think)).isFalse();
        assertThat(tokenizer.encode("</s>")).containsExactly(2);
        assertThat(tokenizer.decode(new int[] {1, 2})).isEmpty();
    }

    @Test
    void spacePrefixIsOnlyPutWhereTheFileSaysSo() throws IOException {
        int[] prefixed = tokenizer.encode("memory");
        int[] bare = tokenizer(false).encode("memory");
        assertThat(bare).isNotEqualTo(prefixed);
        assertThat(tokenizer(false).decode(bare)).isEqualTo("memory");
        assertThat(tokenizer.decode(prefixed)).isEqualTo("memory");
        assertThat(tokenizer(false).encode(" memory")).isEqualTo(prefixed);
    }

    private static String streamed(int[] ids) {
        TokenStream stream = tokenizer.newStream();
        StringBuilder text = new StringBuilder();
        for (int id : ids) {
            text.append(stream.push(id));
        }
        return text.append(stream.flush()).toString();
    }
}
