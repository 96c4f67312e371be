package org.latent4j.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Folders whose names are not ASCII, in programs that run under locales which cannot write them, and which can. */
class LocalPathTest {
    private static final String NAME = "m\u00f6del \u6a21\u578b";
    private static final Path TINY = Path.of(System.getProperty("l4j.root", "../.."), "native", "tests", "data",
            "golden", "tiny-qwen3").toAbsolutePath().normalize();

    @TempDir
    static Path home;

    private static Path strange;

    @BeforeEach
    void lay() throws IOException {
        strange = Files.createDirectories(LocalPath.of(home + "/" + NAME));
        if (Files.notExists(strange.resolve("config.json"))) {
            try (Stream<Path> files = Files.list(TINY)) {
                for (Path file : files.filter(Files::isRegularFile).toList()) {
                    Files.copy(file, strange.resolve(file.getFileName()));
                }
            }
        }
        Files.createDirectories(home.resolve("m?? del"));
    }

    /** What OpensModel says under a locale. A shell starts it by ASCII alone: the tests too may run under LC_ALL=C. */
    private static String run(String locale, Path folder, Map<String, String> environment, String what, String path)
            throws IOException, InterruptedException {
        StringBuilder script = new StringBuilder("cd " + quoted(LocalPath.text(folder))
                + "; unset LANG LC_ALL LC_CTYPE HF_HOME HF_HUB_CACHE LATENT4J_CACHE XDG_CACHE_HOME\n");
        if (!locale.isEmpty()) {
            script.append("export LC_ALL=").append(locale).append('\n');
        }
        environment.forEach((name, value) -> script.append("export ").append(name).append('=').append(quoted(value))
                .append('\n'));
        script.append("exec \"$0\" -cp \"$1\" \"$2\" \"$3\" ").append(path.chars().mapToObj(c -> c < 128
                ? String.valueOf((char) c) : String.format("\\u%04x", c)).collect(Collectors.joining("", "'", "'")));
        Process process = new ProcessBuilder("bash", "-c", script.toString(), Path.of(System.getProperty("java.home"),
                "bin", "java").toString(), System.getProperty("java.class.path"), OpensModel.class.getName(), what)
                .redirectError(ProcessBuilder.Redirect.DISCARD).start();
        try (InputStream in = process.getInputStream()) {
            String said = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            process.waitFor();
            return said;
        }
    }

