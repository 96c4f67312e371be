package org.latent4j.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The tokens that a folder's small files add to its {@code tokenizer.json}, as transformers 5 puts them together:
 * {@code tokenizer_config.json} names some ({@code bos_token}), lists more and says in {@code added_tokens_decoder} how
 * they are sought; only where that is missing count {@code special_tokens_map.json}, before it, and {@code
 * added_tokens.json}.
 */
final class SpecialTokens {
    private static final List<String> NAMES = List.of("bos_token", "eos_token", "unk_token", "sep_token", "pad_token",
            "cls_token", "mask_token");
    private static final String EXTRA = "extra_special_tokens";
    private static final String ADDITIONAL = "additional_special_tokens";

    private final Map<String, AddedTokens.Token> named = new LinkedHashMap<>();
    private final Map<String, AddedTokens.Token> extra = new LinkedHashMap<>(); // by content, as late
    private final Map<String, AddedTokens.Token> late = new LinkedHashMap<>();
    private final boolean stated;

    private SpecialTokens(JsonNode config, JsonNode older, JsonNode added) {
        JsonNode decoder = config.path("added_tokens_decoder");
        stated = decoder.isObject();
        NAMES.forEach(name -> name(name, stated || !older.has(name) ? config.path(name) : older.path(name)));
        properties(config);
        list(config.path(config.path(EXTRA).isEmpty() ? ADDITIONAL : EXTRA));
        if (stated) {
            numbered(decoder).forEach(token -> late.put(token.content(), token));
            return;
        }
        properties(older);
        list(older.path(config.has(EXTRA) || config.has(ADDITIONAL) || older.has(EXTRA) ? EXTRA : ADDITIONAL));
        Set<String> contents = new HashSet<>(texts().values());
        added.properties().stream().filter(entry -> entry.getValue().isIntegralNumber())
                .sorted(Comparator.comparingLong(entry -> entry.getValue().asLong())).forEach(entry -> {
                    String content = entry.getKey();
                    boolean special = extra.containsKey(content) || contents.contains(content);
                    late.put(content, new AddedTokens.Token(content, special, !special, false, false, false));
                });
    }

    /** @throws org.latent4j.LatentException BAD_CHECKPOINT if one of the files is no JSON object */
    static SpecialTokens of(Path folder, JsonNode config) {
        boolean stated = config.path("added_tokens_decoder").isObject();
        JsonNode none = MissingNode.getInstance();
        return new SpecialTokens(config,
                stated ? none : JsonFiles.readIfPresent(folder.resolve("special_tokens_map.json")),
                stated ? none : JsonFiles.readIfPresent(folder.resolve("added_tokens.json")));
    }

    /** Those that only a model of some kind has: {@code image_token}, or what a map of further tokens names. */
    private void properties(JsonNode file) {
        file.properties().stream().filter(entry -> entry.getKey().endsWith("_token")
                && !NAMES.contains(entry.getKey())).forEach(entry -> name(entry.getKey(), entry.getValue()));
        file.path(EXTRA).properties().forEach(entry -> name(entry.getKey(), entry.getValue()));
    }

    private void name(String name, JsonNode value) {
        AddedTokens.Token token = special(value);
        if (!token.content().isEmpty()) {
            named.put(name, token);
        }
    }

    private void list(JsonNode tokens) {
        if (tokens.isArray()) {
            tokens.forEach(value -> extra.putIfAbsent(special(value).content(), special(value)));
        }
    }

    private static AddedTokens.Token special(JsonNode value) {
        return value.isTextual() ? new AddedTokens.Token(value.textValue(), true, false, false, false, false)
                : TokenizerFile.token(value).withSpecial();
    }

    private static List<AddedTokens.Token> numbered(JsonNode decoder) {
        return decoder.properties().stream().filter(entry -> entry.getKey().matches("\\d{1,9}"))
                .sorted(Comparator.comparingInt(entry -> Integer.parseInt(entry.getKey())))
                .map(entry -> TokenizerFile.token(entry.getValue())).toList();
    }

    /** What the chat template may call by name. */
    Map<String, String> texts() {
        Map<String, String> texts = new LinkedHashMap<>();
        named.forEach((name, token) -> texts.put(name, token.content()));
        return texts;
    }

    /**
     * Puts them behind those of the {@code tokenizer.json}; of two with one content {@link AddedTokens} takes the
     * later one's way to be sought.
     */
    void addTo(List<AddedTokens.Token> tokens) {
        Map<String, AddedTokens.Token> all = new LinkedHashMap<>();
        tokens.forEach(token -> all.put(token.content(), token));
        late.forEach((content, token) -> all.merge(content, token, (old, other) -> stated ? other : old));
        named.values().forEach(token -> all.merge(token.content(), token, (old, other) -> old.withSpecial()));
        extra.forEach(all::putIfAbsent);
        tokens.addAll(all.values());
    }
}
