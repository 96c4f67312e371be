package org.latent4j.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;

class TokenizerTest {
    private static final String MIXED = "Grüße, 世界! 👩‍🚀 naïve\u0301 1234567 \t\n\n  x = y*2; "
            + "<|im_start|>user\n<|im_end|> don't";

    private static JsonNode smollm2;
    private static Tokenizer smol;
    private static Tokenizer tiny;

    @BeforeAll
    static void open() throws IOException {
        smollm2 = GgufMetadata.read(TestData.smollm2());
        smol = Tokenizer.from(TestData.smollm2(), smollm2);
        tiny = Tokenizer.from(TestData.golden("tiny-qwen3"), null);
    }

    @Test
    void encodesAndDecodesAsTheReferenceOfTheEmbeddedModel() throws IOException {
        matchesReference(smol, TestData.reference("smollm2-135m-instruct-q4_1"));
        assertThat(smol.vocabularySize()).isEqualTo(49152);
    }

    @Test
    @EnabledIfEnvironmentVariable(named = "L4J_QWEN_05B", matches = ".+")
    void encodesAndDecodesAsTheReferenceOfQwen() throws IOException {
        Path file = Path.of(System.getenv("L4J_QWEN_05B"));
        Tokenizer qwen = Tokenizer.from(file, GgufMetadata.read(file));
        matchesReference(qwen, TestData.reference("qwen2.5-coder-0.5b-instruct-q4_k_m"));
        assertThat(qwen.encode("e\u0301")).as("NFC").isEqualTo(qwen.encode("\u00e9"));
        assertThat(qwen.decode(qwen.encode(MIXED.replaceAll("<.*?>", "")))).isEqualTo(
                java.text.Normalizer.normalize(MIXED.replaceAll("<.*?>", ""), java.text.Normalizer.Form.NFC));
    }

    private static void matchesReference(Tokenizer tokenizer, JsonNode reference) {
        for (JsonNode row : reference.path("prompts")) {
            assertThat(tokenizer.encode(row.path("prompt").asText())).isEqualTo(ints(row.path("ids")));
            assertThat(tokenizer.decode(ints(row.path("greedy_ids")))).isEqualTo(row.path("greedy_text").asText());
        }
        JsonNode chain = reference.path("chain");
        assertThat(tokenizer.encode(chain.path("first").asText())).isEqualTo(ints(chain.path("first_ids")));
        assertThat(tokenizer.encode(chain.path("second").asText())).isEqualTo(ints(chain.path("second_ids")));
        assertThat(tokenizer.decode(ints(chain.path("greedy_ids")))).isEqualTo(chain.path("greedy_text").asText());
    }

    /** A fine-tuned model's tokens: the ids and texts are what transformers 5 gives for these files. */
    @Test
    void tokensOfTheConfigurationAloneAreAddedBehindTheOthers(@TempDir Path folder) throws IOException {
        for (String file : List.of("config.json", "tokenizer.json")) {
            Files.copy(TestData.golden("tiny-qwen3").resolve(file), folder.resolve(file));
        }
        Files.writeString(folder.resolve("tokenizer_config.json"), """
                {"added_tokens_decoder": {
                 "1": {"content": "<|im_start|>", "special": true},
                 "477": {"content": "<|late|>", "special": true, "normalized": false},
                 "471": {"content": "<tool>", "special": false, "normalized": false},
                 "270": {"content": "Ġthe", "special": true}}}""");
        Tokenizer tokenizer = Tokenizer.from(folder, null);
        assertThat(tokenizer.encode("a<tool>b<|late|>")).containsExactly(69, 471, 70, 472);
        assertThat(tokenizer.decode(new int[] {69, 471, 70, 472})).isEqualTo("a<tool>b");
        assertThat(tokenizer.encode("<|im_start|>")).containsExactly(1);
        assertThat(tokenizer.addedToken("<|late|>")).isEqualTo(472);
        assertThat(tokenizer.addedToken("<tool>")).isEqualTo(471);
        assertThat(tokenizer.addedToken("Ġthe")).isEqualTo(270);
        assertThat(List.of(tokenizer.isSpecial(472), tokenizer.isSpecial(471), tokenizer.isSpecial(270)))
                .containsExactly(true, false, true);
    }

