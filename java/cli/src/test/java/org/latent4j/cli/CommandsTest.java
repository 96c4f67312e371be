package org.latent4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What ask, compare and info print, on a tiny checkpoint. */
class CommandsTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    @Test
    void askPrintsTheAnswerAloneAndTheFiguresBesideIt() throws IOException {
        Console console = Console.piped().tiny("ask", "what is 12 + 30?");
        JsonNode json = JSON.readTree(Console.piped().tiny("ask", "--json", "what is 12 + 30?").out());
        assertThat(console.out()).isEqualTo(json.get("text").asText() + "\n");
        assertThat(console.err()).contains("9 latent steps", "handed over", "peak memory");
    }

    @Test
    void theQuestionMayComeFromAnywhere() throws IOException {
        Path file = Files.writeString(folder.resolve("q.txt"), "what is 智 + 30?\n");
        String argument = Console.piped().tiny("ask", "what is 智 + 30?").out();
        assertThat(argument).isNotBlank();
        assertThat(Console.piped().tiny("ask", "-f", file.toString()).out()).isEqualTo(argument);
        assertThat(Console.piped().tiny("ask", "@" + file).out()).isEqualTo(argument);
        assertThat(Console.piped().input("what is 智 + 30?\n").tiny("ask").out()).isEqualTo(argument);
        assertThat(Console.piped().input("what is 智 + 30?\n").tiny("ask", "-").out()).isEqualTo(argument);
        assertThat(Console.piped().tiny("ask", "what", "is", "智", "+", "30?").out()).isEqualTo(argument);
        assertThat(Console.piped().tiny("ask", "what is 智 + 31?").out()).isNotEqualTo(argument);
    }

    @Test
    void everyOptionReachesTheTeam() throws IOException {
        JsonNode json = ask("--method", "latent", "--team", "hierarchical", "--latent-steps", "5", "--align", "ridge",
            "--memory", "latent-only",
            "--max-new-tokens", "6", "--temperature", "0.5", "--top-p", "0.9", "--top-k", "7", "--seed", "9",
            "--min-p", "0.02", "--repetition-penalty", "1.1", "--presence-penalty", "0.5", "--frequency-penalty",
            "0.25", "--no-repeat-ngram", "6",
            "--threads", "1", "--compat",
            "official", "--task", "math");
        JsonNode settings = json.get("settings");
        assertThat(settings.get("method").asText()).isEqualTo("latent");
        assertThat(settings.get("team").asText()).isEqualTo("hierarchical");
        assertThat(settings.get("latent_steps").asInt()).isEqualTo(5);
        assertThat(settings.get("align").asText()).isEqualTo("ridge");
        assertThat(settings.get("memory").asText()).isEqualTo("latent-only");
        assertThat(settings.get("max_new_tokens").asInt()).isEqualTo(6);
        assertThat(settings.get("temperature").asDouble()).isEqualTo(0.5);
        assertThat(settings.get("top_p").floatValue()).isEqualTo(0.9f);
        assertThat(settings.get("top_k").asInt()).isEqualTo(7);
        assertThat(settings.get("seed").asLong()).isEqualTo(9);
        assertThat(settings.get("min_p").floatValue()).isEqualTo(0.02f);
        assertThat(settings.get("repetition_penalty").floatValue()).isEqualTo(1.1f);
        assertThat(settings.get("presence_penalty").floatValue()).isEqualTo(0.5f);
        assertThat(settings.get("frequency_penalty").floatValue()).isEqualTo(0.25f);
        assertThat(settings.get("no_repeat_ngram").asInt()).isEqualTo(6);
        assertThat(settings.get("compat").asText()).isEqualTo("official");
        assertThat(settings.get("task").asText()).isEqualTo("math");
        assertThat(names(json)).containsExactly("math_expert", "science_expert", "code_expert", "summarizer");
        assertThat(json.get("agents").get(1).get("memory_positions").asInt())
            .isEqualTo(5);  // a chain, and only the thoughts
        assertThat(json.get("figures").get("latent_steps").asInt()).isEqualTo(15);
    }

    @Test
    void controlTokensCountOnlyWhereTheyAreAllowed() throws IOException {
        assertThat(ask().get("settings").get("allow_control_tokens").asBoolean(true)).isFalse();
        assertThat(ask("--allow-control-tokens").get("settings").get("allow_control_tokens").asBoolean()).isTrue();
    }

    @Test
    void whatTheCheckpointAsksForIsDoneOrNamed() throws IOException {
        Path checkpoint = Files.createDirectory(folder.resolve("checkpoint"));
        for (String file : List.of("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")) {
            Files.copy(Path.of(Console.TINY).resolve(file), checkpoint.resolve(file));
        }
        Files.writeString(checkpoint.resolve("generation_config.json"),
            "{\"eos_token_id\": 2, \"repetition_penalty\": 1.05, \"suppress_tokens\": [7], \"typical_p\": 0.9}");
        String[] few = {"-m", checkpoint.toString(), "--device", Console.DEVICE, "-n", "8", "-s", "3", "what?"};
        JsonNode settings = JSON.readTree(onIt("ask", "--json", few).out()).get("settings");
        assertThat(settings.get("repetition_penalty").floatValue()).isEqualTo(1.05f);
        assertThat(settings.get("suppress_tokens").get(0).asInt()).isEqualTo(7);
        for (String command : new String[] {"ask", "compare"}) {
            assertThat(onIt(command, "--thinking", few).err())
                .containsOnlyOnce("not obeyed of the checkpoint's generation config: typical_p: 0.9");
            assertThat(Console.piped().tiny(command, "what?").err()).doesNotContain("not obeyed");
        }
    }

    @Test
    void thinkingAndStopStringsReachTheTeam() throws IOException {
        assertThat(ask().get("settings").get("template_options").has("enable_thinking")).isFalse();
        assertThat(ask("--thinking").get("settings").get("template_options").get("enable_thinking").asBoolean(false))
            .isTrue();
        assertThat(ask("--no-thinking").get("settings").get("template_options").get("enable_thinking").asBoolean(true))
            .isFalse();
        String text = ask().get("text").asText();
        String stop = text.substring(text.length() / 2);
        JsonNode cut = ask("--stop", "never there", "--stop", stop);
        assertThat(cut.get("text").asText()).isEqualTo(text.substring(0, text.indexOf(stop)));
        assertThat(cut.get("stop_reason").asText()).isEqualTo("asked");
    }

    @Test
    void quietKeepsTheExtractedAnswer() throws IOException {
        String[] math = {"--method", "single", "-k", "math", "-n", "64"};
        JsonNode json = ask(math);
        String found = json.get("answer").asText();
        assertThat(found).isNotEmpty().isNotEqualTo(json.get("text").asText());
        Console quiet = Console.piped().input("what is 12 + 30?").tiny("ask", with("-q", math));
        assertThat(quiet.out()).isEqualTo(found + "\n");
        assertThat(quiet.err()).isEmpty();
        assertThat(quiet.exitCode()).isZero();
        Console shown = Console.piped().input("what is 12 + 30?").tiny("ask", math);
        assertThat(shown.out()).isEqualTo(json.get("text").asText() + "\n");
        assertThat(shown.err()).contains("answer: " + found + "\n");
        Console open = Console.piped().tiny("ask", "-q", "what is 12 + 30?");
        assertThat(open.out()).isEqualTo(ask().get("text").asText() + "\n");
        assertThat(open.err()).isEmpty();
    }

    @Test
    void quietSaysWhereNothingWasFound() {
        Console one = Console.piped().tiny("ask", "-q", "-k", "code", "-n", "1", "what is 12 + 30?");
        assertThat(one.out()).isEqualTo("\n");
        assertThat(one.exitCode()).isEqualTo(1);
        assertThat(one.err()).hasLineCount(1).contains("no answer was found");
        Console two = Console.piped().input("a?\nb?\n").tiny("ask", "-q", "-k", "code", "-n", "1", "--lines");
        assertThat(two.out()).as("a line for each question").isEqualTo("\n\n");
        assertThat(two.err()).contains("2 of 2 questions");
    }

    @Test
    void methodsDiffer() throws IOException {
        assertThat(names(ask("--method", "single"))).containsExactly("single");
        JsonNode text = ask("--method", "text");
        assertThat(names(text)).containsExactly("planner", "critic", "refiner", "judger");
        assertThat(text.get("figures").get("latent_steps").asInt()).isZero();
        assertThat(text.get("agents").get(0).get("text").asText()).isNotEmpty();
        assertThat(ask("--method", "latent").get("agents").get(0).get("text").isNull()).isTrue();
    }

    @Test
    void promptsCanBeReplaced() throws IOException {
        Path file = Files.writeString(folder.resolve("p.yaml"), "single: {text: 'Say {question}'}");
        int without = ask("--method", "single").get("figures").get("prompt_tokens").asInt();
        assertThat(ask("--method", "single", "--prompts", file.toString()).get("figures").get("prompt_tokens").asInt())
            .isLessThan(without);
    }

    @Test
    void linesAreQuestionsOfTheirOwn() throws IOException {
        Console console = Console.piped().input("first?\n\nsecond?\n").tiny("ask", "--lines", "--json", "--memory",
            "shuffled");
        List<String> lines = console.out().lines().toList();
        assertThat(lines).hasSize(2);
        assertThat(JSON.readTree(lines.get(0)).get("question").asText()).isEqualTo("first?");
        assertThat(JSON.readTree(lines.get(1)).get("question").asText()).isEqualTo("second?");
        Console plain = Console.piped().input("first?\nsecond?\n").tiny("ask", "--lines");
        assertThat(plain.err().lines().filter(line -> line.contains("handed over"))).hasSize(2);
    }

    @Test
    void comparePrintsAnAlignedTable() {
        Console console = Console.piped().tiny("compare", "what is 12 + 30?");
        assertThat(console.exitCode()).isZero();
        List<String> lines = console.out().lines().toList();
        assertThat(lines).hasSize(5);
        assertThat(lines.get(0)).contains("latent steps", "decoded", "prefill s", "think s", "decode s",
            "memory handed over", "vs text team", "answer");
        assertThat(lines.get(2)).startsWith("single ");
        assertThat(lines.get(3)).startsWith("text ");
        assertThat(lines.get(4)).startsWith("latent ");
        int answers = lines.get(0).indexOf("answer");
        assertThat(lines.subList(2, 5)).allSatisfy(line -> assertThat(line.charAt(answers - 1)).isEqualTo(' '))
            .as("an answer that was cut off is no answer to be faster than").noneMatch(line -> line.contains("0x"));
        assertThat(console.err()).contains("text: the answer was cut off", "latent: the answer was cut off");
    }

    @Test
    void compareSaysHowMuchFasterTheLatentTeamWas() {
        Console console = Console.piped().run("compare", "--temperature", "0", "--max-new-tokens", "64",
            Examples.QUESTION);
        List<String> lines = console.out().lines().toList();
        assertThat(lines.get(2)).startsWith("single ").as("one agent is no team")
            .doesNotContainPattern("\\d\\.\\d\\dx");
        assertThat(lines.get(3)).startsWith("text ").contains("1.00x");
        assertThat(lines.get(4)).startsWith("latent ").containsPattern("\\d\\.\\d\\dx").contains(Examples.ANSWER);
        assertThat(console.err()).doesNotContain("cut off", "latent4j:");
    }

    @Test
    void compareAsJson() throws IOException {
        JsonNode json = JSON.readTree(Console.piped().tiny("compare", "--json", "what is 12 + 30?").out());
        assertThat(json.get("methods")).hasSize(3);
        JsonNode latent = json.get("methods").get(2);
        assertThat(latent.get("settings").get("method").asText()).isEqualTo("latent");
        assertThat(latent.get("figures").get("handed_over_bytes").asLong()).isPositive();
        assertThat(latent.get("text").asText()).isEqualTo(ask("--method", "latent").get("text").asText());
        assertThat(json.get("methods")).as("cut off").allMatch(one -> one.get("speed_up_vs_text_team").isNull());
        json = JSON.readTree(Console.piped().run("compare", "--json", "--temperature", "0", "-n", "64",
            Examples.QUESTION).out());
        assertThat(json.get("methods").get(2).get("speed_up_vs_text_team").asDouble()).isPositive();
        assertThat(json.get("methods").get(1).get("speed_up_vs_text_team").asDouble()).isEqualTo(1);
        assertThat(json.get("methods").get(0).get("speed_up_vs_text_team").isNull()).isTrue();
    }

    @Test
    void infoSaysModelMachineAndAlignment() throws IOException {
        Console console = Console.piped().tiny("info");
        assertThat(console.exitCode()).isZero();
        assertThat(console.out()).contains("qwen3", "CPU features", "plain", "from identity");
        assertThat(console.out().lines().filter(line -> line.startsWith("folder "))).hasSize(2)
            .allSatisfy(line -> assertThat(line).contains("moved by ", "LATENT4J_CACHE"))
            .anySatisfy(line -> assertThat(line).contains("embedded model"))
            .anySatisfy(line -> assertThat(line).contains("hub"));
        JsonNode json = JSON.readTree(Console.piped().tiny("info", "--json", "--cpu-level", "plain").out());
        assertThat(json.get("model").get("n_layers").asInt()).isEqualTo(3);
        assertThat(json.get("model").get("details").get("cpu_level").asText()).isEqualTo("plain");
        assertThat(json.get("machine").get("levels")).isNotEmpty();
        assertThat(json.get("folders")).hasSize(2).allSatisfy(folder -> assertThat(folder.get("folder").asText())
            .startsWith("/"));
        assertThat(json.get("alignment").get("distance_from_identity").asDouble()).isGreaterThan(0.1);
        assertThat(json.get("auto_alignment").get("kind").asText()).isEqualTo("ridge");
        assertThat(console.out())
            .containsPattern("latent thoughts +by ridge \\(output weights of their own, ridge is \\S+ from");
        String tied = Console.piped().run("info", "-m", Console.checkpoint("tiny-qwen3"), "--device", Console.DEVICE)
            .out();
        assertThat(tied).containsPattern("latent thoughts +by soft \\(embeddings are tied\\)");
    }

    @Test
    void tablesAlign() {
        TextTable table = new TextTable(List.of("a", "number", "text"));
        table.add(List.of("long name", "7", "x"));
        table.add(List.of("s", "12345678", "yy"));
        assertThat(table.lines()).containsExactly(
            "a            number  text",
            "-------------------------",
            "long name         7  x",
            "s          12345678  yy");
    }

    private static Console onIt(String command, String option, String... args) {
        return Console.piped().run(Stream.concat(Stream.of(command, option), Arrays.stream(args))
            .toArray(String[]::new));
    }

    private static JsonNode ask(String... args) throws IOException {
        String[] all = new String[args.length + 2];
        System.arraycopy(args, 0, all, 0, args.length);
        all[args.length] = "--json";
        all[args.length + 1] = "what is 12 + 30?";
        Console console = Console.piped().tiny("ask", all);
        assertThat(console.exitCode()).as(console.err()).isZero();
        assertThat(console.out().lines()).hasSize(1);
        return JSON.readTree(console.out());
    }

    private static String[] with(String first, String... rest) {
        List<String> all = new ArrayList<>(List.of(rest));
        all.add(0, first);
        return all.toArray(String[]::new);
    }

    private static List<String> names(JsonNode json) {
        return json.get("agents").findValuesAsText("name");
    }
}