    /** For bash, in ASCII. */
    private static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("$'");
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            quoted.append(String.format("\\x%02x", b));
        }
        return quoted.append("'").toString();
    }

    @ParameterizedTest
    @ValueSource(strings = {"C", "", "C.UTF-8"})
    void aModelIsOpenedWhateverItsFolderIsCalled(String locale) throws Exception {
        String whole = run(locale, home, Map.of(), "open", LocalPath.text(strange));
        assertThat(whole).startsWith("opened qwen3 ").contains("tokens ");
        assertThat(run(locale, home, Map.of(), "open", NAME)).as("relative").isEqualTo(whole);
        assertThat(run(locale, strange, Map.of(), "open", ".")).as("the working folder").isEqualTo(whole);
        assertThat(run(locale, strange, Map.of(), "open", "../" + NAME)).as("beside it").isEqualTo(whole);
    }

    @ParameterizedTest
    @ValueSource(strings = {"C", "", "C.UTF-8"})
    void whatIsLoggedInSuchAFolderDoesNotKeepAModelFromOpening(String locale) throws Exception {
        Path warned = Files.createDirectories(strange.resolve("warned"));
        for (String file : List.of("config.json", "model.safetensors", "tokenizer.json")) {
            Files.copy(strange.resolve(file), warned.resolve(file), StandardCopyOption.REPLACE_EXISTING);
        }
        Files.writeString(warned.resolve("generation_config.json"), "{\"num_beams\": 4}");
        assertThat(run(locale, warned, Map.of(), "open", ".")).startsWith("opened qwen3 ");
    }

    @ParameterizedTest
    @CsvSource({"C, HF_HUB_CACHE", "C, HF_HOME", "C, HOME", "C.UTF-8, HOME"})
    void theCacheIsWhereTheVariableSays(String locale, String variable) throws Exception {
        Path hub = strange.resolve(variable.equals("HOME") ? ".cache/huggingface/hub"
                : variable.equals("HF_HOME") ? "hub" : ".");
        Path snapshot = hub.resolve("models--org--tiny/snapshots/0123456789abcdef").normalize();
        Files.createDirectories(snapshot.getParent());
        Files.createDirectories(hub.resolve("models--org--tiny/refs"));
        Files.writeString(hub.resolve("models--org--tiny/refs/main"), "0123456789abcdef");
        if (Files.notExists(snapshot)) {
            Files.createSymbolicLink(snapshot, strange);
        }
        Map<String, String> environment = Map.of(variable, LocalPath.text(strange), "HF_HUB_OFFLINE", "1");
        assertThat(run(locale, home, environment, "open", "org/tiny")).contains("opened qwen3 ");
    }

    /** Whoever says it, the native code of its weights or Java of its texts. */
    @ParameterizedTest
    @CsvSource({"C, config.json", "C, model.safetensors", "C, tokenizer.json", "C.UTF-8, model.safetensors"})
    void anErrorNamesTheFileWhole(String locale, String file) throws Exception {
        Path broken = Files.createDirectories(strange.resolve("broken"));
        for (String each : List.of("config.json", "model.safetensors", "tokenizer.json")) {
            Files.copy(strange.resolve(each), broken.resolve(each), StandardCopyOption.REPLACE_EXISTING);
        }
        Files.writeString(broken.resolve(file), "<html>");
        assertThat(run(locale, home, Map.of(), "open", LocalPath.text(broken))).startsWith("refused: [BAD_")
                .contains(LocalPath.text(broken) + "/" + file + ": an HTML or XML page");
    }

    @Test
    void aNameWithLostCharactersIsRefusedAndTheRemedyNamed() throws Exception {
        for (String lost : List.of("m\ufffd\ufffddel", "m??del")) {
            assertThat(run("C", home, Map.of(), "open", home + "/" + lost))
                    .contains("refused: [FILE_NOT_FOUND] ", "set LC_ALL=C.UTF-8");
        }
    }

    @Test
    void filesAreNotUnpackedToAnotherFolderThanTheHomeFolder() throws Exception {
        Path other = Files.createDirectories(strange.resolve("home"));
        String lost = home + "/m?? ??????/home";
        assertThat(run("C", home, Map.of("HOME", LocalPath.text(other)), "cache", lost))
                .contains("[" + LocalPath.text(other) + "/.cache/latent4j]");
        assertThat(run("C", home, Map.of("LATENT4J_CACHE", LocalPath.text(strange)), "cache", lost))
                .contains("[" + LocalPath.text(strange) + "]");
        assertThat(run("C", home, Map.of(), "property", LocalPath.text(strange))).contains("refused: [BAD_CACHE] ",
                "set LATENT4J_CACHE instead, or LC_ALL=C.UTF-8");
        assertThat(run("C.UTF-8", home, Map.of(), "property", LocalPath.text(strange)))
                .contains("[" + LocalPath.text(strange) + "]");
    }

    /** JavaCPP's folder for itself; root, as tests may run, can make folders anywhere. */
    @Test
    void noFolderIsMadeInAHomeFolderOfAnotherName() throws Exception {
        Path cache = Files.createDirectories(home.resolve("cache"));
        Path other = Files.createDirectories(LocalPath.of(home + "/h\u00f6me"));
        Map<String, String> environment = Map.of("HOME", LocalPath.text(other), "LATENT4J_CACHE", cache.toString(),
                "JDK_JAVA_OPTIONS", "-Duser.home=" + home + "/h??me");
        assertThat(run("C", home, environment, "open", LocalPath.text(strange))).contains("opened qwen3 ");
        assertThat(home.resolve("h??me")).doesNotExist();
    }

    @Test
    void aLibraryThatCannotBeNamedIsNotLookedForElsewhere() throws Exception {
        assertThat(run("C", home, Map.of(), "library", LocalPath.text(strange) + "/x.so"))
                .contains("refused: [BAD_CACHE] ", "set LC_ALL=C.UTF-8", "LATENT4J_CACHE", NAME);
    }
}
