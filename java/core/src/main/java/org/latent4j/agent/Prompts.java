package org.latent4j.agent;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import com.fasterxml.jackson.dataformat.yaml.snakeyaml.error.MarkedYAMLException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;
import org.latent4j.internal.LocalPath;
import org.latent4j.internal.RegularFile;

/**
 * The prompts of the built-in roles, one resource each, in this project's words for the roles of arXiv 2511.20639. A
 * user's YAML or JSON file replaces any part of them:
 *
 * <pre>{@code
 * critic:                        # the role
 *   system: You are strict.      # system message, optional
 *   latent: ... {question} ...   # user message in a latent team
 *   text: ... {context} ...      # user message where agents write; {context} is what was written before
 *   task:                        # what {task} stands for
 *     math: Check every number.
 * }</pre>
 */
public final class Prompts {
    private static final List<String> ROLES = List.of("single", "planner", "critic", "refiner", "judger", "math_expert",
        "science_expert", "code_expert", "summarizer");
    private static final List<String> KEYS = List.of("system", "latent", "text", "task");
    private static final String TASK = "{task}";
    private static final int MOST_BYTES = 1 << 20;
    private static final YAMLMapper YAML = YAMLMapper.builder(  // JSON is YAML, so one reader serves both
        YAMLFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build()).build();

    private final Map<String, JsonNode> roles;

    private Prompts(Map<String, JsonNode> roles) {
        this.roles = roles;
    }

    /** The prompts that come with the library. */
    public static Prompts builtIn() {
        Map<String, JsonNode> roles = new LinkedHashMap<>();
        for (String role : ROLES) {
            roles.put(role, resource(role));
        }
        return new Prompts(roles);
    }

    /**
     * The built-in prompts with those parts replaced that a file names.
     *
     * @param file YAML or JSON, at most 1 MiB of UTF-8 and 1,000 levels: one document of plain keys and texts, without
     *     aliases, tags or a key that comes twice; a prompt has at most 1,048,576 characters once {task} is filled in
     * @throws LatentException {@code FILE_NOT_FOUND}; {@code BAD_PROMPTS} for what is no such file, an unknown role or
     *     key, a value that is no text, or a prompt that lacks a placeholder; the message names file, key or line, and
     *     what was expected
     */
    public static Prompts load(Path file) {
        JsonNode tree = read(Objects.requireNonNull(file, "file"));
        if (!tree.isObject() || tree.isEmpty()) {
            throw bad(file, "the file", "expected roles, some of " + ROLES);
        }
        Map<String, JsonNode> roles = new LinkedHashMap<>(builtIn().roles);
        for (Map.Entry<String, JsonNode> entry : tree.properties()) {
            JsonNode builtIn = roles.get(entry.getKey());
            if (builtIn == null) {
                throw bad(file, entry.getKey(), "unknown role, expected one of " + ROLES);
            }
            JsonNode role = replaced(file, entry.getKey(), (ObjectNode) builtIn, entry.getValue());
            requireRoom(file, entry.getKey(), role);
            roles.put(entry.getKey(), role);
        }
        return new Prompts(roles);
    }

    /** The names of all roles. */
    public static List<String> roles() {
        return ROLES;
    }

    /**
     * A role's agent for one kind of task.
     *
     * @throws IllegalArgumentException if there is no such role
     */
    public Agent agent(String role, TaskKind kind) {
        Objects.requireNonNull(kind, "kind");
        JsonNode node = roles.get(Objects.requireNonNull(role, "role"));
        if (node == null) {
            throw new IllegalArgumentException("no role '" + role + "', there are " + ROLES);
        }
        String task = node.path("task").path(key(kind)).asText("").strip();
        String text = node.path("text").asText().strip().replace(TASK, task);
        String latent = node.has("latent") ? node.path("latent").asText().strip().replace(TASK, task) : text;
        return new Agent(role, node.has("system") ? node.path("system").asText().strip() : null, latent, text);
    }

    private static JsonNode replaced(Path file, String role, ObjectNode builtIn, JsonNode given) {
        if (!given.isObject()) {
            throw bad(file, role, "expected keys, some of " + keysOf(builtIn));
        }
        ObjectNode result = builtIn.deepCopy();
        for (Map.Entry<String, JsonNode> entry : given.properties()) {
            String key = role + "." + entry.getKey();
            if (!keysOf(builtIn).contains(entry.getKey())) {
                throw bad(file, key, "unknown key, expected one of " + keysOf(builtIn));
            }
            if (entry.getKey().equals("task")) {
                replaceTasks(file, key, (ObjectNode) result.get("task"), entry.getValue());
            } else {
                result.put(entry.getKey(), text(file, key, entry.getValue()));
                requirePlaceholders(file, key, entry.getValue().asText(), builtIn.path(entry.getKey()).asText());
            }
        }
        return result;
    }

    private static void replaceTasks(Path file, String key, ObjectNode tasks, JsonNode given) {
        List<String> kinds = new ArrayList<>();
        for (TaskKind kind : TaskKind.values()) {
            kinds.add(key(kind));
        }
        if (!given.isObject()) {
            throw bad(file, key, "expected keys, some of " + kinds);
        }
        for (Map.Entry<String, JsonNode> entry : given.properties()) {
            if (!kinds.contains(entry.getKey())) {
                throw bad(file, key + "." + entry.getKey(), "unknown kind of task, expected one of " + kinds);
            }
            tasks.put(entry.getKey(), text(file, key + "." + entry.getKey(), entry.getValue()));
        }
    }

