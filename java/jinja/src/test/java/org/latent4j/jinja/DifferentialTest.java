package org.latent4j.jinja;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Every template renders as Python's jinja2 renders it, or fails where that fails. */
class DifferentialTest {
    static final Clock CLOCK = Clock.fixed(Instant.parse("2025-03-07T09:05:06Z"), ZoneOffset.UTC);
    private static final ObjectMapper JSON = new ObjectMapper();

    static List<JsonNode> rows(String name) throws IOException {
        List<JsonNode> rows = new ArrayList<>();
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(
                DifferentialTest.class.getResourceAsStream(name), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                rows.add(JSON.readTree(line));
            }
        }
        return rows;
    }

    static Map<String, Object> plain(JsonNode node) {
        return JSON.convertValue(node, new TypeReference<>() { });
    }

    /** differential.jsonl, which make_templates.py writes. */
    @TestFactory
    List<DynamicTest> rendersAsPythonDoes() throws IOException {
        List<JsonNode> rows = rows("differential.jsonl");
        Map<String, Object> given = plain(rows.get(0).path("variables"));
        List<DynamicTest> tests = new ArrayList<>();
        for (int i = 1; i < rows.size(); i++) {
            JsonNode row = rows.get(i);
            tests.add(DynamicTest.dynamicTest("line " + (i + 1), () -> check(row, given)));
        }
        return tests;
    }

    private static void check(JsonNode row, Map<String, Object> given) {
        Map<String, Object> variables = row.has("variables") ? plain(row.path("variables")) : given;
        String template = row.path("template").textValue();
        if (row.has("text")) {
            assertThat(Template.parse(template).render(variables, CLOCK)).as(template)
                    .isEqualTo(row.path("text").textValue());
        } else {
            assertThatThrownBy(() -> Template.parse(template).render(variables, CLOCK)).as(template)
                    .isInstanceOf(TemplateException.class);
        }
    }

    /** templates.jsonl: what transformers makes of messages and options. */
    @TestFactory
    List<DynamicTest> rendersChatsAsTransformersDoes() throws IOException {
        List<DynamicTest> tests = new ArrayList<>();
        for (JsonNode row : rows("templates.jsonl")) {
            Map<String, Object> variables = new HashMap<>(plain(row.path("tokens")));
            variables.put("messages", JSON.convertValue(row.path("messages"), List.class));
            variables.putAll(plain(row.path("options")));
            tests.add(DynamicTest.dynamicTest(row.path("id").asText(), () -> assertThat(Template.parse(
                    row.path("template").asText()).render(variables, CLOCK)).isEqualTo(
                            row.path("expected").asText())));
        }
        return tests;
    }
}
