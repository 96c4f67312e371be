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
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;

/** Files and texts made to break a tokenizer: each is refused with a code, or serves. */
@Timeout(120)
class HostileTokenizerTest {
    private static final String BASE = """
            {"added_tokens": [{"id": 5, "content": "<|end|>", "special": true}], "decoder": {"type": "Fuse"},
             "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2, "c": 3, " ": 4}, "merges": [["a", "b"]]}}""";
    private static final List<String> TEXTS = List.of("", "a", "ab<|end|>c", "a".repeat(3000) + "!", "x".repeat(3000),
            "é\u0301 \u0000 \ud83d\ude00", " ".repeat(5000) + "x");

    @TestFactory
    Stream<DynamicTest> refusesAComponentByItsNameOrServes() throws IOException {
        Map<String, String> files = new TreeMap<>();
        TestData.JSON.readTree(TestData.resource("tokenizers/hostile.json")).properties().forEach(entry ->
                files.put(entry.getKey(), entry.getValue().toString()));
        files.put("nested", "[".repeat(100_000));
        files.put("nested normalizers", with("normalizer", "{\"type\":\"Sequence\",\"normalizers\":[".repeat(2000)
                + "]}".repeat(2000)));
        files.put("nested pre-tokenizers", with("pre_tokenizer",
                "{\"type\":\"Sequence\",\"pretokenizers\":[".repeat(60) + "]}".repeat(60)));
        files.put("long token", BASE.replace("\" \": 4", "\"" + "x".repeat(3_000_000) + "\": 4"));
        assertThat(files).hasSizeGreaterThan(70);
        return files.entrySet().stream().map(file -> DynamicTest.dynamicTest(file.getKey(), () ->
                servesOrRefuses(file.getValue())));
    }

    /** Each of the one file is looked for among those of the other. */
    @Test
    void filesBesideTheTokenizerWithVeryManyTokensAreReadInTime(@TempDir Path folder) throws IOException {
        StringBuilder named = new StringBuilder("{\"unk_token\": \"<u>\"");
        StringBuilder added = new StringBuilder("{\"<u>\": 6");
        for (int i = 0; i < 250_000; i++) {
            named.append(", \"").append(i).append("_token\": \"n").append(i).append('"');
            added.append(", \"a").append(i).append("\": 7");
        }
        Files.writeString(folder.resolve("tokenizer.json"), BASE);
        Files.writeString(folder.resolve("special_tokens_map.json"), named.append('}'));
        Files.writeString(folder.resolve("added_tokens.json"), added.append('}'));
        Tokenizer tokenizer = Tokenizer.from(folder, null);
        assertThat(tokenizer.vocabularySize()).isEqualTo(6 + 1 + 500_000);
        assertThat(tokenizer.isSpecial(tokenizer.addedToken("<u>"))).isTrue();
        assertThat(tokenizer.isSpecial(tokenizer.addedToken("a249999"))).isFalse();
    }

    private static void servesOrRefuses(String json) {
        Tokenizer tokenizer;
        try {
            tokenizer = Tokenizer.of(json);
        } catch (LatentException e) {
            assertThat(e.code()).isEqualTo(ErrorCode.BAD_TOKENIZER);
            assertThat(e.getMessage()).contains("tokenizer.json").hasSizeLessThan(600);
            return;
        }
        for (String text : TEXTS) {
            try {
                int[] ids = tokenizer.encode(text);
                TokenStream stream = tokenizer.newStream();
                StringBuilder streamed = new StringBuilder();
                for (int id : ids) {
                    streamed.append(stream.push(id));
                }
                assertThat(tokenizer.decode(ids)).isEqualTo(streamed.append(stream.flush()).toString());
            } catch (LatentException e) {
                assertThat(e.code()).isEqualTo(ErrorCode.BAD_ARGUMENT);
            }
        }
    }

    private static String with(String field, String value) {
        return "{\"" + field + "\": " + value + ", " + BASE.substring(1);
    }

    @Test
    void namesWhatIsNotSupported() {
        refused(with("normalizer", "{\"type\": \"Nmt\"}"),
                "normalizer: type 'Nmt' is not supported; supported are N");
        refused(with("pre_tokenizer", "{\"type\": \"Split\", \"pattern\": {\"Regex\": \"(a)\\\\1\"},"
                + " \"behavior\": \"Isolated\"}"), "\\1 (before character");
        refused(BASE.replace("\"BPE\"", "\"Unigram\""), "model: type 'Unigram' is not supported; supported is BPE");
        refused(BASE.replace("\"c\": 3", "\"c\": 16777215"), "token 'c' has the id 16777215, expected 0 to 1048575");
        refused(BASE.replace("\"c\": 3", "\"c\": 1"), "id 1 is the id of two tokens");
    }

