package org.latent4j.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.latent4j.text.Tokenizer;

/** Text comes out in whole characters and stops before a stop string, of which nothing is ever told. */
class TextStreamTest {
    private static Tokenizer tokenizer;

    @BeforeAll
    static void open() {
        Path checkpoint = Path.of(System.getProperty("l4j.root", "../.."), "native/tests/data/golden/tiny-qwen3");
        assertThat(Files.isDirectory(checkpoint)).isTrue();
        tokenizer = Tokenizer.from(checkpoint, null);
    }

    private record Run(String text, List<String> pieces, int tokens, boolean stopped) {
    }

    private static Run run(String text, String... stops) {
        List<String> pieces = new ArrayList<>();
        TextStream stream = new TextStream(tokenizer.newStream(), List.of(stops), pieces::add);
        int n = 0;
        for (int id : tokenizer.encode(text)) {
            n++;
            if (!stream.push(id)) {
                break;
            }
        }
        String whole = stream.finish();
        assertThat(String.join("", pieces)).isEqualTo(whole);
        return new Run(whole, pieces, n, stream.stopped());
    }

    @Test
    void wholeCharactersOnly() {
        Run run = run("智能体 and \uD83D\uDE80 ok");
        assertThat(run.text()).isEqualTo("智能体 and \uD83D\uDE80 ok");
        assertThat(run.pieces()).noneMatch(piece -> piece.contains("\uFFFD")).hasSizeGreaterThan(2);
        assertThat(run.stopped()).isFalse();
    }

    @Test
    void stopsBeforeAStopStringThatSpansTokens() {
        Run run = run("The plan is good. Question: what is 5?", "Question:");
        assertThat(run.text()).isEqualTo("The plan is good. ");
        assertThat(run.stopped()).isTrue();
        assertThat(run.tokens()).isLessThan(tokenizer.encode("The plan is good. Question: what is 5?").length);
    }

    @Test
    void theFirstOfSeveralStopStringsCounts() {
        assertThat(run("one two three", "three", "two").text()).isEqualTo("one ");
        assertThat(run("abcab", "abcd", "bc").text()).isEqualTo("a");
        assertThat(run("aab!", "ab").text()).isEqualTo("a");
    }

    @Test
    void whatOnlyLooksLikeAStopStringIsToldInTheEnd() {
        Run run = run("a plan, Quest", "Question:");
        assertThat(run.text()).isEqualTo("a plan, Quest");
        assertThat(run.stopped()).isFalse();
        assertThat(run("Que Quest Question Questions", "Question:").text()).isEqualTo("Que Quest Question Questions");
    }
}