    /**
     * A prompt needs what the built-in one has, but {@code {task}}, which a prompt for one kind of task can do without.
     */
    private static void requirePlaceholders(Path file, String key, String prompt, String builtIn) {
        for (String placeholder : List.of(Agent.QUESTION, Agent.CONTEXT)) {
            if (builtIn.contains(placeholder) && !prompt.contains(placeholder)) {
                throw bad(file, key, "the placeholder " + placeholder + " is missing");
            }
        }
    }

    /** A task may stand in a prompt any number of times. */
    private static void requireRoom(Path file, String role, JsonNode node) {
        for (String key : List.of("latent", "text")) {
            String prompt = node.path(key).asText();
            long bare = prompt.replace(TASK, "").length();
            for (JsonNode task : node.path("task")) {
                long length = bare + (prompt.length() - bare) / TASK.length() * task.asText().length();
                if (length > MOST_BYTES) {
                    throw bad(file, role + "." + key, "has " + length + " characters once " + TASK
                        + " is filled in, expected at most " + MOST_BYTES);
                }
            }
        }
    }

    private static String text(Path file, String key, JsonNode value) {
        if (!value.isTextual() || value.asText().isBlank()) {
            String found = value.isTextual() ? "none" : value.getNodeType().name().toLowerCase(Locale.ROOT);
            throw bad(file, key, "expected text, found " + found);
        }
        return value.asText();
    }

    private static List<String> keysOf(JsonNode builtIn) {
        return KEYS.stream().filter(key -> builtIn.has(key) || key.equals("system")).toList();
    }

    private static String key(TaskKind kind) {
        return kind.name().toLowerCase(Locale.ROOT);
    }

    private static JsonNode read(Path file) {
        String text = RegularFile.text(file, MOST_BYTES, ErrorCode.BAD_PROMPTS);
        parsed(file, text, parser -> refuseWhatATreeWouldLose(file, parser));
        return parsed(file, text, parser -> {
            JsonNode tree = YAML.readTree(parser);
            return tree == null ? MissingNode.getInstance() : tree;
        });
    }

    private interface Reading<T> {
        T read(YAMLParser parser) throws IOException;
    }

    private static <T> T parsed(Path file, String text, Reading<T> reading) {
        try (YAMLParser parser = YAML.getFactory().createParser(text)) {
            try {
                return reading.read(parser);
            } catch (JsonProcessingException e) {
                throw new LatentException(ErrorCode.BAD_PROMPTS, LocalPath.text(file) + ": " + problem(e, parser), e);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("a text in memory", e);
        }
    }

    /** A tree holds neither what an alias stands for nor a tag nor a second document, and would not say so. */
    private static Void refuseWhatATreeWouldLose(Path file, YAMLParser parser) throws IOException {
        int depth = 0;
        boolean ended = false;
        for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
            if (ended) {
                throw lost(file, parser, "a second document", "one");
            }
            if (parser.isCurrentAlias()) {
                throw lost(file, parser, "the alias *" + parser.getText(), "the text itself");
            }
            if (parser.getTypeId() != null) {
                throw lost(file, parser, "the tag !" + parser.getTypeId(), "text, in quotes where it looks like"
                    + " something else");
            }
            depth += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
            ended = depth == 0;
        }
        return null;
    }

    private static LatentException lost(Path file, YAMLParser parser, String found, String expected) {
        return bad(file, place(parser.currentTokenLocation().getLineNr(), parser.currentTokenLocation().getColumnNr()),
            found + ", expected " + expected);
    }

    /** Where and why a text is no YAML. What breaks a limit says no line, but the parser still stands there. */
    private static String problem(JsonProcessingException e, YAMLParser parser) {
        JsonLocation location = e.getLocation() == null ? parser.currentLocation() : e.getLocation();
        String where = place(location.getLineNr(), location.getColumnNr());
        String why = e.getOriginalMessage().lines().findFirst().orElse("").replaceFirst(", from `[^`]*`", "");
        if (e instanceof MarkedYAMLException marked && marked.getProblemMark() != null) {
            where = place(marked.getProblemMark().getLine() + 1, marked.getProblemMark().getColumn() + 1);
            why = (marked.getContext() == null ? "" : marked.getContext() + ": ") + marked.getProblem();
        }
        return where + ": expected YAML or JSON: " + why;
    }

    private static String place(int line, int column) {
        return "line " + line + ", column " + column;
    }

    private static JsonNode resource(String role) {
        try (InputStream in = Prompts.class.getResourceAsStream("prompts/" + role + ".yaml")) {
            return YAML.readTree(in);
        } catch (IOException e) {
            throw new UncheckedIOException("the prompts of role " + role, e);
        }
    }

    private static LatentException bad(Path file, String key, String problem) {
        return new LatentException(ErrorCode.BAD_PROMPTS, LocalPath.text(file) + ": " + key + ": " + problem);
    }
}