    private static void refused(String json, String message) {
        assertThatThrownBy(() -> Tokenizer.of(json)).isInstanceOf(LatentException.class)
                .hasMessageStartingWith("[BAD_TOKENIZER] tokenizer.json").hasMessageContaining(message);
    }

    @Test
    void endsASearchThatWouldTakeForEver() {
        String text = "a".repeat(60) + "!" + "x".repeat(60) + " ".repeat(100_000) + "z";
        for (String pattern : List.of("(a+)+$", "(?:a|aa)+$", "(x+x+)+y", "a{0,40}a{0,40}a{0,40}a{0,40}z")) {
            Tokenizer tokenizer = splitBy(pattern);
            try {
                assertThat(tokenizer.decode(tokenizer.encode(text))).startsWith("aaa");
            } catch (LatentException e) {
                assertThat(e.code()).isEqualTo(ErrorCode.BAD_ARGUMENT);
            }
            assertThat(tokenizer.encode("ab")).containsExactly(2);
        }
        assertThatThrownBy(() -> splitBy("\\\\s+$").encode(text)).hasMessageStartingWith("[BAD_ARGUMENT] cutting the"
                + " text into words takes more than 29592832 steps");
        assertThatThrownBy(() -> splitBy("(?:a|b)+c").encode("ab".repeat(200_000))).hasMessageStartingWith(
                "[BAD_ARGUMENT] the tokenizer's pattern goes too deep");
    }

    @Test
    void endsStepsThatMakeATextGrowInOtherWays() {
        String letters = "{\"type\": \"ByteLevel\", \"add_prefix_space\": false, \"use_regex\": false},";
        assertThatThrownBy(() -> Tokenizer.of(with("pre_tokenizer", "{\"type\": \"Sequence\", \"pretokenizers\": ["
                + letters.repeat(63).replaceFirst(",$", "") + "]}")).encode("é")).hasMessageStartingWith(
                "[BAD_ARGUMENT] the tokenizer makes a text of more than");
        String grow = "{\"type\":\"Replace\",\"pattern\":{\"String\":\"a\"},\"content\":\"" + "a".repeat(8000)
                + "\"},";
        String decoders = "{\"type\":\"Sequence\",\"decoders\":[" + grow.repeat(9).replaceFirst(",$", "") + "]}";
        Tokenizer tokenizer = Tokenizer.of(BASE.replace("{\"type\": \"Fuse\"}", decoders));
        assertThatThrownBy(() -> tokenizer.decode(new int[] {0})).hasMessageStartingWith(
                "[BAD_TOKENIZER] decoder: Replace makes a text of 64000000 characters out of one token");
        assertThatThrownBy(() -> tokenizer.newStream().push(0)).isInstanceOf(LatentException.class);
        refused(BASE.replace("\"BPE\"", "{\"a\": {}}"), "model: type is no text");
        refused(BASE.replace("\"BPE\"", "\"BPE\", \"unk_token\": {\"content\": \"a\"}"), "model: unk_token is no text");
    }

    private static Tokenizer splitBy(String pattern) {
        return Tokenizer.of(with("pre_tokenizer", "{\"type\": \"Split\", \"pattern\": {\"Regex\": \"" + pattern
                + "\"}, \"behavior\": \"Isolated\"}"));
    }

    @Test
    void endsANormalizerThatMakesATextGrow() {
        String grow = "{\"type\":\"Replace\",\"pattern\":{\"String\":\"a\"},\"content\":\"aaaaaaaaaa\"},";
        Tokenizer tokenizer = Tokenizer.of(with("normalizer", "{\"type\": \"Sequence\", \"normalizers\": ["
                + grow.repeat(9).replaceFirst(",$", "") + "]}"));
        assertThatThrownBy(() -> tokenizer.encode("a")).hasMessageContaining(
                "the tokenizer makes a text of more than 65544 characters");
    }

    /** Ten and a half million spaces, and as many of other things, with the patterns of the models that are run. */
    @Test
    void honestTokenizersTakeAnyRun() throws IOException {
        ObjectNode metadata = GgufMetadata.read(TestData.smollm2()).deepCopy();
        metadata.remove("tokenizer.ggml.merges"); // the characters stay single, which is quicker and cut as well
        metadata.putArray("tokenizer.ggml.merges").add("a b".replace("a", "Ġ").replace("b", "Ġ"));
        for (String pre : List.of("smollm", "gpt-2", "qwen2", "llama-bpe", "tekken")) {
            metadata.put("tokenizer.ggml.pre", pre);
            Tokenizer tokenizer = Tokenizer.from(Path.of("m.gguf"), metadata);
            String spaces = "What is this?" + " ".repeat(10_500_000) + "x";
            assertThat(tokenizer.decode(tokenizer.encode(spaces))).isEqualTo(spaces);
            for (String run : List.of("a", "A", "7", "\n", "'", "世", "\u0301", "'s", " \n", "é", "!/")) {
                String text = run.repeat(pre.equals("qwen2") && run.equals("\u0301") ? 200 : 200_000) + "x";
                assertThat(tokenizer.encode(text).length).isGreaterThan(100);
            }
        }
    }

