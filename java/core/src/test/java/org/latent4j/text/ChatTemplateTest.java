package org.latent4j.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;

class ChatTemplateTest {
    private static final Clock CLOCK = Clock.fixed(Instant.parse("2025-03-07T09:05:06Z"), ZoneOffset.UTC);
    private static final Map<String, String> TOKENS = Map.of("bos_token", "<s>", "eos_token", "</s>");
    private static final List<ChatMessage> HELLO = List.of(ChatMessage.user("hello"));

    /** templates/expected.json: what transformers 5 (Jinja2) renders from the same templates, chats and options. */
    static Stream<JsonNode> expected() throws IOException {
        return StreamSupport.stream(TestData.JSON.readTree(TestData.resource("templates/expected.json")).spliterator(),
                false);
    }

    @ParameterizedTest(name = "{index}")
    @MethodSource("expected")
    void rendersAsTransformersDoes(JsonNode row) throws IOException {
        String text = TestData.resource("templates/" + row.path("template").asText() + ".jinja");
        ChatTemplate template = ChatTemplate.of(text, TOKENS, CLOCK);
        List<ChatMessage> chat = new ArrayList<>();
        row.path("chat").forEach(m -> chat.add(new ChatMessage(m.path("role").asText(), m.path("content").asText())));
        Map<String, Object> options = TestData.JSON.convertValue(row.path("options"), new TypeReference<>() { });
        if (row.has("text")) {
            assertThat(template.render(chat, options)).isEqualTo(row.path("text").asText());
        } else {
            assertThatThrownBy(() -> template.render(chat, options))
                    .isInstanceOfSatisfying(LatentException.class, e -> {
                assertThat(e.code()).isEqualTo(ErrorCode.BAD_TEMPLATE);
                assertThat(e).hasMessageContaining(row.path("error").asText())
                        .hasMessageMatching("(?s).*line \\d+: .*");
            });
        }
    }

    @Test
    void whatAMessageSaysIsNeverTemplate() {
        String evil = "{{ 7 * 7 }}{% for i in range(9) %}x{% endfor %}{# gone #}{{ messages }}";
        String rendered = ChatTemplate.of("{% set c = messages[0].content %}<{{ c }}>")
                .render(List.of(ChatMessage.user(evil)), Map.of());
        assertThat(rendered).isEqualTo("<" + evil + ">");
    }

    @ParameterizedTest(name = "{index}")
    @ValueSource(strings = {"a\n{% if %}x{% endif %}", "a\n{{ 'open }}", "a\n{{ x ", "a\n{% if x", "a\n{# x",
            "a\n{{ 1 + }}",
        "a\n{{ x|nosuchfilter }}", "a\n{{ x is nosuchtest }}", "a\n{% nosuchtag %}", "a\n{{ (1 }}",
        "a\n{% for x %}{% endfor %}",
        "a\n{% raw %}", "a\n{{ ? }}", "a\n{{ '\\u12' }}"})
    void refusesWhatItCannotParse(String template) {
        assertThatThrownBy(() -> ChatTemplate.of(template)).isInstanceOf(LatentException.class)
                .hasMessageStartingWith("[BAD_TEMPLATE] chat template, line 2: ");
    }

    @ParameterizedTest(name = "{index}")
    @ValueSource(strings = {"a\n{{ raise_exception('stop') }}", "a\n{{ nothing.role }}",
            "a\n{{ messages[0].role.nosuch() }}",
        "a\n{{ 1 + 'a' }}", "a\n{{ nosuch(1) }}", "a\n{{ 1 / 0 }}", "a\n{{ 'a'.replace('b') }}", "a\n{{ 'x' * 'y' }}",
        "a\n{% for x in 5 %}{% endfor %}", "a\n{{ range(100000000)|length }}"})
    void saysWhereRenderingFailed(String template) {
        ChatTemplate parsed = ChatTemplate.of(template);
        assertThatThrownBy(() -> parsed.render(HELLO, Map.of())).isInstanceOf(LatentException.class)
                .hasMessageStartingWith("[BAD_TEMPLATE] chat template, line 2: ");
    }

    @ParameterizedTest(name = "{index}")
    @ValueSource(strings = {"{% if true %}x", "{% endif %}", "{% for m in messages %}x{% endif %}"})
    void refusesBrokenStructure(String template) {
        assertThatThrownBy(() -> ChatTemplate.of(template).render(HELLO, Map.of())).isInstanceOf(LatentException.class)
                .hasMessageStartingWith("[BAD_TEMPLATE] chat template");
    }