    @Test
    void aFolderInPlaceOfTheFileIsCalledSo(@TempDir Path folder) throws IOException {
        Files.createDirectory(folder.resolve("tokenizer.json"));
        assertThatThrownBy(() -> Tokenizer.from(folder, null)).isInstanceOf(LatentException.class)
                .hasMessage("[BAD_TOKENIZER] " + folder.resolve("tokenizer.json") + " is a folder, expected a file");
    }

    @Test
    void recognisesSpecialTokensAddsNoneAndLeavesThemOutOfText() {
        assertThat(tiny.encode("<|im_start|>")).containsExactly(1);
        assertThat(tiny.encode("")).isEmpty();
        assertThat(tiny.isSpecial(1)).isTrue();
        assertThat(tiny.addedToken("<|im_end|>")).isEqualTo(2);
        assertThat(tiny.addedToken("no such token")).isEqualTo(-1);
        assertThat(tiny.decode(tiny.encode("<|im_start|>a b<|im_end|>"))).isEqualTo("a b");
    }

    @Test
    void decodesWhatItEncoded() {
        for (Tokenizer tokenizer : List.of(smol, tiny)) {
            String text = MIXED.replaceAll("<.*?>", "");
            assertThat(tokenizer.decode(tokenizer.encode(text))).isEqualTo(text);
        }
    }

    @Test
    void streamsCharactersWholeAndLosesNothing() {
        String text = "naïve 世界 👩‍🚀 end";
        int[] ids = tiny.encode(text);
        TokenStream stream = tiny.newStream();
        StringBuilder streamed = new StringBuilder();
        int pushes = 0;
        for (int id : ids) {
            String piece = stream.push(id);
            assertThat(piece).doesNotContain("\uFFFD");
            assertThat(piece.isEmpty() || !Character.isHighSurrogate(piece.charAt(piece.length() - 1))).isTrue();
            streamed.append(piece);
            pushes += piece.isEmpty() ? 0 : 1;
        }
        assertThat(stream.flush()).isEmpty();
        assertThat(streamed.toString()).isEqualTo(text);
        assertThat(pushes).isGreaterThan(5);
    }

    @Test
    void streamsAnyTokensAsTheyAreDecodedAtOnce() {
        Random random = new Random(7);
        for (int round = 0; round < 200; round++) {
            int[] ids = random.ints(40, 0, tiny.vocabularySize()).toArray();
            assertThat(stream(tiny, ids)).isEqualTo(tiny.decode(ids));
        }
        assertThat(stream(tiny, new int[0])).isEmpty();
    }

    private static String stream(Tokenizer tokenizer, int[] ids) {
        TokenStream stream = tokenizer.newStream();
        StringBuilder text = new StringBuilder();
        for (int id : ids) {
            text.append(stream.push(id));
        }
        return text.append(stream.flush()).toString();
    }

    @Test
    void knowsFromItsLengthAloneHowManyTokensATextHasAtLeast() {
        for (Tokenizer tokenizer : List.of(smol, tiny)) {
            assertThat(tokenizer.fewestTokens("")).isZero();
            assertThat(tokenizer.fewestTokens("a")).isEqualTo(1);
            assertThat(tokenizer.fewestTokens(" ".repeat(10_000_000))).isGreaterThan(40_000);
            for (String unit : List.of(" ", "\n", "=", "-", "a", "the ", MIXED, "\u0004")) {
                String text = unit.repeat(5000);
                assertThat(tokenizer.fewestTokens(text)).isLessThanOrEqualTo(tokenizer.encode(text).length);
            }
        }
        assertThat(Tokenizer.of("{\"pre_tokenizer\": {\"type\": \"WhitespaceSplit\"},"
                + " \"model\": {\"vocab\": {\"a\": 0}, \"merges\": []}}").fewestTokens("a".repeat(1000))).isZero();
    }

    @Test
    void longTextIsNotCutShort() {
        int[] ids = tiny.encode("word ".repeat(5000));
        assertThat(ids.length).isGreaterThan(5000);
        assertThat(stream(tiny, ids)).isEqualTo("word ".repeat(5000));
    }

    @Test
    void survivesTextThatIsNoText() {
        for (Tokenizer tokenizer : List.of(smol, tiny)) {
            assertThat(tokenizer.decode(tokenizer.encode("a\uD800b"))).isEqualTo("a\uFFFDb");
            assertThat(tokenizer.decode(tokenizer.encode("\uDC00\uD83D"))).isEqualTo("\uFFFD\uFFFD");
        }
        assertThat(tiny.decode(tiny.encode("a\0b\0"))).isEqualTo("a\0b\0");
    }