    @Test
    void theModelsOwnMergesTakeAnyRun() throws IOException {
        String text = "What is this?" + " ".repeat(10_500_000) + "x";
        for (Tokenizer tokenizer : List.of(
                Tokenizer.from(TestData.smollm2(), GgufMetadata.read(TestData.smollm2())),
                Tokenizer.from(TestData.golden("tiny-qwen3"), null))) {
            int[] ids = tokenizer.encode(text);
            assertThat(ids.length).isGreaterThanOrEqualTo(tokenizer.fewestTokens(text));
            assertThat(tokenizer.decode(ids)).isEqualTo(text);
        }
    }

    @Test
    void refusesMarksInARowWhichTakeLongToPutInOrder() throws IOException {
        ObjectNode metadata = GgufMetadata.read(TestData.smollm2()).deepCopy();
        metadata.put("tokenizer.ggml.pre", "qwen2");
        Tokenizer tokenizer = Tokenizer.from(Path.of("m.gguf"), metadata);
        assertThatThrownBy(() -> tokenizer.encode("a" + "\u0315\u0316".repeat(500_000)))
                .hasMessageStartingWith("[BAD_ARGUMENT] the text has more than 256 combining marks in a row");
    }

    @Test
    void anInterruptEndsAnEncoding() throws IOException {
        Tokenizer tokenizer = Tokenizer.from(TestData.smollm2(), GgufMetadata.read(TestData.smollm2()));
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> tokenizer.encode("word ".repeat(1_000_000))).isInstanceOfSatisfying(
                LatentException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CANCELLED));
        assertThat(Thread.interrupted()).isTrue();
    }

    @Test
    void refusesAGgufTokenThatNoModelHas() {
        ObjectNode metadata = TestData.JSON.createObjectNode().put("tokenizer.ggml.model", "llama");
        ArrayNode tokens = metadata.putArray("tokenizer.ggml.tokens").add("<unk>").add("x".repeat(400_000));
        metadata.putArray("tokenizer.ggml.scores").add(0).add(-1);
        metadata.putArray("tokenizer.ggml.token_type").add(2).add(1);
        assertThatThrownBy(() -> Tokenizer.from(Path.of("m.gguf"), metadata)).hasMessageContaining(
                "has 400000 characters, at most 8192 are supported");
        tokens.removeAll();
        ArrayNode scores = metadata.putArray("tokenizer.ggml.scores");
        ArrayNode types = metadata.putArray("tokenizer.ggml.token_type");
        for (int i = 0; i < 20; i++) {
            tokens.add((char) ('a' + i) + "x".repeat(8000));
            scores.add(-i);
            types.add(1);
        }
        assertThatThrownBy(() -> Tokenizer.from(Path.of("m.gguf"), metadata)).hasMessageContaining(
                "the squares of their lengths add up to");
    }

    @Test
    void refusesAFileThatIsNoneOrTooLarge(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("tokenizer.json");
        assertThat(new ProcessBuilder("mkfifo", file.toString()).start().waitFor()).isZero();
        assertThatThrownBy(() -> Tokenizer.from(folder, null)).hasMessage("[BAD_TOKENIZER] " + file
                + " is a pipe, a socket or a device, expected a regular file");
        Files.delete(file);
        try (var sparse = new java.io.RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(1L << 33);
        }
        assertThatThrownBy(() -> Tokenizer.from(folder, null)).hasMessage("[BAD_TOKENIZER] " + file
                + " holds 8589934592 bytes, at most 67108864 are read");
        Files.write(file, new byte[] {'{', '"', (byte) 0xC3, '"'});
        assertThatThrownBy(() -> Tokenizer.from(folder, null)).hasMessage("[BAD_TOKENIZER] " + file
                + " is not UTF-8 text: byte 2 is 0xc3");
    }

    private static JsonNode base() throws IOException {
        return TestData.JSON.readTree(BASE);
    }

    @Test
    void manyAddedTokensAreFoundAtOnce() throws IOException {
        ObjectNode root = (ObjectNode) base();
        ArrayNode added = root.putArray("added_tokens");
        for (int i = 0; i < 50_000; i++) {
            added.addObject().put("id", 5 + i).put("content", "t" + i).put("special", false)
                    .put("normalized", i % 2 == 0);
        }
        Tokenizer tokenizer = Tokenizer.of(root.toString());
        assertThat(tokenizer.encode("at49999t1abt12345t")).containsExactly(0, 50_004, 6, 2, 12_350);
    }
}
