package org.latent4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Exit codes, errors in one line, help, and what terminals and pipes get. */
class Latent4jTest {
    @TempDir
    Path folder;

    @Test
    void helpTeaches() {
        Console console = Console.piped().run("--help");
        assertThat(console.exitCode()).isZero();
        assertThat(console.out()).contains("ask", "compare", "info", "Exit codes", "NO_COLOR",
            "Lets a team answer a question.");
        assertThat(console.err()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"--method", "--team", "--model", "--latent-steps", "--align", "--soft-top-k",
        "--soft-temperature", "--soft-noise", "--blend", "--until-entropy", "--until-entropy-steps", "--until-cosine",
        "--until-end-token", "--explain", "Default: auto", "--memory",
        "--max-new-tokens", "--temperature",
        "--top-p", "--min-p", "--repetition-penalty", "--presence-penalty", "--frequency-penalty",
        "--no-repeat-ngram", "--seed", "--device", "--threads", "--compat", "--prompts", "--json", "--file", "--lines",
        "Default: 20.",
        "Examples:"})
    void helpOfAskNamesEveryOption(String text) {
        assertThat(Console.piped().run("ask", "--help").out()).contains(text);
    }

    @Test
    void everyCommandHasHelpAndVersion() {
        for (String command : new String[] {"ask", "compare", "info"}) {
            assertThat(Console.piped().run(command, "--help").out()).contains("latent4j " + command, "Examples:");
            assertThat(Console.piped().run(command, "--version").out()).startsWith("latent4j ");
        }
    }