    @Test
    void refusesTokensOutsideTheVocabulary() {
        int size = tiny.vocabularySize();
        assertThat(size).isEqualTo(512);
        for (int id : new int[] {-1, size, Integer.MAX_VALUE}) {
            assertThatThrownBy(() -> tiny.decode(new int[] {3, id})).isInstanceOf(LatentException.class)
                    .hasMessage("[BAD_TOKEN] token " + id + " is outside the vocabulary of 512");
            assertThatThrownBy(() -> tiny.newStream().push(id)).isInstanceOf(LatentException.class);
        }
    }

    @Test
    void worksFromManyThreads() throws Exception {
        int[] expected = smol.encode(MIXED);
        ExecutorService pool = Executors.newFixedThreadPool(8);
        try {
            List<Future<Boolean>> results = new ArrayList<>();
            for (int t = 0; t < 8; t++) {
                String own = MIXED + t;
                Callable<Boolean> job = () -> {
                    for (int i = 0; i < 200; i++) {
                        if (!java.util.Arrays.equals(smol.encode(MIXED), expected)
                                || smol.encode(own).length <= expected.length) {
                            return false;
                        }
                    }
                    return true;
                };
                results.add(pool.submit(job));
            }
            for (Future<Boolean> result : results) {
                assertThat(result.get()).isTrue();
            }
        } finally {
            pool.shutdown();
        }
    }

    @Test
    void namesWhatIsMissingOrCorrupt(@TempDir Path folder) throws IOException {
        assertFails(ErrorCode.FILE_NOT_FOUND, "tokenizer.json", () -> Tokenizer.from(folder, null));
        Files.writeString(folder.resolve("tokenizer.json"), "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0");
        assertFails(ErrorCode.BAD_TOKENIZER, folder.toString(), () -> Tokenizer.from(folder, null));
        Files.writeString(folder.resolve("tokenizer.json"),
                "{\"model\": {\"type\": \"Nonsense\", \"vocab\": {\"a\": 0}}}");
        assertFails(ErrorCode.BAD_TOKENIZER, folder.toString(), () -> Tokenizer.from(folder, null));
        Files.write(folder.resolve("tokenizer.json"), new byte[] {(byte) 0xFF, 0, 1});
        assertFails(ErrorCode.BAD_TOKENIZER, "UTF-8", () -> Tokenizer.from(folder, null));
        assertFails(ErrorCode.BAD_TOKENIZER, "no vocabulary", () -> Tokenizer.of("{}"));
        assertFails(ErrorCode.BAD_TOKENIZER, "-5", () ->
                Tokenizer.of("{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": -5}}}"));
    }

    @Test
    void refusesGgufVocabulariesItDoesNotKnowByName() {
        ObjectNode other = smollm2.deepCopy();
        other.put("tokenizer.ggml.pre", "some-pre");
        assertFails(ErrorCode.BAD_TOKENIZER, "'some-pre'; supported are gpt-2", () ->
                Tokenizer.from(Path.of("m.gguf"), other));
        other.put("tokenizer.ggml.model", "bert");
        assertFails(ErrorCode.BAD_TOKENIZER, "'bert'; supported are gpt2", () ->
                Tokenizer.from(Path.of("m.gguf"), other));
        ObjectNode cut = smollm2.deepCopy();
        cut.putArray("tokenizer.ggml.token_type").add(1);
        assertFails(ErrorCode.BAD_TOKENIZER, "token_type has 1 entries", () -> Tokenizer.from(Path.of("m.gguf"), cut));
        ObjectNode without = smollm2.deepCopy();
        without.remove("tokenizer.ggml.merges");
        assertFails(ErrorCode.BAD_TOKENIZER, "merges is missing", () -> Tokenizer.from(Path.of("m.gguf"), without));
    }

    private static void assertFails(ErrorCode code, String message, Callable<?> call) {
        assertThatThrownBy(call::call).isInstanceOfSatisfying(LatentException.class, e -> {
            assertThat(e.code()).isEqualTo(code);
            assertThat(e).hasMessageContaining(message);
        });
    }

    private static int[] ints(JsonNode array) {
        int[] result = new int[array.size()];
        for (int i = 0; i < result.length; i++) {
            result[i] = array.get(i).asInt();
        }
        return result;
    }
}
