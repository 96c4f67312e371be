package org.latent4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.latent4j.LatentException;
import org.latent4j.internal.LocalPath;

/** Questions and files whose names are not ASCII, under locales that cannot write them. */
class LocaleTest {
    private static final String NAME = "gr\u00fcn \u6a21\u578b";

    @TempDir
    Path home;

    private Path strange;

    @BeforeEach
    void lay() throws IOException {
        strange = Files.createDirectories(LocalPath.of(home + "/" + NAME));
        try (Stream<Path> files = Files.list(Path.of(Console.TINY))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.copy(file, strange.resolve(file.getFileName()));
            }
        }
        Files.writeString(strange.resolve("q.txt"), "Wie gr\u00fcn ist es?");
        Files.writeString(LocalPath.of(home + "/" + NAME + ".yaml"), "planner: {latent: 'gr\u00fcn {question}'}");
    }

    /** What the command line says in the home folder. A shell starts it by ASCII alone. */
    private String run(String locale, String options, String... args) throws IOException, InterruptedException {
        StringBuilder script = new StringBuilder("cd '" + home + "'; unset LANG LC_ALL LC_CTYPE\nexport LC_ALL=")
            .append(locale).append("\nexec \"$0\" -cp \"$1\" ").append(options)
            .append(" org.latent4j.cli.Latent4j");
        for (String arg : args) {
            script.append(' ').append(quoted(arg));
        }
        Process process = new ProcessBuilder("bash", "-c", script.toString(), Path.of(System.getProperty("java.home"),
            "bin", "java").toString(), System.getProperty("java.class.path")).redirectErrorStream(true).start();
        try (InputStream in = process.getInputStream()) {
            // newer Javas warn of native code first
            String said = new String(in.readAllBytes(), StandardCharsets.UTF_8).lines()
                .filter(line -> !line.startsWith("WARNING: ") && !line.isEmpty()).collect(Collectors.joining("\n"));
            return process.waitFor() + " " + said;
        }
    }

    private static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("$'");
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            quoted.append(String.format("\\x%02x", b));
        }
        return quoted.append("'").toString();
    }

    private String ask(String locale, String... question) throws IOException, InterruptedException {
        Stream<String> options = Stream.of("ask", "-q", "-m", NAME, "--device", "cpu", "--temperature", "0", "-n", "8",
            "-s", "3", "--prompts", home + "/" + NAME + ".yaml");
        return run(locale, "", Stream.concat(options, Stream.of(question)).toArray(String[]::new));
    }

    @Test
    void theAnswerIsTheSame() throws Exception {
        String right = ask("C.UTF-8", "Wie gr\u00fcn ist es?");
        assertThat(right).startsWith("0 ");
        assertThat(ask("C", "Wie gr\u00fcn ist es?")).as("the question as an argument").isEqualTo(right);
        assertThat(ask("C", "-f", NAME + "/q.txt")).as("in a file").isEqualTo(right);
        assertThat(ask("C", "@" + NAME + "/q.txt")).as("in a file").isEqualTo(right);
    }

    @Test
    void aFileThatIsNotThereIsNamedWhole() throws Exception {
        assertThat(run("C", "", "ask", "-m", NAME + "/none.gguf", "q")).startsWith("1 latent4j: [FILE_NOT_FOUND] ")
            .contains(NAME + "/none.gguf");
        assertThat(ask("C", "-f", NAME + "/none.txt")).startsWith("1 latent4j: [FILE_NOT_FOUND] ")
            .contains(NAME + "/none.txt");
    }

    @Test
    void infoNamesTheFoldersWhole() throws Exception {
        for (String variable : new String[] {"HOME", "HF_HOME", "XDG_CACHE_HOME"}) {
            String said = run("C; export LATENT4J_CACHE='" + home + "/unpacked' " + variable + "="
                + quoted(LocalPath.text(strange)), "", "info", "-m", NAME, "--device", "cpu");
            assertThat(said).as(variable).startsWith("0 ");
            if (variable.equals("HF_HOME")) {
                assertThat(said).contains(LocalPath.text(strange) + "/hub, ");
            }
        }
    }

    /** Java reads a file of arguments by the locale, and Linux knows its name alone. */
    @Test
    void lostCharactersAreNoQuestion() throws Exception {
        Files.writeString(home.resolve("args"), "org.latent4j.cli.Latent4j ask \"Wie gr\u00fcn ist es?\"");
        assertThat(run("C", "@args")).startsWith("1 latent4j: [BAD_ARGUMENT] ").contains("set LC_ALL=C.UTF-8");
        assertThatThrownBy(() -> Utf8Arguments.whole(new String[] {"ask", "gr\uFFFD\uFFFDn"}))
            .isInstanceOf(LatentException.class);
    }
}