    @Test
    void theVersionIsTheBuilds() {
        Console console = Console.piped().run("--version");
        assertThat(console.exitCode()).isZero();
        assertThat(console.out().lines().findFirst().orElseThrow()).matches("latent4j \\d+\\.\\d+.*");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "--method foo q | --method", "--team ring q | hierarchical, sequential",
        "--align foo q | 'foo' is none of argmax, auto, identity, none, random, ridge, soft",
        "--soft-top-k 0 q | --soft-top-k is 0, must be 1 to 64", "--soft-top-k 65 q | --soft-top-k is 65, must be",
        "--soft-temperature 0 q | --soft-temperature is 0.0, must be above 0",
        "--soft-noise -1 q | --soft-noise is -1.0, must be 0",
        "--align ridge --blend 2 q | --blend is 2.0, must be 0 (none) to 1",
        "--blend 0.5 q | --blend is 0.5 with the alignment AUTO", "--blend x q | --blend",
        "--until-entropy -1 q | --until-entropy is -1.0, must be 0 (off) or more",
        "--until-entropy-steps 0 q | --until-entropy-steps is 0, must be 1 or more",
        "--until-cosine 1.5 q | --until-cosine is 1.5, must be 0 (off) to 1",
        "--memory all q | latent-only",
        "--compat foo q | official", "--latent-steps -1 q | --latent-steps is -1",
        "--latent-steps x q | --latent-steps", "--cpu-level foo q | --cpu-level",
        "--max-new-tokens 0 q | --max-new-tokens is 0", "--temperature -1 q | --temperature is -1",
        "--top-k -1 q | --top-k is -1", "--memory-positions -1 q | --memory-positions is -1", "--seed x q | --seed",
        "--top-p 2 q | --top-p is 2", "--latent-step 3 q | --latent-steps",
        "--memory-postions 3 q | --memory-positions",
        "--min-p 2 q | --min-p is 2", "--repetition-penalty 0 q | repetition penalty is 0",
        "--presence-penalty 3 q | presence penalty is 3", "--frequency-penalty -3 q | frequency penalty is -3",
        "--no-repeat-ngram -1 q | --no-repeat-ngram is -1",
        "--threads -1 q | --threads is -1", "--threads 5000 q | --threads is 5000",
        "--device gpu q | expected cpu, cuda:0", "--memory shuffled q | two questions", "--nonsense q | --nonsense",
        "-f x q | given twice",
        "--stop= q | --stop",
    })
    void wrongUseIsSaidAndEndsWith2(String args, String message) {
        Console console = Console.piped().run(("ask " + args).split(" "));
        assertThat(console.exitCode()).isEqualTo(2);
        assertThat(console.err()).startsWith("latent4j: ").contains(message).contains("Try 'latent4j ask --help'.")
            .doesNotContain("\tat ");
        assertThat(console.out()).isEmpty();
    }

    /** A change of direction, of a text whose end then is read as its beginning, steers a terminal as well. */
    @Test
    void whatSteersATerminalIsWrittenOut() {
        for (String steering : new String[] {"\u202e", "\u2066", "\u009b", "\u2028", "\udb40\udc01"}) {
            Console console = Console.piped().run("ask", "--top-k", "x" + steering + "y", "q");
            assertThat(console.err()).doesNotContain(steering)
                .contains(String.format("x\\u%04x", (int) steering.charAt(0)));
        }
        assertThat(Output.printable("gr\u00fcn \ud83d\ude02\n\u6a21")).isEqualTo("gr\u00fcn \ud83d\ude02\n\u6a21");
    }

    @Test
    void noCommandAndNoQuestionAreWrongUse() {
        assertThat(Console.piped().run().exitCode()).isEqualTo(2);
        assertThat(Console.piped().run("aks").exitCode()).isEqualTo(2);
        assertThat(Console.terminal().tiny("ask").exitCode()).isEqualTo(2);
        assertThat(Console.piped().input(" \n").tiny("ask").err()).contains("the question is empty");
        for (String nothing : new String[] {"\u00a0", " \u2007\u202f\n", "\u3000", "\u200b\ufeff"}) {
            assertThat(Console.piped().tiny("ask", nothing).err()).contains("the question is empty");
            assertThat(Console.piped().input(nothing).tiny("ask").err()).contains("the question is empty");
        }
    }

    @Test
    void aFailureIsOneLineWithItsCodeAndEndsWith1() {
        Path missing = folder.resolve("none.gguf");
        for (String command : new String[] {"ask", "compare"}) {
            Console console = Console.piped().run(command, "-m", missing.toString(), "q");
            assertThat(console.exitCode()).isEqualTo(1);
            assertThat(console.err().lines()).hasSize(1).first().asString().startsWith("latent4j: [FILE_NOT_FOUND] ")
                .contains("none.gguf");
            assertThat(console.out()).isEmpty();
        }
        assertThat(Console.piped().run("info", "-m", missing.toString()).exitCode()).isEqualTo(1);
    }

    @Test
    void badPromptsAndQuestionFilesFail() throws IOException {
        Path prompts = Files.writeString(folder.resolve("p.yaml"), "plannr: {}");
        assertThat(Console.piped().tiny("ask", "--prompts", prompts.toString(), "q").err()).contains("[BAD_PROMPTS]",
            "p.yaml", "plannr");
        Console missing = Console.piped().tiny("ask", "-f", folder.resolve("none.txt").toString());
        assertThat(missing.exitCode()).isEqualTo(1);
        assertThat(missing.err()).contains("[FILE_NOT_FOUND]");
        Path latin = Files.write(folder.resolve("latin.txt"), new byte[] {'a', (byte) 0xE4});
        assertThat(Console.piped().tiny("ask", "-f", latin.toString()).err())
                .contains("latin.txt is not UTF-8 text: byte 1 is 0xe4");
    }

    @Test
    void debugPrintsTheTrace() {
        assertThat(Console.piped().run("ask", "--debug", "-m", "/nowhere/x.gguf", "q").err()).contains("\tat ");
        assertThat(Console.piped().set("LATENT4J_DEBUG", "1").run("ask", "-m", "/nowhere/x.gguf", "q").err())
            .contains("\tat ");
    }

    @Test
    void pipesGetNeitherProgressNorColours() {
        Console console = Console.piped().tiny("ask", "what is 12 + 30?");
        assertThat(console.exitCode()).isZero();
        assertThat(console.err() + console.out()).doesNotContain("\u001b").doesNotContain("\r");
    }

    @Test
    void terminalsGetProgressAndColoursUnlessToldNot() {
        String shown = Console.terminal().tiny("ask", "-s", "300", "what is 12 + 30?").err();
        assertThat(shown).contains("opening ", "planner, latent step 300 of 300", "\u001b[2m");
        String plain = Console.terminal().set("NO_COLOR", "1").tiny("ask", "what is 12 + 30?").err();
        assertThat(plain).contains("latent step 3 of 3").doesNotContain("\u001b[2m").doesNotContain("\u001b[1m");
        assertThat(Console.terminal().tiny("ask", "-q", "what is 12 + 30?").err()).isEmpty();
        assertThat(Console.terminal().set("NO_COLOR", "1").run("ask", "--help").out()).doesNotContain("\u001b");
        assertThat(Console.terminal().run("ask", "--help").out()).contains("\u001b");
    }

    @Test
    void aClosedPipeEndsTheRunWithoutAWord() {
        assertThat(errorOfAnOutputThatFails("Datenübergabe unterbrochen (broken pipe)", true)).isEmpty();
    }

    @Test
    void anAnswerThatCannotBeWrittenIsAFailureThatIsSaid() {
        assertThat(errorOfAnOutputThatFails("No space left on device", false))
            .startsWith("latent4j: [BAD_ARGUMENT] ")
            .endsWith("standard output cannot be written: No space left on device\n")
            .hasLineCount(1);
    }

    private static String errorOfAnOutputThatFails(String reason, boolean pipe) {
        return errorOfAnOutputThatFails(reason, pipe, "ask", "-m", Console.TINY, "--temperature", "0", "-n", "4000",
            "what is 12 + 30?");
    }

    @ParameterizedTest
    @ValueSource(strings = {"--help", "--version", "ask --help", "info --version"})
    void helpThatCannotBeWrittenIsAFailureThatIsSaid(String args) {
        assertThat(errorOfAnOutputThatFails("No space left on device", false, args.split(" ")))
            .contains("standard output cannot be written: No space left on device").hasLineCount(1);
        assertThat(errorOfAnOutputThatFails("Broken pipe", true, args.split(" "))).isEmpty();
    }

    @Test
    void anUnknownCommandListsTheCommandsAndNothingThatATerminalObeys() {
        Console console = Console.piped().run("a\u001b[2Jks" + "x".repeat(10_000_000));
        assertThat(console.exitCode()).isEqualTo(2);
        assertThat(console.err()).contains("the commands are ask, compare and info", "\\u001b[2J")
            .doesNotContain("\u001b").hasSizeLessThan(5000);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"aks | did you mean ask?", "Ask | did you mean ask?",
        "inf | did you mean info?",
        "comapre | did you mean compare?", "What is 1 + 1? | latent4j ask \"What is 1 + 1?\"", "zebra | commands are"})
    void aMistypedCommandIsGuessed(String typed, String guess) {
        Console console = Console.piped().run(typed);
        assertThat(console.exitCode()).isEqualTo(2);
        assertThat(console.err()).contains("the commands are ask, compare and info", guess, "Try 'latent4j --help'.");
    }

    @Test
    void compareSaysWhoCanShuffle() {
        Console console = Console.piped().run("compare", "--memory", "shuffled", "q");
        assertThat(console.exitCode()).isEqualTo(2);
        assertThat(console.err()).contains("latent4j ask --lines --memory shuffled");
        assertThat(Console.piped().run("compare", "--lines", "q").exitCode()).as("it has no --lines").isEqualTo(2);
    }

    @Test
    void everyExampleAsksTheOneQuestion() {
        for (String command : new String[] {"", "ask", "compare", "info"}) {
            String help = Console.piped().run((command + " --help").strip().split(" ")).out();
            assertThat(help.lines().filter(line -> line.strip().startsWith("latent4j ") && line.contains("\"")))
                .allSatisfy(line -> assertThat(line).contains(Examples.QUOTED));
        }
        assertThat(Console.piped().run("--help").out()).contains(Examples.QUOTED);
    }

    /** The help's first example, word for word, on the embedded model. */
    @Test
    void theExampleIsAnsweredRightly() {
        assertThat(Console.piped().run("ask", "--device", "cpu", Examples.QUESTION).out()).contains(Examples.ANSWER);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/dev/zero", "/", "@/dev/zero"})
    void onlyRegularFilesAreReadAsQuestions(String file) {
        Console console = file.startsWith("@") ? Console.piped().tiny("ask", file)
            : Console.piped().tiny("ask", "-f", file);
        assertThat(console.exitCode()).isEqualTo(1);
        assertThat(console.err()).contains("is no regular file");
    }

    private static String errorOfAnOutputThatFails(String reason, boolean pipe, String... args) {
        ResultStream failing = new ResultStream(new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException(reason);
            }
        }, pipe);
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Terminal terminal = new Terminal(new ByteArrayInputStream(new byte[0]), failing,
            new PrintStream(err, true, StandardCharsets.UTF_8), false, false, false, Map.of());
        assertThat(Latent4j.run(terminal, args)).isEqualTo(1);
        return err.toString(StandardCharsets.UTF_8);
    }

    @Test
    void argumentsAreUtf8UnderAnyLocale() {
        String[] decoded = {"ask", "gr\uFFFD\uFFFD?", "-n", "5"};
        String line = "java\0-jar\0latent4j.jar\0ask\0grün?\0-n\0" + "5\0";
        assertThat(Utf8Arguments.matched(decoded, line)).containsExactly("ask", "grün?", "-n", "5");
        assertThat(Utf8Arguments.matched(decoded, "java\0ask\0grün?\0-m\0" + "5\0")).isSameAs(decoded);
        assertThat(Utf8Arguments.matched(decoded, "java\0")).isSameAs(decoded);
    }
}
