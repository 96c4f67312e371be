package org.latent4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

/** How a team is told to think, what is shown of its thoughts, and what is said against its answers. */
class ThinkingCommandsTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String QUESTION = "what is 12 + 30?";

    private static JsonNode ask(String... args) throws IOException {
        Console console = Console.piped().tiny("ask", with(args, "--json", QUESTION));
        assertThat(console.exitCode()).as(console.err()).isZero();
        return JSON.readTree(console.out());
    }

    private static String[] with(String[] args, String... more) {
        String[] all = java.util.Arrays.copyOf(args, args.length + more.length);
        System.arraycopy(more, 0, all, args.length, more.length);
        return all;
    }

    @Test
    void everyOptionReachesTheTeam() throws IOException {
        JsonNode settings = ask("--align", "soft", "--soft-top-k", "7", "--soft-temperature", "0.5", "--soft-noise",
            "0.25", "--until-entropy", "0.001", "--until-entropy-steps", "3", "--until-cosine", "0.875",
            "--until-end-token").get("settings");
        assertThat(settings.get("latent_steps").asInt()).isEqualTo(3);
        assertThat(settings.get("align").asText()).isEqualTo("soft");
        assertThat(settings.get("soft").get("top_k").asInt()).isEqualTo(7);
        assertThat(settings.get("soft").get("temperature").asDouble()).isEqualTo(0.5);
        assertThat(settings.get("soft").get("noise").asDouble()).isEqualTo(0.25);
        assertThat(settings.get("until").get("entropy_below").floatValue()).isEqualTo(0.001f);
        assertThat(settings.get("until").get("entropy_steps").asInt()).isEqualTo(3);
        assertThat(settings.get("until").get("cosine_above").asDouble()).isEqualTo(0.875);
        assertThat(settings.get("until").get("at_end_token").asBoolean()).isTrue();
        JsonNode blended = ask("--align", "ridge", "--blend", "0.75").get("settings");
        assertThat(blended.get("blend").asDouble()).isEqualTo(0.75);
        assertThat(blended.get("until").get("at_end_token").asBoolean()).isFalse();
    }

    @Test
    void alignmentsAreChosenAsAskedAndTheFiguresSaySo() throws IOException {
        for (String kind : List.of("identity", "ridge", "random", "none", "soft", "argmax")) {
            JsonNode json = ask("--align", kind);
            assertThat(json.get("settings").get("align").asText()).isEqualTo(kind);
            assertThat(json.get("figures").get("alignment").asText()).isEqualTo(kind);
            assertThat(json.get("figures").get("alignment_why").asText()).isEqualTo("as asked");
        }
        JsonNode auto = ask();
        assertThat(auto.get("settings").get("align").asText()).isEqualTo("auto");
        assertThat(auto.get("figures").get("alignment").asText()).isEqualTo("ridge");
        assertThat(auto.get("figures").get("alignment_why").asText()).startsWith("output weights of their own");
        JsonNode official = ask("--compat", "official");
        assertThat(official.get("settings").get("align").asText()).isEqualTo("identity");
        assertThat(official.get("figures").get("alignment_why").asText()).isEqualTo("official");
        JsonNode single = ask("--method", "single").get("figures");
        assertThat(single.get("alignment").isNull()).isTrue();
        assertThat(single.get("thought_cosine").isNull()).as("JSON has no NaN").isTrue();
        assertThat(Console.piped().tiny("ask", QUESTION).err())
            .containsPattern("9 latent steps by ridge \\(output weights of their own, ridge is \\S+ from identity\\)");
    }

    @Test
    void theFiguresSayOfWhatThoughtsWereMixed() throws IOException {
        JsonNode blended = ask("--align", "random", "--blend", "1", "--soft-top-k", "7").get("figures");
        assertThat(blended.get("blend").asDouble()).isEqualTo(1);
        assertThat(blended.get("soft").get("top_k").asInt()).isEqualTo(7);
        assertThat(blended.get("soft").get("temperature").asDouble()).isEqualTo(0.5);
        assertThat(Console.piped().tiny("ask", QUESTION, "--align", "random", "--blend", "1", "--soft-top-k", "7",
            "--soft-noise", "0.5").err()).contains("9 latent steps by random blended with 1.0 of soft (as asked),"
                + " soft of 7 tokens at temperature 0.5 with noise 0.5, ");
        assertThat(Console.piped().tiny("ask", QUESTION, "--align", "identity").err())
            .contains("9 latent steps by identity (as asked), ").doesNotContain("soft of");
    }

    /** A setting of thinking is none of a team's that does not think; neither is an end of thinking an agent's. */
    @Test
    void jsonTellsOfThinkingWhereThereIsAny() throws IOException {
        for (String method : List.of("single", "text")) {
            JsonNode json = ask("--method", method);
            for (String key : List.of("latent_steps", "align", "soft", "blend", "until", "memory", "turns")) {
                assertThat(json.get("settings").has(key)).as(method + " " + key).isFalse();
            }
            assertThat(json.get("figures").has("asked_latent_steps")).isFalse();
            assertThat(json.get("agents")).allSatisfy(agent -> {
                assertThat(agent.has("think_end")).isFalse();
                assertThat(agent.has("thoughts")).isFalse();
            });
        }
        JsonNode latent = ask();
        assertThat(latent.get("figures").get("asked_latent_steps").asInt()).isEqualTo(9);
        assertThat(latent.get("figures").get("think_ends")).hasSize(3)
            .allSatisfy(end -> assertThat(end.asText()).isEqualTo("steps"));
        assertThat(latent.get("figures").has("alignment_seconds")).isTrue();
        assertThat(latent.get("agents").get(0).has("think_end")).isTrue();
        assertThat(latent.get("agents").get(3).has("think_end")).as("the judger writes").isFalse();
    }

    @Test
    void jsonTellsTheLastThoughtOrAll() throws IOException {
        JsonNode brief = ask().get("agents").get(0);
        JsonNode explained = ask("--explain").get("agents").get(0);
        assertThat(brief.get("thoughts")).hasSize(1);
        assertThat(explained.get("thoughts")).hasSize(3);
        assertThat(brief.get("thoughts").get(0)).isEqualTo(explained.get("thoughts").get(2));
        assertThat(explained.get("think_end").asText()).isEqualTo("steps");
        for (int step = 0; step < 3; step++) {
            JsonNode thought = explained.get("thoughts").get(step);
            assertThat(thought.get("step").asInt()).isEqualTo(step);
            assertThat(thought.get("entropy").asDouble()).isPositive();
            assertThat(thought.get("norm").asDouble()).isPositive();
            assertThat(thought.get("nearest_cosine").asDouble()).isBetween(-1.0, 1.0);
            assertThat(thought.get("nearest_token").asText()).isNotEmpty();
            assertThat(thought.get("nearest_token_id").isInt()).isTrue();
            assertThat(thought.get("step_cosine").isNull()).isEqualTo(step == 0);
            assertThat(thought.get("likeliest")).hasSize(5).allSatisfy(likely -> {
                assertThat(likely.get("text").asText()).isNotEmpty();
                assertThat(likely.get("probability").asDouble()).isBetween(0.0, 1.0);
            });
        }
        JsonNode stopped = ask("--until-entropy", "1000", "--until-entropy-steps", "3").get("agents").get(0);
        assertThat(stopped.get("latent_steps").asInt()).isEqualTo(2);
        assertThat(stopped.get("think_end").asText()).isEqualTo("entropy");
    }

    @Test
    void explainedAPersonReadsATablePerAgent() {
        Console console = Console.piped().tiny("ask", "--explain", QUESTION);
        assertThat(console.out()).as("the answer alone").isEqualTo(Console.piped().tiny("ask", QUESTION).out());
        List<String> lines = console.err().lines().toList();
        for (String agent : List.of("planner", "critic", "refiner")) {
            int at = lines.indexOf(agent + ": 3 latent steps");
            assertThat(at).isNotNegative();
            assertThat(lines.get(at + 1)).matches(
                "step +entropy +cosine to nearest +to step before +norm +likeliest next tokens");
            assertThat(lines.get(at + 3))
                .matches("0 +\\d+\\.\\d\\d +-?\\d\\.\\d\\d '.+' +- +\\d+\\.\\d\\d +'.+' \\d\\.\\d\\d.*");
            assertThat(lines.get(at + 5)).startsWith("2  ").matches(".* -?\\d\\.\\d\\d +\\d+\\.\\d\\d  '.*");
        }
        assertThat(lines).noneMatch(line -> line.startsWith("judger"));
        assertThat(Console.piped().tiny("ask", "--explain", "-q", QUESTION).err()).contains("planner: 3 latent steps")
            .doesNotContain("handed over");
        assertThat(Console.piped().tiny("ask", "--explain", "--until-entropy", "1000", "--until-entropy-steps", "2",
            QUESTION).err()).contains("planner: 1 latent step, ended by entropy");
        assertThat(Console.piped().tiny("ask", "--explain", "--until-entropy", "1000", QUESTION).err())
            .contains("planner: 0 latent steps, ended by entropy").contains("0 of 9 latent steps by ridge")
            .contains("3 agents stopped early: entropy below 1000.0");
        assertThat(Console.piped().tiny("ask", QUESTION).err()).doesNotContain("cosine to nearest");
    }

    /** On the embedded model: where thoughts by identity leave the embeddings, those by soft do not. */
    @Test
    void thoughtsThatLeftTheEmbeddingsAreSaidAndThoseBySoftAreNot() throws IOException {
        String[] twenty = {"ask", "--device", Console.DEVICE, "--temperature", "0", "-n", "1", "-s", "20"};
        String warning = "latent4j: warning: the latent thoughts left the token embeddings (cosine 0.";
        Console identity = Console.piped().run(with(twenty, "-q", "--align", "identity", QUESTION));
        assertThat(identity.exitCode()).isZero();
        assertThat(identity.err().lines()).as("of -q, this is what is left").singleElement().asString()
            .startsWith(warning).endsWith("try the alignment soft or fewer latent steps");
        Console soft = Console.piped().run(with(twenty, "--json", QUESTION));
        assertThat(soft.err()).isEmpty();
        JsonNode json = JSON.readTree(soft.out());
        assertThat(json.get("figures").get("alignment").asText()).isEqualTo("soft");
        assertThat(json.get("figures").get("thought_cosine").asDouble()).isGreaterThan(0.3);
        assertThat(json.get("warnings")).isEmpty();
    }

    /** This tiny checkpoint's random weights say the same again and again once they have said enough. */
    @Test
    void anAnswerThatRepeatsItselfIsSaidOnce() throws IOException {
        String[] args = {"ask", "-m", Console.checkpoint("tiny-qwen3"), "--device", Console.DEVICE, "--temperature",
            "0", "-n", "400", "-s", "3"};
        JsonNode json = JSON.readTree(Console.piped().run(with(args, "--json", QUESTION)).out());
        assertThat(json.get("warnings")).hasSize(1);
        assertThat(json.get("warnings").get(0).get("kind").asText()).isEqualTo("answer-repeats");
        String message = "latent4j: warning: " + json.get("warnings").get(0).get("message").asText();
        for (String[] more : new String[][] {{QUESTION}, {"-q", QUESTION}, {"--json", QUESTION}}) {
            Console console = Console.piped().run(with(args, more));
            assertThat(console.err().lines().filter(line -> line.contains("warning"))).containsExactly(message);
            assertThat(console.out()).doesNotContain("warning: ");
        }
        String coloured = Console.terminal().run(with(args, "-q", QUESTION)).err();
        assertThat(coloured).isEqualTo("\u001b[33m" + message + "\u001b[0m\n");
    }
}
