package org.latent4j.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.latent4j.Golden;
import org.latent4j.LatentException;
import org.latent4j.latent.Penalties;

class GenerationConfigTest {
    private static final Tokenizer TINY = Tokenizer.from(TestData.golden("tiny-qwen3"), null);

    @Test
    void readsWhatTheFileSays(@TempDir Path folder) throws IOException {
        Files.writeString(folder.resolve("generation_config.json"),
                "{\"eos_token_id\": [2, 0], \"temperature\": 0.7, \"top_p\": 0.8, \"top_k\": 20, \"do_sample\": true}");
        assertThat(GenerationConfig.from(folder, null, TINY))
                .isEqualTo(new GenerationConfig(0.7f, 0.8f, 20, new int[] {0, 2}));
        Files.writeString(folder.resolve("generation_config.json"),
                "{\"temperature\": 0.7, \"do_sample\": false, \"eos_token_id\": 3}");
        assertThat(GenerationConfig.from(folder, null, TINY))
                .isEqualTo(new GenerationConfig(0, 0.95f, 0, new int[] {3}));
    }

    @Test
    void readsPenaltiesAndWhatIsNeverToCome(@TempDir Path folder) throws IOException {
        Files.writeString(folder.resolve("generation_config.json"), "{\"repetition_penalty\": 1.05, "
                + "\"presence_penalty\": 1.5, \"frequency_penalty\": -0.5, \"no_repeat_ngram_size\": 4, "
                + "\"min_p\": 0.1, "
                + "\"suppress_tokens\": [9, 5, 9, -1, 99999999], \"begin_suppress_tokens\": [220]}");
        assertThat(GenerationConfig.from(folder, null, TINY)).isEqualTo(new GenerationConfig(0.6f, 0.95f, 0, 0.1f,
                new Penalties(1.05f, 1.5f, -0.5f, 4, List.of(5, 9), List.of(220)), new int[0], List.of()));
    }

    @Test
    void whatTheModelCannotDecodeNeedsNoSuppressing(@TempDir Path folder) throws IOException {
        Files.writeString(folder.resolve("generation_config.json"),
                "{\"suppress_tokens\": [5, 99, 100, 511], \"begin_suppress_tokens\": [511]}");
        assertThat(GenerationConfig.from(folder, null, TINY, 100).penalties())
                .isEqualTo(Penalties.none().withSuppressed(5, 99));
        assertThat(GenerationConfig.from(folder, null, TINY).penalties().suppressedFirst()).containsExactly(511);
    }

    @Test
    void oneTokenHasToBeLeft(@TempDir Path folder) throws IOException {
        String half = IntStream.range(0, 256).boxed().toList().toString();
        String rest = IntStream.range(256, 512).boxed().toList().toString();
        Path file = Files.writeString(folder.resolve("generation_config.json"), "{\"suppress_tokens\": " + half
                + ", \"begin_suppress_tokens\": " + rest + "}");
        assertThatThrownBy(() -> GenerationConfig.from(folder, null, TINY)).hasMessageStartingWith("[BAD_CHECKPOINT] "
                + file + ": begin_suppress_tokens is [256,257").hasMessageEndingWith("a token to be left of the"
                + " vocabulary's 512");
    }

