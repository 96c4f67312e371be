package org.latent4j.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;
import org.latent4j.internal.LocalPath;
import org.latent4j.internal.NonNull;
import org.latent4j.internal.RegularFile;
import org.latent4j.jinja.Limits;
import org.latent4j.jinja.Template;
import org.latent4j.jinja.TemplateException;

/**
 * The model's own way to write a chat as one text, rendered as transformers' {@code apply_chat_template} does. What a
 * message says is never read as template. Usable from any thread.
 */
public final class ChatTemplate {
    /** Stands for an answer: characters that no token begins with and no template changes. */
    private static final String ANSWER = "\u2e3a\u2e3b\u2e3a";
    private static final int MOST_BYTES = 4 * Limits.TEMPLATE_CHARACTERS; // as UTF-8 may take for each
    private final String source; // null: the checkpoint has none, and missing says where it was sought
    private final Template template;
    private final String missing;
    private final Map<String, Object> specialTokens;
    private final Clock clock;

    private ChatTemplate(String source, String missing, Map<String, Object> specialTokens, Clock clock) {
        this.source = source;
        this.template = source == null ? null : Template.parse(source);
        this.missing = missing;
        this.specialTokens = specialTokens;
        this.clock = clock;
    }

    /**
     * A template from its text.
     *
     * @param template in Jinja
     * @throws LatentException BAD_TEMPLATE if it cannot be parsed
     */
    public static ChatTemplate of(String template) {
        return of(template, Map.of());
    }

    /**
     * A template from its text.
     *
     * @param template in Jinja
     * @param specialTokens what {@code bos_token}, {@code eos_token} and the like stand for
     * @throws LatentException BAD_TEMPLATE if it cannot be parsed
     */
    public static ChatTemplate of(String template, Map<String, String> specialTokens) {
        return of(template, specialTokens, Clock.systemDefaultZone());
    }

    static ChatTemplate of(String template, Map<String, String> specialTokens, Clock clock) {
        try {
            return new ChatTemplate(Objects.requireNonNull(template, "template"), null,
                    new HashMap<>(Objects.requireNonNull(specialTokens, "specialTokens")), clock);
        } catch (TemplateException e) {
            throw failure(e);
        }
    }

    private static LatentException failure(TemplateException e) {
        String message = "chat template" + (e.line() > 0 ? ", line " + e.line() : "") + ": " + e.getMessage();
        return new LatentException(e instanceof TemplateException.Interrupted ? ErrorCode.CANCELLED
                : ErrorCode.BAD_TEMPLATE, message, e);
    }

    /**
     * The template of a checkpoint: {@code chat_template.jinja}, or {@code chat_template} in {@code
     * tokenizer_config.json}, or {@code tokenizer.chat_template} in GGUF metadata. A checkpoint without one opens;
     * {@link #render} then says what to do.
     *
     * @param checkpoint a Hugging Face folder or a GGUF file
     * @param ggufMetadata every metadata key of the GGUF file; null or empty for a folder
     * @throws LatentException BAD_TEMPLATE, BAD_CHECKPOINT
     */
    public static ChatTemplate from(Path checkpoint, JsonNode ggufMetadata) {
        String name = LocalPath.text(Objects.requireNonNull(checkpoint, "checkpoint"));
        if (ggufMetadata != null && !ggufMetadata.isEmpty()) {
            return open(named(ggufMetadata.path("tokenizer.chat_template"), name + ": tokenizer.chat_template"),
                    ggufTokens(ggufMetadata), name + " has no tokenizer.chat_template in its metadata");
        }
        Path configFile = checkpoint.resolve("tokenizer_config.json");
        JsonNode config = JsonFiles.readIfPresent(configFile);
        Path file = checkpoint.resolve("chat_template.jinja");
        String template = Files.exists(file) ? RegularFile.text(file, MOST_BYTES, ErrorCode.BAD_TEMPLATE)
                : named(config.path("chat_template"), LocalPath.text(configFile) + ": chat_template");
        return open(template, SpecialTokens.of(checkpoint, config).texts(),
                name + " has neither chat_template.jinja nor chat_template in tokenizer_config.json");
    }

