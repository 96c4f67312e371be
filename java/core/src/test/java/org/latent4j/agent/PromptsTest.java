package org.latent4j.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;

/** The built-in prompts, and a user's file over them. */
class PromptsTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @EnumSource(TaskKind.class)
    void everyRoleHasPromptsForEveryKindOfTask(TaskKind kind) {
        for (String role : Prompts.roles()) {
            Agent agent = Prompts.builtIn().agent(role, kind);
            assertThat(agent.latentPrompt()).as(role).contains("{question}").doesNotContain("{task}")
                .doesNotContain("{context}");
            assertThat(agent.textPrompt()).as(role).contains("{question}").doesNotContain("{task}");
            TaskKind other = kind == TaskKind.MATH ? TaskKind.CODE : TaskKind.MATH;
            Agent another = Prompts.builtIn().agent(role, other);
            assertThat(agent.latentPrompt()).as(role).isNotEqualTo(another.latentPrompt());
        }
    }

    @Test
    void whoComesLaterReadsWhatWasWritten() {
        for (String role : List.of("critic", "refiner", "judger", "summarizer")) {
            Agent agent = Prompts.builtIn().agent(role, TaskKind.OPEN);
            assertThat(agent.textPrompt()).as(role).contains("{context}");
            // Of what a small model would parrot instead of answering.
            assertThat(agent.latentPrompt()).as(role).doesNotContainIgnoringCase("thought").doesNotContain("plan", role);
        }
        for (String role : List.of("single", "judger", "summarizer")) {
            assertThat(Prompts.builtIn().agent(role, TaskKind.MATH).latentPrompt()).as(role).contains("\\boxed{}");
            assertThat(Prompts.builtIn().agent(role, TaskKind.CODE).latentPrompt()).as(role).contains("```python");
        }
    }

    @Test
    void aFileReplacesWhatItNamesAndNothingElse() {
        Agent before = Prompts.builtIn().agent("critic", TaskKind.MATH);
        Prompts prompts = Prompts.load(file("p.yaml",
            "critic:\n  system: Be strict.\n  latent: |\n    Doubt {question}\n"
            + "judger:\n  task:\n    math: Only the number.\n"));
        Agent critic = prompts.agent("critic", TaskKind.MATH);
        assertThat(critic.system()).isEqualTo("Be strict.");
        assertThat(critic.latentPrompt()).isEqualTo("Doubt {question}");
        assertThat(critic.textPrompt()).isEqualTo(before.textPrompt());
        assertThat(prompts.agent("judger", TaskKind.MATH).latentPrompt()).contains("Only the number.")
            .doesNotContain("boxed");
        assertThat(prompts.agent("judger", TaskKind.OPEN)).isEqualTo(Prompts.builtIn().agent("judger", TaskKind.OPEN));
        assertThat(prompts.agent("planner", TaskKind.MATH)).isEqualTo(Prompts.builtIn()
            .agent("planner", TaskKind.MATH));
    }

    @Test
    void aFileMayBeJson() {
        Prompts prompts = Prompts.load(file("p.json", "{\"single\": {\"text\": \"Q: {question}\\nA:\"}}"));
        assertThat(prompts.agent("single", TaskKind.OPEN).textMessage("why?", "")).isEqualTo("Q: why?\nA:");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "planer: {text: 'x'} | planer | expected one of [single, planner",
        "planner: {latnt: 'x'} | planner.latnt | expected one of [system, latent, text, task]",
        "single: {latent: 'x'} | single.latent | expected one of [system, text, task]",
        "planner: {latent: 'no placeholder'} | planner.latent | {question} is missing",
        "critic: {text: 'about {question}'} | critic.text | {context} is missing",
        "planner: {text: 5} | planner.text | expected text, found number",
        "planner: {text: ''} | planner.text | expected text, found none",
        "planner: {task: {maths: 'x'}} | planner.task.maths | expected one of [math, choice, code, open]",
        "planner: {task: 'x'} | planner.task | expected keys",
        "planner: 'x' | planner | expected keys",
        "'- a' | the file | expected roles",
        "'' | the file | expected roles",
        "'planner: {text: [}' | line 1, column 18 | expected YAML or JSON",
    })
    void aBadFileIsRefusedByNameAndKey(String yaml, String key, String expected) {
        Path file = file("bad.yaml", yaml);
        assertThatThrownBy(() -> Prompts.load(file))
            .isInstanceOfSatisfying(LatentException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.BAD_PROMPTS))
            .hasMessageContaining(file.toString())
            .hasMessageContaining(": " + key + ": ")
            .hasMessageContaining(expected);
    }

    @Test
    void aTaskThatMakesAPromptTooLongIsRefused() {
        String yaml = "planner:\n  latent: '{question} " + "{task}".repeat(80_000) + "'\n  task:\n    math: "
            + "x".repeat(500_000) + "\n";
        Path file = file("wide.yaml", yaml);
        assertThatThrownBy(() -> Prompts.load(file)).hasMessage("[BAD_PROMPTS] " + file + ": planner.latent: has "
            + (80_000L * 500_000 + 11) + " characters once {task} is filled in, expected at most 1048576");
    }

    @ParameterizedTest
    @MethodSource
    void whatIsWrongInTheYamlIsToldWithItsLine(String yaml, int line) {
        Path file = file("bad.yaml", yaml);
        assertThatThrownBy(() -> Prompts.load(file)).isInstanceOf(LatentException.class)
            .hasMessageMatching("(?s)" + Pattern.quote("[BAD_PROMPTS] " + file + ": line " + line + ", column ")
                + "[1-9]\\d*: expected YAML or JSON: .*");
    }

    static Stream<Arguments> whatIsWrongInTheYamlIsToldWithItsLine() {
        return Stream.of(Arguments.of("planner:\n  system: a\n text: b\n", 3),  // between two levels
            Arguments.of("planner:\n\tsystem: a\n", 2),
            Arguments.of("planner:\n  system: a: b\n", 2),
            Arguments.of("planner:\n  system: 'a\n", 3),
            Arguments.of("planner:\n  task: " + "{a: ".repeat(2000) + "}".repeat(2000) + "\n", 2));
    }

    @ParameterizedTest
    @MethodSource
    void whatATreeWouldLoseIsRefusedWithItsLine(String yaml, int line, String expected) {
        Path file = file("bad.yaml", yaml);
        assertThatThrownBy(() -> Prompts.load(file)).isInstanceOf(LatentException.class)
            .hasMessageMatching("(?s)" + Pattern.quote("[BAD_PROMPTS] " + file + ": line " + line + ", column ")
                + "[1-9]\\d*: .*").hasMessageContaining(expected);
    }

    static Stream<Arguments> whatATreeWouldLoseIsRefusedWithItsLine() {
        return Stream.of(Arguments.of("planner:\n  system: &s Be brief.\ncritic:\n  system: *s\n", 4, "the alias *s"),
            Arguments.of("planner: &p\n  system: a\ncritic: *p\n", 3, "the alias *p"),
            Arguments.of("planner: &p\n  system: a\ncritic:\n  <<: *p\n", 4, "the alias *p"),
            Arguments.of("planner:\n  system: a\n---\ncritic:\n  system: b\n", 4, "a second document"),
            Arguments.of("planner:\n  system: a\n  system: b\n", 3, "uplicate"),
            Arguments.of("planner:\n  system: a\nplanner:\n  system: b\n", 3, "uplicate"),
            Arguments.of("{\"single\": {\"text\": \"{question}\"},\n \"single\": {}}", 2, "uplicate"),
            Arguments.of("planner:\n  system: !!java.net.URL 'http://a'\n", 2, "the tag"),
            Arguments.of("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", 2, "the alias *a"));
    }

    @Test
    void whatIsNoFileOfTextIsRefused() throws IOException, InterruptedException {
        Path pipe = folder.resolve("pipe.yaml");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
        Path large = Files.writeString(folder.resolve("large.yaml"), "planner:\n  system: " + "a".repeat(1 << 20));
        Path latin = Files.write(folder.resolve("latin.yaml"), new byte[] {'a', ':', ' ', (byte) 0xe9});
        for (Path file : List.of(pipe, folder, Path.of("/dev/zero"), large, latin)) {
            assertThatThrownBy(() -> Prompts.load(file)).isInstanceOf(LatentException.class)
                .hasMessageStartingWith("[BAD_PROMPTS] " + file + " ");
        }
        assertThatThrownBy(() -> Prompts.load(latin)).hasMessageContaining("byte 3 is 0xe9");
    }

    @Test
    void aMissingFileIsSaidToBeMissing() {
        assertThatThrownBy(() -> Prompts.load(folder.resolve("none.yaml")))
            .isInstanceOfSatisfying(LatentException.class, e -> assertThat(e.code())
            .isEqualTo(ErrorCode.FILE_NOT_FOUND));
    }

    @Test
    void placeholdersInAQuestionStay() {
        Agent agent = Agent.of("a", "Read {context}, then answer {question}");
        assertThat(agent.textMessage("what is {context} and $1?", "notes on {question}"))
            .isEqualTo("Read notes on {question}, then answer what is {context} and $1?");
        assertThat(Agent.of("b", "Answer {question}").textMessage("q", "notes")).isEqualTo("notes\n\nAnswer q");
        assertThat(Agent.of("b", "Answer {question}").latentMessage("q")).isEqualTo("Answer q");
    }

    @Test
    void anAgentNeedsANameAndAQuestion() {
        assertThatThrownBy(() -> Agent.of(" ", "{question}")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Agent.of("critic", "no place")).isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("critic").hasMessageContaining("{question}");
        assertThatThrownBy(() -> Prompts.builtIn().agent("dancer", TaskKind.OPEN))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("dancer");
    }

    private Path file(String name, String text) {
        try {
            return Files.writeString(folder.resolve(name), text);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