    @Test
    void saysWhatIsWrongInFewWords(@TempDir Path folder) throws IOException {
        String ids = "[" + "1, ".repeat(1_000_000) + "1]";
        for (String key : List.of("temperature", "top_k", "no_repeat_ngram_size")) {
            Path file = Files.writeString(folder.resolve("generation_config.json"), "{\"" + key + "\": " + ids + "}");
            assertThatThrownBy(() -> GenerationConfig.from(folder, null, TINY))
                    .hasMessageStartingWith("[BAD_CHECKPOINT] " + file + ": " + key + " is [1,1,1")
                    .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(600));
        }
        Files.writeString(folder.resolve("generation_config.json"), "{\"eos_token_id\": [\"" + "x".repeat(9_000)
                + "\"]}");
        assertThatThrownBy(() -> GenerationConfig.from(folder, null, TINY))
                .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(600));
    }

    @Test
    void namesWhatNobodyObeys(@TempDir Path folder) throws IOException {
        Files.writeString(folder.resolve("generation_config.json"), "{\"typical_p\": 0.9, \"num_beams\": 4, "
                + "\"max_new_tokens\": 2048, \"bad_words_ids\": [[1, 2]], \"forced_eos_token_id\": 2, "
                + "\"a_key\\nof tomorrow\": \"yes\", \"top_k\": 3}");
        GenerationConfig config = GenerationConfig.from(folder, null, TINY);
        assertThat(config.ignored()).containsExactly("typical_p: 0.9", "num_beams: 4", "max_new_tokens: 2048",
                "bad_words_ids: [[1,2]]", "forced_eos_token_id: 2", "a_key?of tomorrow: \"yes\"");
        assertThat(config.toString()).contains("not obeyed: typical_p: 0.9, num_beams: 4");
    }

    @Test
    void whatChangesNoTokenIsNotNamed(@TempDir Path folder) throws IOException {
        Files.writeString(folder.resolve("generation_config.json"), "{\"typical_p\": 1.0, \"num_beams\": 1, "
                + "\"bad_words_ids\": null, \"force_words_ids\": [], \"token_healing\": false, "
                + "\"epsilon_cutoff\": 0.0, "
                + "\"use_cache\": true, \"pad_token_id\": 7, \"transformers_version\": \"4.51.0\"}");
        assertThat(GenerationConfig.from(folder, null, TINY).ignored()).isEmpty();
        for (String name : Golden.NAMES) {
            assertThat(GenerationConfig.from(TestData.golden(name), null, TINY).ignored()).as(name).isEmpty();
        }
    }

    @Test
    void ofVeryManyTheLastAreCounted(@TempDir Path folder) throws IOException {
        StringBuilder keys = new StringBuilder("{\"top_k\": 3");
        for (int i = 0; i < 50; i++) {
            keys.append(", \"k").append(i).append("\": \"").append("v".repeat(5000)).append('"');
        }
        Files.writeString(folder.resolve("generation_config.json"), keys + "}");
        assertThat(GenerationConfig.from(folder, null, TINY).ignored()).hasSize(21).endsWith("and 30 more")
                .allSatisfy(setting -> assertThat(setting.length()).isLessThan(200));
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"temperature\": -1}", "{\"temperature\": \"hot\"}", "{\"top_p\": 0}", "{\"top_p\": 7}",
            "{\"top_k\": -5}", "{\"temperature\": 1e400}", "{\"temperature\": 1e39}", "{\"top_p\": 1e-60}",
            "{\"repetition_penalty\": 0}", "{\"repetition_penalty\": -1}", "{\"presence_penalty\": 2.5}",
            "{\"frequency_penalty\": \"x\"}", "{\"min_p\": 1.5}", "{\"no_repeat_ngram_size\": -1}",
            "{\"no_repeat_ngram_size\": 2.5}", "{\"suppress_tokens\": 3}", "{\"suppress_tokens\": [\"a\"]}",
            "{\"begin_suppress_tokens\": {\"a\": 1}}",
            "{\"top_k\": 50.7}", "{\"top_k\": -2}", "{\"top_k\": 3e9}", "{\"do_sample\": \"yes\"}",
            "{\"do_sample\": [], \"temperature\": 0.7}", "{\"do_sample\": {}}", "{\"do_sample\": 1}",
            "{\"eos_token_id\": 4294967297}",
        "{\"eos_token_id\": \"x\"}", "{\"eos_token_id\": [2, {}]}", "[1]", "null", "", "{"})
    void refusesWhatNoSamplerCanUse(String content, @TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("generation_config.json"), content);
        assertThatThrownBy(() -> GenerationConfig.from(folder, null, TINY)).isInstanceOf(LatentException.class)
                .hasMessageStartingWith("[BAD_CHECKPOINT] " + file).hasMessageNotContaining("REDACTED");
    }

    @Test
    void whatIsNoJsonIsToldWithLineAndColumn(@TempDir Path folder) throws IOException {
        Files.writeString(folder.resolve("generation_config.json"), "{\n  \"top_k\": 3,\n  oops\n}");
        assertThatThrownBy(() -> GenerationConfig.from(folder, null, TINY))
                .hasMessageContaining(" is not JSON, line 3, column ");
    }

    /** Names that are one to Jackson's table of names, and what it makes of the next file. */
    @Test
    void namesMadeToCollideHarmNeitherTheirFileNorTheNext(@TempDir Path folder) throws IOException {
        StringBuilder names = new StringBuilder();
        for (int i = 0; i < 4096; i++) {
            names.append(i == 0 ? "" : ",").append('"');
            for (int bit = 0; bit < 12; bit++) {
                names.append((i >> bit & 1) == 0 ? "Ab" : "BA");
            }
            names.append("\":0");
        }
        Path file = folder.resolve("generation_config.json");
        for (int round = 0; round < 5; round++) {
            Files.writeString(file, "{\"a\":{" + names + "},\"top_k\":7}");
            assertThat(GenerationConfig.from(folder, null, TINY).topK()).isEqualTo(7);
            Files.writeString(file, "{\"temperature\": 0.7, \"n" + round + "\": [{\"x" + round + "\": 1}]}");
            assertThat(GenerationConfig.from(folder, null, TINY).temperature()).isEqualTo(0.7f);
        }
    }

    @Test
    void fillsInWhatTheFilesDoNotSay(@TempDir Path folder) throws IOException {
        assertThat(GenerationConfig.from(TestData.golden("tiny-qwen3"), null, TINY))
                .isEqualTo(new GenerationConfig(0.6f, 0.95f, 0, new int[] {2}));
        assertThat(GenerationConfig.from(folder, null, TINY))
                .isEqualTo(new GenerationConfig(0.6f, 0.95f, 0, new int[0]));
        Files.writeString(folder.resolve("special_tokens_map.json"), "{\"eos_token\": \"<|im_end|>\"}");
        assertThat(GenerationConfig.from(folder, null, TINY).endTokens()).containsExactly(2);
        Files.writeString(folder.resolve("config.json"), "{\"eos_token_id\": 4}");
        assertThat(GenerationConfig.from(folder, null, TINY).endTokens()).containsExactly(4);
    }

    /** Without an end token an answer would always come to its limit. */
    @ParameterizedTest
    @ValueSource(strings = {"99999", "-1", "[-1]", "[99999, 2147483647]"})
    void endTokensOutsideTheVocabularyAreSaidAndTheNextFileIsAsked(String ids, @TempDir Path folder)
            throws IOException {
        Files.writeString(folder.resolve("generation_config.json"), "{\"eos_token_id\": " + ids + "}");
        Files.writeString(folder.resolve("special_tokens_map.json"), "{\"eos_token\": \"<|im_end|>\"}");
        GenerationConfig config = GenerationConfig.from(folder, null, TINY);
        assertThat(config.endTokens()).containsExactly(2);
        assertThat(config.ignored()).singleElement().asString().startsWith("eos_token_id: ")
                .contains(ids.replaceAll("^\\[(-1)]", "$1"))
                .endsWith("(the vocabulary has " + TINY.vocabularySize() + " tokens)");
        Files.writeString(folder.resolve("config.json"), "{\"eos_token_id\": [4, 88888]}");
        config = GenerationConfig.from(folder, null, TINY);
        assertThat(config.endTokens()).containsExactly(4);
        assertThat(config.ignored()).hasSize(2).last().asString().startsWith("eos_token_id: 88888 ");
    }

    @Test
    void nullIsAsIfTheKeyWasNotThere(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("generation_config.json");
        for (String content : List.of("{\"do_sample\": null, \"temperature\": 0.7}", "{\"temperature\": 0.7, "
                + "\"top_k\": null, \"suppress_tokens\": null, \"eos_token_id\": null, \"top_p\": null}")) {
            Files.writeString(file, content);
            assertThat(GenerationConfig.from(folder, null, TINY))
                    .isEqualTo(new GenerationConfig(0.7f, 0.95f, 0, new int[0]));
        }
        Files.writeString(file, "{\"do_sample\": false, \"temperature\": null}");
        assertThat(GenerationConfig.from(folder, null, TINY).temperature()).isEqualTo(0.6f);
    }

    @ParameterizedTest
    @ValueSource(strings = {"-1", "0", "-1.0"})
    void noTopKIsWrittenInSeveralWays(String none, @TempDir Path folder) throws IOException {
        Files.writeString(folder.resolve("generation_config.json"), "{\"top_k\": " + none + "}");
        assertThat(GenerationConfig.from(folder, null, TINY).topK()).isZero();
    }

    @Test
    void aVocabularyOfWhichNothingMayComeIsRefused(@TempDir Path folder) throws IOException {
        List<Integer> all = IntStream.range(0, TINY.vocabularySize()).boxed().toList();
        Path file = folder.resolve("generation_config.json");
        for (String content : List.of("{\"suppress_tokens\": " + all + "}", "{\"begin_suppress_tokens\": " + all + "}",
                "{\"suppress_tokens\": " + all.subList(0, 100) + ", \"begin_suppress_tokens\": "
                + all.subList(50, all.size()) + "}")) {
            Files.writeString(file, content);
            assertThatThrownBy(() -> GenerationConfig.from(folder, null, TINY)).isInstanceOf(LatentException.class)
                    .hasMessageStartingWith("[BAD_CHECKPOINT] " + file + ": ")
                    .hasMessageContaining("suppress_tokens is ")
                    .extracting(e -> e.getMessage().length()).asInstanceOf(InstanceOfAssertFactories.INTEGER)
                    .isLessThan(500);
        }
        Files.writeString(file, "{\"suppress_tokens\": " + all.subList(1, all.size()) + "}");
        assertThat(GenerationConfig.from(folder, null, TINY).penalties().suppressed()).hasSize(all.size() - 1);
    }

    @Test
    void nothingThatSteersATerminalIsToldOfAFile(@TempDir Path folder) throws IOException {
        String steering = "\u202e\u2066\u200f\u00ad\ufeff\u2028\u009b\u001b[2J";
        String json = TestData.JSON.writeValueAsString(steering);
        Path file = folder.resolve("generation_config.json");
        Files.writeString(file, "{" + json + ": " + json + ", \"typical_p\": " + json + "}");
        assertThat(GenerationConfig.from(folder, null, TINY).ignored()).hasSize(2)
                .noneMatch(GenerationConfigTest::steers);
        for (String key : List.of("temperature", "do_sample", "eos_token_id", "suppress_tokens")) {
            Files.writeString(file, "{\"" + key + "\": " + json + "}");
            assertThatThrownBy(() -> GenerationConfig.from(folder, null, TINY)).hasMessageContaining(key)
                    .extracting(Throwable::getMessage).matches(message -> !steers(message));
        }
    }

    private static boolean steers(String text) {
        return text.matches("(?s).*[\\p{Cc}\\p{Cf}\\u2028].*");
    }

    @Test
    void readsTheSamplingOfAGgufFile() throws IOException {
        ObjectNode metadata = GgufMetadata.read(TestData.smollm2()).deepCopy();
        Tokenizer tokenizer = Tokenizer.from(TestData.smollm2(), metadata);
        metadata.put("general.sampling.temp", 0.7f).put("general.sampling.top_p", 0.8f)
                .put("general.sampling.top_k", 20).put("general.sampling.min_p", 0.01f)
                .put("general.sampling.penalty_repeat", 1.05f).put("general.sampling.penalty_last_n", 64)
                .put("general.sampling.mirostat", 0).put("general.sampling.xtc_threshold", 0.1f);
        GenerationConfig config = GenerationConfig.from(TestData.smollm2(), metadata, tokenizer);
        assertThat(config).isEqualTo(new GenerationConfig(0.7f, 0.8f, 20, 0.01f,
                Penalties.none().withRepetition(1.05f), new int[] {0, 2},
                List.of("general.sampling.penalty_last_n: 64")));
    }

    @Test
    void findsTheEndTokensOfAGgufFile() throws IOException {
        JsonNode metadata = GgufMetadata.read(TestData.smollm2());
        Tokenizer tokenizer = Tokenizer.from(TestData.smollm2(), metadata);
        assertThat(GenerationConfig.from(TestData.smollm2(), metadata, tokenizer))
                .isEqualTo(new GenerationConfig(0.6f, 0.95f, 0, new int[] {0, 2}));
        ObjectNode more = metadata.deepCopy();
        more.put("tokenizer.ggml.eot_token_id", 9).put("tokenizer.ggml.eos_token_id", 99_999_999);
        assertThat(GenerationConfig.from(TestData.smollm2(), more, tokenizer).endTokens()).containsExactly(0, 2, 9);
    }
}