    @ParameterizedTest(name = "{index}")
    @MethodSource
    void recursionWithoutEndIsAFaultOfTheTemplate(String template) {
        assertThatThrownBy(() -> ChatTemplate.of(template).render(HELLO, Map.of())).isInstanceOf(LatentException.class)
                .hasMessageStartingWith("[BAD_TEMPLATE] chat template").hasMessageContaining("nested too deeply");
    }

    static List<String> recursionWithoutEndIsAFaultOfTheTemplate() {
        return List.of("{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}", "{{ " + "(".repeat(100_000) + "1"
                + ")".repeat(100_000) + " }}");
    }

    @Test
    void readsNothingFromTheClassPath() {
        String template = "A{% set a\"%}B{% endset %}{% include 'META-INF/MANIFEST.MF' %}\" %}C";
        assertThatThrownBy(() -> ChatTemplate.of(template).render(HELLO, Map.of())).isInstanceOf(LatentException.class)
                .hasMessageStartingWith("[BAD_TEMPLATE] chat template, line 1: ");
    }

    @Test
    void namesAnEscapeThatIsNone() {
        assertThatThrownBy(() -> ChatTemplate.of("a\n{{ '\\xZZ' }}")).isInstanceOf(LatentException.class)
                .hasMessageStartingWith("[BAD_TEMPLATE] chat template, line 2: the escape '\\xZZ'");
    }

