package org.latent4j.text;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What GGUF files leave out or say wrongly about their vocabularies. */
class GgufVocabularyTest {
    private static final Path FILE = Path.of("m.gguf");
    private static final int NORMAL = 1;
    private static final int UNUSED = 5;

    private static JsonNode smollm2;

    @BeforeAll
    static void open() throws IOException {
        smollm2 = GgufMetadata.read(TestData.smollm2());
    }

    /** Of Llama 3's vocabulary, which is large, only the tokens that the texts need stand at their places. */
    private static ObjectNode llama3() {
        ObjectNode metadata = TestData.JSON.createObjectNode().put("tokenizer.ggml.model", "gpt2");
        Map<Integer, String> known = Map.ofEntries(Map.entry(271, "ĊĊ"), Map.entry(279, "Ġthe"),
                Map.entry(1038, "ĊĊĊĊ"), Map.entry(1623, "LO"), Map.entry(1837, "HE"), Map.entry(4513, "123"),
                Map.entry(10961, "456"), Map.entry(13575, "'S"), Map.entry(16474, "789"), Map.entry(51812, "HEL"),
                Map.entry(128000, "<|begin_of_text|>"), Map.entry(128009, "<|eot_id|>"));
        ArrayNode tokens = metadata.putArray("tokenizer.ggml.tokens");
        ArrayNode types = metadata.putArray("tokenizer.ggml.token_type");
        IntStream.range(0, 256).mapToObj(b -> ByteLetters.of((byte) b)).sorted().map(String::valueOf)
                .forEach(tokens::add);
        for (int id = 0; id < 128256; id++) {
            if (id > 255) {
                tokens.add(known.getOrDefault(id, "\u2581" + id));
            }
            types.add(id < 128000 ? NORMAL : 3);
        }
        metadata.putArray("tokenizer.ggml.merges").add("L O").add("H E").add("HE L").add("Ċ Ċ");
        return metadata;
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "default"})
    void aVocabularyThatIsKnownSaysHowTextIsCut(String pre) throws IOException {
        ObjectNode metadata = llama3();
        if (!pre.isEmpty()) {
            metadata.put("tokenizer.ggml.pre", pre);
        }
        JsonNode fixture = TestData.JSON.readTree(TestData.resource("tokenizers/llama3-without-pre.json"));
        List<String> warnings = new ArrayList<>();
        Tokenizer tokenizer = warned(warnings, metadata);
        for (int i = 0; i < 3; i++) {
            assertThat(tokenizer.encode(fixture.path("texts").get(i).asText()))
                    .isEqualTo(TestData.JSON.convertValue(fixture.path("ids").get(i), int[].class));
        }
        ObjectNode small = smollm2.deepCopy();
        small.remove("tokenizer.ggml.pre");
        assertThat(warned(warnings, small).encode("in 2026")).isEqualTo(
                Tokenizer.from(FILE, smollm2).encode("in 2026"));
        assertThat(warnings).isEmpty();
    }

    @Test
    void familiesAreToldByTheirMarks() {
        List<String> tokens = new ArrayList<>(java.util.Collections.nCopies(152064, "x"));
        assertThat(pre(tokens.subList(0, 1000))).isEqualTo(GgufPreTokenizer.GPT2);
        tokens.set(279, "Ġthe");
        tokens.set(3, "[INST]");
        assertThat(pre(tokens)).isEqualTo(GgufPreTokenizer.QWEN2);
        assertThat(pre(tokens.subList(0, 128256))).isEqualTo(GgufPreTokenizer.LLAMA3);
        assertThat(pre(tokens.subList(0, 131072))).isEqualTo(GgufPreTokenizer.TEKKEN);
        tokens.set(1, "<fim_prefix>");
        assertThat(pre(tokens.subList(0, 49152))).isEqualTo(GgufPreTokenizer.DIGITS);
    }

    private static GgufPreTokenizer pre(List<String> tokens) {
        return GgufPreTokenizer.of("", tokens, "m.gguf");
    }

    @Test
    void aVocabularyThatIsNotKnownIsWarnedOf() {
        ObjectNode metadata = llama3();
        for (String key : List.of("tokenizer.ggml.tokens", "tokenizer.ggml.token_type")) {
            ((ArrayNode) metadata.path(key)).remove(128255);
        }
        ((ArrayNode) metadata.path("tokenizer.ggml.tokens")).set(128000, "<another>");
        List<String> warnings = new ArrayList<>();
        assertThat(warned(warnings, metadata).encode("a\n\n")).containsExactly(64, 271);
        assertThat(warnings).singleElement().asString().startsWith("m.gguf: tokenizer.ggml.pre").contains("GPT-2");
        metadata.put("tokenizer.ggml.pre", "gpt-2");
        warned(warnings, metadata);
        assertThat(warnings).hasSize(1);
    }

    private static Tokenizer warned(List<String> warnings, JsonNode metadata) {
        Handler handler = new Handler() {
            @Override
            public void publish(LogRecord record) {
                warnings.add(record.getMessage());
            }

            @Override
            public void flush() { }

            @Override
            public void close() { }
        };
        Logger logger = Logger.getLogger(GgufPreTokenizer.class.getName());
        logger.addHandler(handler);
        try {
            return Tokenizer.from(FILE, metadata);
        } finally {
            logger.removeHandler(handler);
        }
    }

    @Test
    void controlTokensThatAreTypedAsNormalOnesAreKnown() {
        Tokenizer right = Tokenizer.from(FILE, smollm2);
        ObjectNode metadata = smollm2.deepCopy();
        ArrayNode types = (ArrayNode) metadata.path("tokenizer.ggml.token_type");
        for (int id = 0; id < types.size(); id++) {
            types.set(id, NORMAL);
        }
        Tokenizer tokenizer = Tokenizer.from(FILE, metadata);
        String chat = "<|im_start|>user\nWhat is <b> here?<|im_end|>\n";
        assertThat(tokenizer.encode(chat)).isEqualTo(right.encode(chat)).startsWith(1).contains(2);
        assertThat(tokenizer.decode(tokenizer.encode(chat))).isEqualTo("user\nWhat is <b> here?\n");
        assertThat(GenerationConfig.from(FILE, metadata, tokenizer).endTokens()).containsExactly(0, 2);
    }

    @Test
    void whatLooksLikeAControlTokenIsOneWhereAKeyOrTheTemplateNamesIt() {
        ObjectNode metadata = smollm2.deepCopy();
        ArrayNode tokens = (ArrayNode) metadata.path("tokenizer.ggml.tokens");
        ArrayNode types = (ArrayNode) metadata.path("tokenizer.ggml.token_type");
        List<String> texts = List.of("</s>", "<start_of_turn>", "[INST]", "<b>", "[0]");
        for (int i = 0; i < texts.size(); i++) {
            tokens.set(i, texts.get(i));
            types.set(i, NORMAL);
        }
        metadata.put("tokenizer.ggml.eos_token_id", 0);
        metadata.put("tokenizer.ggml.bos_token_id", tokens.size() - 1); // an ordinary word, as broken converters write
        metadata.put("tokenizer.chat_template", "[INST]{{ messages[0].content }}");
        Tokenizer tokenizer = Tokenizer.from(FILE, metadata);
        assertThat(tokenizer.encode("</s><start_of_turn>[INST]")).containsExactly(0, 1, 2);
        assertThat(tokenizer.encode("<b>[0]")).doesNotContain(3, 4);
        assertThat(tokenizer.decode(new int[] {0, 1, 2})).isEqualTo("[INST]");
        assertThat(tokenizer.isSpecial(tokens.size() - 1)).isFalse();
    }

    @Test
    void idsWithoutATextDecodeToNothing() throws IOException {
        ObjectNode metadata = smollm2.deepCopy();
        ((ArrayNode) metadata.path("tokenizer.ggml.tokens")).add("[PAD49152]");
        ((ArrayNode) metadata.path("tokenizer.ggml.token_type")).add(UNUSED);
        metadata.put("llama.vocab_size", 49160);
        Tokenizer tokenizer = Tokenizer.from(FILE, metadata);
        assertThat(tokenizer.vocabularySize()).isEqualTo(49160);
        assertThat(Tokenizer.from(FILE, smollm2, 49200).vocabularySize()).isEqualTo(49200);
        assertThat(tokenizer.encode("[PAD49152]")).doesNotContain(49152);
        holes(tokenizer, 49152, 49153, 49159);

        ObjectNode pieces = GgufTokenizerTest.metadata(true);
        int size = pieces.path("tokenizer.ggml.tokens").size();
        ((ArrayNode) pieces.path("tokenizer.ggml.tokens")).add("abcd");
        ((ArrayNode) pieces.path("tokenizer.ggml.scores")).add(0f);
        ((ArrayNode) pieces.path("tokenizer.ggml.token_type")).add(UNUSED);
        holes(Tokenizer.from(FILE, pieces, size + 9), size, size + 1, size + 8);

        String gaps = "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0, \"b\": 7}, \"merges\": []}%s}";
        holes(Tokenizer.of(gaps.formatted("")), 1, 6);
        holes(Tokenizer.of(gaps.formatted(", \"decoder\": {\"type\": \"ByteLevel\"}")), 1, 6);
    }

    private static void holes(Tokenizer tokenizer, int... ids) {
        int[] text = tokenizer.encode("a");
        for (int id : ids) {
            assertThat(tokenizer.decode(new int[] {id})).isEmpty();
            assertThat(tokenizer.isSpecial(id)).isFalse();
            int[] between = IntStream.concat(IntStream.of(id), IntStream.concat(IntStream.of(text), IntStream.of(id)))
                    .toArray();
            assertThat(tokenizer.decode(between)).isEqualTo(tokenizer.decode(text));
            assertThat(streamed(tokenizer, between)).isEqualTo(tokenizer.decode(text));
        }
    }

    /** What a text with broken characters becomes is the same whether it is encoded, decoded or streamed. */
    @Test
    void brokenCharactersAreReplacedAlikeEverywhere() throws IOException {
        Tokenizer bytes = Tokenizer.from(TestData.golden("tiny-qwen3"), null);
        Tokenizer pieces = Tokenizer.from(FILE, GgufTokenizerTest.metadata(true));
        Random random = new Random(3);
        for (Tokenizer tokenizer : List.of(bytes, Tokenizer.from(FILE, smollm2), pieces)) {
            for (int round = 0; round < 300; round++) {
                int[] ids = random.ints(12, 3, Math.min(300, tokenizer.vocabularySize())).toArray();
                String text = tokenizer.decode(ids);
                assertThat(streamed(tokenizer, ids)).isEqualTo(text);
                assertThat(tokenizer != bytes || bytes.decode(bytes.encode(text)).equals(text)).as(text).isTrue();
            }
            assertThat(tokenizer.encode("a\ud800b\udc00")).isEqualTo(tokenizer.encode("a\ufffdb\ufffd"));
        }
    }

    private static String streamed(Tokenizer tokenizer, int[] ids) {
        TokenStream stream = tokenizer.newStream();
        StringBuilder text = new StringBuilder();
        for (int id : ids) {
            text.append(stream.push(id));
        }
        return text.append(stream.flush()).toString();
    }
}