    private static ChatTemplate open(String template, Map<String, String> tokens, String missing) {
        return template != null ? of(template, tokens)
                : new ChatTemplate(null, missing, Map.of(), Clock.systemDefaultZone());
    }

    /** Whether the checkpoint has a template. */
    public boolean isPresent() {
        return source != null;
    }

    /**
     * The chat as the text the model reads.
     *
     * @param messages in order
     * @param options further variables for the template, such as {@code enable_thinking}: null, texts, numbers,
     *     booleans, lists, maps or JsonNodes; {@code add_generation_prompt}
     *     is true unless given
     * @throws LatentException BAD_TEMPLATE if there is no template, it refuses these messages, it cannot be evaluated
     *     or passes one of {@link Limits}; OUT_OF_MEMORY; CANCELLED if the thread is interrupted, whose flag stays set
     */
    public String render(List<ChatMessage> messages, Map<String, Object> options) {
        Objects.requireNonNull(options, "options");
        List<ChatMessage> chat = NonNull.list(messages, "messages");
        if (source == null) {
            throw new LatentException(ErrorCode.BAD_TEMPLATE, missing
                    + "; it is no chat model, or give it one: put chat_template.jinja"
                    + " beside a folder's config.json, or render with ChatTemplate.of(String)");
        }
        Map<String, Object> variables = new HashMap<>(specialTokens);
        variables.put("add_generation_prompt", true);
        variables.put("tools", null); // None, as transformers does; some templates tell it from undefined
        variables.put("documents", null);
        options.forEach((name, value) -> variables.put(name, value instanceof JsonNode json ? plain(json, 0) : value));
        List<Object> shown = new ArrayList<>();
        for (ChatMessage message : chat) {
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("role", message.role());
            fields.put("content", message.content());
            shown.add(fields);
        }
        variables.put("messages", shown);
        try {
            return template.render(variables, clock);
        } catch (TemplateException e) {
            throw failure(e);
        } catch (OutOfMemoryError e) { // what was made of the text is given up whole
            throw new LatentException(ErrorCode.OUT_OF_MEMORY, "the Java heap is too small for this chat's text", e);
        } catch (StackOverflowError e) {
            throw new LatentException(ErrorCode.BAD_TEMPLATE, "the thread's stack is too small for this chat template,"
                    + " which is nested within the limits (-Xss)", e);
        }
    }

    /**
     * The chat as {@link #render(List, Map)} writes it, for {@link Tokenizer#encode(RenderedChat)}: control tokens that
     * messages hold are ordinary text in it. A template that looks into a message for such a token does not find it.
     *
     * @param messages in order
     * @param options as there; what they hold counts as the template's
     * @param tokenizer that is to encode it
     * @throws LatentException as there
     */
    public RenderedChat render(List<ChatMessage> messages, Map<String, Object> options, Tokenizer tokenizer) {
        Objects.requireNonNull(tokenizer, "tokenizer");
        List<ChatMessage> chat = NonNull.list(messages, "messages");
        RenderedChat.Marker marker = tokenizer.marker(Objects.requireNonNullElse(source, ""), chat);
        return marker.rendered(render(chat.stream().map(message -> new ChatMessage(message.role(),
                marker.marked(message.content()))).toList(), options));
    }

    /**
     * What follows an answer that the model is in the middle of: the end of its turn, these messages, and the beginning
     * of the next answer. A system message that the template does not take there stands before the next message.
     *
     * @param messages in order, the last one a user's
     * @param options as in {@link #render(List, Map)}
     * @param tokenizer that is to encode it
     * @return empty if the template shows an answer otherwise than it was given
     * @throws LatentException as {@link #render(List, Map)}
     */
    public Optional<RenderedChat> renderAfterAnswer(List<ChatMessage> messages, Map<String, Object> options,
            Tokenizer tokenizer) {
        Objects.requireNonNull(tokenizer, "tokenizer");
        return renderAfterAnswer(messages, chat -> render(chat, options, tokenizer));
    }

    /**
     * The same where every control token counts, whoever wrote it.
     *
     * @throws LatentException as there
     */
    public Optional<RenderedChat> renderAfterAnswer(List<ChatMessage> messages, Map<String, Object> options) {
        return renderAfterAnswer(messages, chat -> RenderedChat.of(render(chat, options)));
    }

