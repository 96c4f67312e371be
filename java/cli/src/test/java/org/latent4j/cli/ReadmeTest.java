package org.latent4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The README's first program, word for word: it compiles, asks a team on the embedded model, and prints answer and
 * figures.
 */
class ReadmeTest {
    private static final Pattern PROGRAM = Pattern.compile("```java\n(.*?public class (\\w+).*?)```", Pattern.DOTALL);

    @Test
    void firstProgram(@TempDir Path folder) throws Exception {
        Matcher program = PROGRAM.matcher(Files.readString(Path.of(System.getProperty("l4j.root"), "README.md")));
        assertThat(program.find()).isTrue();
        Path source = Files.writeString(folder.resolve(program.group(2) + ".java"), program.group(1));
        ByteArrayOutputStream problems = new ByteArrayOutputStream();
        int compiled = ToolProvider.getSystemJavaCompiler().run(null, problems, problems,
            "-d", folder.toString(), "-cp",
                System.getProperty("java.class.path"), source.toString());
        assertThat(compiled).as(problems.toString(StandardCharsets.UTF_8)).isZero();

        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        PrintStream before = System.out;
        URL[] classes = {folder.toUri().toURL()};
        try (URLClassLoader loader = new URLClassLoader(classes, getClass().getClassLoader());
                PrintStream out = new PrintStream(printed, true, StandardCharsets.UTF_8)) {
            System.setOut(out);
            loader.loadClass(program.group(2)).getMethod("main", String[].class).invoke(null, (Object) new String[0]);
        } finally {
            System.setOut(before);
        }
        String text = printed.toString(StandardCharsets.UTF_8);
        assertThat(text).contains("60 latent steps").containsPattern("total \\d+\\.\\d\\d s");
        assertThat(text.indexOf("prompt tokens")).as("the answer stands before its figures").isGreaterThan(20);
    }
}