    @Test
    void anInterruptCancelsAndStaysSet() {
        ChatTemplate template = ChatTemplate.of("{% for a in range(100000) %}{% endfor %}");
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> template.render(HELLO, Map.of())).isInstanceOfSatisfying(LatentException.class,
                e -> assertThat(e.code()).isEqualTo(ErrorCode.CANCELLED));
        assertThat(Thread.interrupted()).isTrue();
    }

    @Test
    void optionsMayBeJson() throws IOException {
        JsonNode tools = TestData.JSON.readTree("[{\"a\": [1, 1.5, true, null, \"x\", 123456789012345678901]}]");
        assertThat(ChatTemplate.of("{{ tools | tojson }}{{ tools }}").render(HELLO, Map.of("tools", tools)))
                .isEqualTo("[{\"a\": [1, 1.5, true, null, \"x\", 123456789012345678901]}]"
                        + "[{'a': [1, 1.5, True, None, 'x', 123456789012345678901]}]");
    }

    @Test
    void jsonMayNotBeNestedWithoutEnd() {
        ArrayNode deep = TestData.JSON.createArrayNode();
        for (int i = 0; i < 100_000; i++) {
            deep = TestData.JSON.createArrayNode().add(deep);
        }
        Map<String, Object> options = Map.of("tools", deep);
        assertThatThrownBy(() -> ChatTemplate.of("x").render(HELLO, options)).isInstanceOf(LatentException.class)
                .hasMessageStartingWith("[BAD_TEMPLATE]").hasMessageContaining("nested");
    }

    @Test
    void readsTheTemplateOfAFolder(@TempDir Path folder) throws IOException {
        ChatTemplate golden = ChatTemplate.from(TestData.golden("tiny-qwen3"), null);
        assertThat(golden.render(HELLO, Map.of()))
                .isEqualTo("<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\n");
        assertThat(golden.render(HELLO, Map.of("add_generation_prompt", false)))
                .isEqualTo("<|im_start|>user\nhello<|im_end|>\n");

        Files.writeString(folder.resolve("tokenizer_config.json"), """
                {"bos_token": {"content": "<B>"}, "eos_token": "<E>",
                 "chat_template": [{"name": "tool_use", "template": "no"},
                                    {"name": "default", "template": "{{ bos_token }}named{{ eos_token }}"}]}""");
        assertThat(ChatTemplate.from(folder, null).render(HELLO, Map.of())).isEqualTo("<B>named<E>");
        Files.writeString(folder.resolve("chat_template.jinja"), "{{ bos_token }}file\n");
        assertThat(ChatTemplate.from(folder, null).render(HELLO, Map.of())).isEqualTo("<B>file");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"5 | number", "true | boolean", "{\"default\": \"x\"} | object",
        "[\"x\"] | array", "[{\"name\": \"default\"}] | array"})
    void refusesATemplateThatIsNoText(String value, String kind, @TempDir Path folder) throws IOException {
        Path config = folder.resolve("tokenizer_config.json");
        Files.writeString(config, "{\"chat_template\": " + value + "}");
        assertThatThrownBy(() -> ChatTemplate.from(folder, null)).isInstanceOf(LatentException.class)
                .hasMessage("[BAD_TEMPLATE] " + config + ": chat_template is JSON of type " + kind
                        + ", expected a text, or a list of objects with name and template");
        Files.writeString(config, "{\"chat_template\": null}");
        assertThat(ChatTemplate.from(folder, null).isPresent()).isFalse();
        Files.createDirectory(folder.resolve("chat_template.jinja"));
        assertThatThrownBy(() -> ChatTemplate.from(folder, null)).hasMessageStartingWith("[BAD_TEMPLATE] "
                + folder.resolve("chat_template.jinja") + " is a folder, expected a file");
    }

    @Test
    void readsTheTemplateOfAGgufFile() throws IOException {
        JsonNode metadata = GgufMetadata.read(TestData.smollm2());
        assertThat(ChatTemplate.from(TestData.smollm2(), metadata).render(HELLO, Map.of()))
                .isEqualTo("<|im_start|>system\n"
                + "You are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"
                + "<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\n");
    }

    @Test
    void aCheckpointWithoutTemplateSaysHowToGiveOne(@TempDir Path folder) {
        ChatTemplate none = ChatTemplate.from(folder, null);
        assertThat(none.isPresent()).isFalse();
        assertThatThrownBy(() -> none.render(HELLO, Map.of())).isInstanceOf(LatentException.class)
                .hasMessageContaining(folder.toString()).hasMessageContaining("ChatTemplate.of")
                .hasMessageStartingWith("[BAD_TEMPLATE]");
    }

    @Test
    void aChatGoesOnAfterAnAnswer() throws IOException {
        JsonNode metadata = GgufMetadata.read(TestData.smollm2());
        ChatTemplate template = ChatTemplate.from(TestData.smollm2(), metadata);
        assertThat(template.renderAfterAnswer(HELLO, Map.of())).map(RenderedChat::text).contains(
                "<|im_end|>\n<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\n");
        List<ChatMessage> withSystem = List.of(new ChatMessage("system", "Be brief."), ChatMessage.user("hello"));
        assertThat(template.renderAfterAnswer(withSystem, Map.of())).map(RenderedChat::text).contains("<|im_end|>\n"
                + "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nhello<|im_end|>\n"
                + "<|im_start|>assistant\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "{% for m in messages %}{% if m.role == 'system' and not loop.first %}{{ raise_exception('no') }}{% endif %}"
            + "[{{ m.role }}]{{ m.content }}{% endfor %}",
        "{% for m in messages if m.role != 'system' %}[{{ m.role }}]{{ m.content }}{% endfor %}"})
    void aSystemMessageThatATemplateDoesNotTakeThereStandsBeforeTheNext(String template) {
        List<ChatMessage> withSystem = List.of(new ChatMessage("system", "Be brief."), ChatMessage.user("hello"));
        assertThat(ChatTemplate.of(template).renderAfterAnswer(withSystem, Map.of())).map(RenderedChat::text)
                .contains("[user]Be brief.\n\nhello");
    }

    @Test
    void aTemplateThatHidesAnswersCannotGoOnAfterOne() {
        ChatTemplate template = ChatTemplate.of(
                "{% for m in messages if m.role == 'user' %}{{ m.content }}{% endfor %}");
        assertThat(template.renderAfterAnswer(HELLO, Map.of())).isEmpty();
        assertThatThrownBy(() -> ChatTemplate.of("{{ raise_exception('never') }}").renderAfterAnswer(HELLO, Map.of()))
                .isInstanceOf(LatentException.class).hasMessageContaining("never");
    }

    @Test
    void rendersFromManyThreads() {
        ChatTemplate template = ChatTemplate.of("{% for m in messages %}{{ m.content }}{% endfor %}");
        assertThat(java.util.stream.IntStream.range(0, 500).parallel()
                .allMatch(i -> template.render(List.of(ChatMessage.user("a" + i)), Map.of()).equals("a" + i))).isTrue();
    }
}