    private static Optional<RenderedChat> renderAfterAnswer(List<ChatMessage> messages,
            Function<List<ChatMessage>, RenderedChat> render) {
        List<ChatMessage> chat = new ArrayList<>(List.of(new ChatMessage("user", "?"),
                new ChatMessage("assistant", ANSWER)));
        chat.addAll(NonNull.list(messages, "messages"));
        try {
            Optional<RenderedChat> rest = Optional.ofNullable(render.apply(chat).after(ANSWER));
            if (rest.isEmpty() || chat.stream().allMatch(message -> isShown(message, rest.get()))) {
                return rest;
            }
        } catch (LatentException e) {
            if (e.code() != ErrorCode.BAD_TEMPLATE || !hasSystem(messages)) {
                throw e;
            }
        }
        return Optional.ofNullable(render.apply(withoutSystem(chat)).after(ANSWER));
    }

    private static boolean hasSystem(List<ChatMessage> messages) {
        return messages.stream().anyMatch(message -> message.role().equals("system"));
    }

    private static boolean isShown(ChatMessage message, RenderedChat chat) {
        return !message.role().equals("system") || chat.text().contains(message.content().strip());
    }

    private static List<ChatMessage> withoutSystem(List<ChatMessage> messages) {
        List<ChatMessage> plain = new ArrayList<>();
        String before = "";
        for (ChatMessage message : messages) {
            if (message.role().equals("system")) {
                before += message.content() + "\n\n";
            } else {
                boolean takes = message.role().equals("user") && !plain.isEmpty();
                plain.add(takes ? new ChatMessage("user", before + message.content()) : message);
                before = takes ? "" : before;
            }
        }
        return plain;
    }

    /** JSON as the maps and lists that a template reads. */
    private static Object plain(JsonNode json, int depth) {
        if (depth > Limits.VALUE_DEPTH) {
            throw new LatentException(ErrorCode.BAD_TEMPLATE, "JSON for a chat template is nested more than "
                    + Limits.VALUE_DEPTH + " deep");
        }
        if (json.isObject()) {
            Map<String, Object> fields = new LinkedHashMap<>();
            json.properties().forEach(field -> fields.put(field.getKey(), plain(field.getValue(), depth + 1)));
            return fields;
        }
        if (json.isArray()) {
            List<Object> items = new ArrayList<>();
            json.forEach(item -> items.add(plain(item, depth + 1)));
            return items;
        }
        if (json.isIntegralNumber()) {
            return json.bigIntegerValue();
        }
        return json.isNumber() ? (Object) json.doubleValue() : json.isBoolean() ? (Object) json.booleanValue()
                : json.isTextual() ? json.textValue() : null;
    }

    /** The template of a string, or of a list of named ones the default, else the first; null if there is none. */
    private static String named(JsonNode template, String where) {
        if (template.isMissingNode() || template.isNull() || template.isArray() && template.isEmpty()) {
            return null;
        }
        JsonNode chosen = template;
        if (template.isArray()) {
            chosen = template.get(0).path("template");
            for (JsonNode each : template) {
                if (each.path("name").asText().equals("default")) {
                    chosen = each.path("template");
                }
            }
        }
        if (!chosen.isTextual()) {
            throw new LatentException(ErrorCode.BAD_TEMPLATE, where + " is "
                    + JsonFiles.kind(template) + ", expected a text, or a list of objects with name and template");
        }
        return chosen.textValue();
    }

    private static Map<String, String> ggufTokens(JsonNode metadata) {
        Map<String, String> tokens = new HashMap<>();
        Map<String, String> keys = Map.of("bos_token", "bos_token_id", "eos_token", "eos_token_id", "unk_token",
                "unknown_token_id", "pad_token", "padding_token_id");
        keys.forEach((name, key) -> {
            int id = metadata.path("tokenizer.ggml." + key).asInt(-1);
            String text = metadata.path("tokenizer.ggml.tokens").path(id).asText(null);
            if (text != null) {
                tokens.put(name, text);
            }
        });
        return tokens;
    }

    @Override
    public String toString() {
        return Objects.requireNonNullElse(missing, "chat template");
    }
}
