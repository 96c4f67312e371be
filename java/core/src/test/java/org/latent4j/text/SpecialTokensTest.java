package org.latent4j.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.latent4j.LatentException;

/** tokenizers/beside.json: what transformers 5 makes of files beside tiny-qwen3's tokenizer.json (make_beside.py). */
class SpecialTokensTest {
    static Stream<JsonNode> rows() throws IOException {
        return StreamSupport.stream(TestData.JSON.readTree(TestData.resource("tokenizers/beside.json")).spliterator(),
                false);
    }

    @ParameterizedTest(name = "{index}")
    @MethodSource("rows")
    void filesBesideTheTokenizerCountAsInTransformers(JsonNode row, @TempDir Path folder) throws IOException {
        ObjectNode file = (ObjectNode) TestData.JSON.readTree(
                TestData.golden("tiny-qwen3").resolve("tokenizer.json").toFile());
        ((ArrayNode) file.path("added_tokens")).addAll((ArrayNode) row.path("tokens"));
        Files.writeString(folder.resolve("tokenizer.json"), file.toString());
        for (Map.Entry<String, JsonNode> beside : row.path("files").properties()) {
            Files.writeString(folder.resolve(beside.getKey()), beside.getValue().toString());
        }
        String name = row.path("name").asText();
        assertThat(ChatTemplate.from(folder, null).render(List.of(ChatMessage.user("q")), Map.of())).as(name)
                .isEqualTo(row.path("rendered").asText());
        Tokenizer tokenizer = Tokenizer.from(folder, null);
        assertThat(row.path("cases")).hasSizeGreaterThan(10);
        for (JsonNode each : row.path("cases")) {
            int[] ids = TestData.JSON.convertValue(each.get(1), int[].class);
            assertThat(tokenizer.encode(each.get(0).asText())).as("%s: %s", name, each.get(0)).isEqualTo(ids);
            assertThat(tokenizer.decode(ids)).as("%s: %s", name, each.get(0)).isEqualTo(each.get(2).asText());
        }
    }

    /** As Hugging Face's library takes it. */
    @Test
    void ofTwoTokensWithOneContentTheLastSaysHowItIsSought() {
        String file = """
                {"added_tokens": [{"id": 2, "content": "<t>", "lstrip": %s, "special": %s},
                                  {"id": 2, "content": "<t>", "lstrip": %s}],
                 "model": {"type": "BPE", "vocab": {"a": 0, " ": 1}, "merges": []}}""";
        assertThat(Tokenizer.of(file.formatted(true, false, false)).encode("a <t>")).containsExactly(0, 1, 2);
        assertThat(Tokenizer.of(file.formatted(false, true, true)).encode("a <t>")).containsExactly(0, 2);
        assertThat(Tokenizer.of(file.formatted(false, true, true)).isSpecial(2)).isTrue();
    }

    @Test
    void aFileThatIsNoObjectIsNamed(@TempDir Path folder) throws IOException {
        Files.copy(TestData.golden("tiny-qwen3").resolve("tokenizer.json"), folder.resolve("tokenizer.json"));
        for (String name : List.of("special_tokens_map.json", "added_tokens.json")) {
            Path file = Files.writeString(folder.resolve(name), "[1]");
            assertThatThrownBy(() -> Tokenizer.from(folder, null)).isInstanceOf(LatentException.class)
                    .hasMessage("[BAD_CHECKPOINT] " + file + " holds JSON of type array, expected a JSON object");
            Files.writeString(file, "{\"eos_token\": 5, \"bos_token\": [\"<|im_end|>\"], \"<a>\": \"b\"}");
            assertThat(Tokenizer.from(folder, null).encode("<|im_end|><a>")).containsExactly(2, 32, 69, 34);
        }
    }
}
