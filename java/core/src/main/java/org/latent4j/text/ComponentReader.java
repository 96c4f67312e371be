package org.latent4j.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.text.Normalizer.Form;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;

/** Reads the normalizer, the pre-tokenizer and the decoder of a {@code tokenizer.json}; refuses what is not known. */
final class ComponentReader {
    private final String source;
    private String part;
    private int components;

    ComponentReader(String source) {
        this.source = source;
    }

    /** Null if there is none. */
    Normalizer normalizer(JsonNode node) {
        begin("normalizer");
        return absent(node) ? null : normalizer(node, 0);
    }

    /** Null if there is none. */
    PreTokenizer preTokenizer(JsonNode node) {
        begin("pre_tokenizer");
        return absent(node) ? null : preTokenizer(node, 0);
    }

    List<Decoder> decoders(JsonNode node) {
        begin("decoder");
        List<Decoder> steps = new ArrayList<>();
        if (absent(node)) {
            steps.add(new Decoder.Spaced());
        } else {
            decoder(node, 0, steps);
        }
        return steps;
    }

    private void begin(String name) {
        part = name;
        components = 0;
    }

    private Normalizer normalizer(JsonNode node, int depth) {
        String type = type(node, depth);
        switch (type) {
            case "NFC", "NFD", "NFKC", "NFKD":
                return new Normalizer.Form(Form.valueOf(type));
            case "Prepend":
                return new Normalizer.Prepend(text(node, "prepend"));
            case "Replace":
                return replace(node);
            case "Strip":
                return new Normalizer.Strip(flag(node, "strip_left", true), flag(node, "strip_right", true));
            case "Lowercase":
                return new Normalizer.Lowercase();
            case "Sequence":
                List<Normalizer> steps = new ArrayList<>();
                for (JsonNode each : array(node, "normalizers")) {
                    steps.add(normalizer(each, depth + 1));
                }
                return new Normalizer.Sequence(steps);
            default:
                throw unknown(type, "NFC, NFD, NFKC, NFKD, Prepend, Replace, Strip, Lowercase, Sequence");
        }
    }

    private Normalizer replace(JsonNode node) {
        JsonNode old = node.path("pattern").path("String");
        String by = text(node, "content");
        if (old.isTextual() && old.textValue().length() == 1 && by.length() == 1
                && !Character.isSurrogate(old.textValue().charAt(0)) && !Character.isSurrogate(by.charAt(0))) {
            return new Normalizer.ReplaceChar(old.textValue().charAt(0), by.charAt(0));
        }
        return new Normalizer.Replace(pattern(node), by);
    }

    private PreTokenizer preTokenizer(JsonNode node, int depth) {
        String type = type(node, depth);
        switch (type) {
            case "ByteLevel":
                return new PreTokenizer.ByteLevel(flag(node, "add_prefix_space", true),
                        flag(node, "use_regex", true) ? GgufPreTokenizer.GPT2_WORDS : null);
            case "Split":
                return new PreTokenizer.Split(pattern(node), behavior(text(node, "behavior")),
                        flag(node, "invert", false));
            case "Digits":
                return new PreTokenizer.CharacterSplit(Characters::isNumeric, flag(node, "individual_digits", false)
                        ? Cuts.Behavior.ISOLATED : Cuts.Behavior.CONTIGUOUS);
            case "Punctuation":
                return new PreTokenizer.CharacterSplit(Characters::isPunctuation,
                        behavior(node.path("behavior").asText("Isolated")));
            case "Whitespace":
                return new PreTokenizer.Sequence(List.of(
                        new PreTokenizer.CharacterSplit(Characters::isWhitespace, Cuts.Behavior.REMOVED),
                        new PreTokenizer.CharacterSplit(Characters::isWord, Cuts.Behavior.CONTIGUOUS)));
            case "WhitespaceSplit":
                return new PreTokenizer.CharacterSplit(Characters::isWhitespace, Cuts.Behavior.REMOVED);
            case "Metaspace":
                return new PreTokenizer.Metaspace(replacement(node), prefix(node), flag(node, "split", true));
            case "Sequence":
                List<PreTokenizer> steps = new ArrayList<>();
                for (JsonNode each : array(node, "pretokenizers")) {
                    steps.add(preTokenizer(each, depth + 1));
                }
                return new PreTokenizer.Sequence(steps);
            default:
                throw unknown(type, "ByteLevel, Split, Digits, Punctuation, Whitespace, WhitespaceSplit, Metaspace,"
                        + " Sequence");
        }
    }

    private void decoder(JsonNode node, int depth, List<Decoder> steps) {
        String type = type(node, depth);
        boolean fused = steps.stream().anyMatch(Decoder::fuses);
        switch (type) {
            case "ByteLevel", "ByteFallback" -> {
                if (fused) {
                    throw bad(type + " behind a step that makes one token of all");
                }
                steps.add(type.equals("ByteLevel") ? new Decoder.ByteLevel() : new Decoder.ByteFallback());
            }
            case "Fuse" -> steps.add(new Decoder.Fuse());
            case "Replace" -> {
                JsonNode old = node.path("pattern").path("String");
                if (!old.isTextual() || old.textValue().isEmpty()
                        || old.textValue().length() > Limits.REPLACED_LENGTH) {
                    throw bad("Replace has the pattern " + shown(node.path("pattern"))
                            + ", expected a String of 1 to " + Limits.REPLACED_LENGTH + " characters");
                }
                steps.add(new Decoder.Replace(old.textValue(), text(node, "content")));
            }
            case "Strip" -> steps.add(new Decoder.Strip(character(node, "content"), number(node, "start"),
                    number(node, "stop")));
            case "Metaspace" -> steps.add(new Decoder.Metaspace(replacement(node),
                    prefix(node) != PreTokenizer.Metaspace.Prefix.NEVER));
            case "Sequence" -> {
                for (JsonNode each : array(node, "decoders")) {
                    decoder(each, depth + 1, steps);
                }
            }
            default -> throw unknown(type, "ByteLevel, ByteFallback, Fuse, Replace, Strip, Metaspace, Sequence");
        }
    }

    private static boolean absent(JsonNode node) {
        return node == null || node.isNull() || node.isMissingNode();
    }

    private String type(JsonNode node, int depth) {
        if (++components > Limits.COMPONENTS) {
            throw bad("more than " + Limits.COMPONENTS + " steps");
        }
        if (depth > Limits.NESTING) {
            throw bad("Sequences nested more than " + Limits.NESTING + " deep");
        }
        if (!node.path("type").isTextual()) {
            throw bad(shown(node) + ", expected an object with a type");
        }
        return node.path("type").textValue();
    }

    private SplitPattern pattern(JsonNode node) {
        JsonNode pattern = node.path("pattern");
        JsonNode text = pattern.path("String");
        JsonNode regex = pattern.path("Regex");
        if (text.isTextual() && !text.textValue().isEmpty()) {
            return SplitPattern.ofText(text.textValue());
        }
        if (!regex.isTextual()) {
            throw bad("the pattern is " + shown(pattern) + ", expected a Regex, or a String that is not empty");
        }
        try {
            return SplitPattern.ofRegex(regex.textValue());
        } catch (IllegalArgumentException e) {
            throw bad("the pattern " + shown(regex) + ": " + e.getMessage());
        }
    }

    private Cuts.Behavior behavior(String name) {
        for (Cuts.Behavior behavior : Cuts.Behavior.values()) {
            if (behavior.name().replace("_", "").equals(name.toUpperCase(Locale.ROOT))) {
                return behavior;
            }
        }
        throw bad("behavior is '" + Limits.shown(name)
                + "', expected Removed, Isolated, MergedWithPrevious, MergedWithNext or Contiguous");
    }

    private PreTokenizer.Metaspace.Prefix prefix(JsonNode node) {
        String scheme = node.path("prepend_scheme").asText("always");
        if (!node.path("add_prefix_space").asBoolean(true)) {
            scheme = "never";
        }
        return switch (scheme) {
            case "always" -> PreTokenizer.Metaspace.Prefix.ALWAYS;
            case "first" -> PreTokenizer.Metaspace.Prefix.FIRST;
            case "never" -> PreTokenizer.Metaspace.Prefix.NEVER;
            default -> throw bad("prepend_scheme is '" + Limits.shown(scheme) + "', expected always, first or never");
        };
    }

    private char replacement(JsonNode node) {
        return node.has("replacement") ? character(node, "replacement") : SentencePieceMerges.SPACE.charAt(0);
    }

    private char character(JsonNode node, String field) {
        String text = text(node, field);
        if (text.length() != 1 || Character.isSurrogate(text.charAt(0))) {
            throw bad(field + " is '" + Limits.shown(text) + "', expected one character of up to U+FFFF");
        }
        return text.charAt(0);
    }

    private String text(JsonNode node, String field) {
        JsonNode value = node.path(field);
        if (!value.isTextual()) {
            throw bad(field + " is " + shown(value) + ", expected a text");
        }
        Limits.length(value.textValue(), source);
        return value.textValue();
    }

    private int number(JsonNode node, String field) {
        JsonNode value = node.path(field);
        if (!value.canConvertToInt() || value.intValue() < 0) {
            throw bad(field + " is " + shown(value) + ", expected a number of characters");
        }
        return value.intValue();
    }

    private boolean flag(JsonNode node, String field, boolean otherwise) {
        JsonNode value = node.path(field);
        if (absent(value)) {
            return otherwise;
        }
        if (!value.isBoolean()) {
            throw bad(field + " is " + shown(value) + ", expected true or false");
        }
        return value.booleanValue();
    }

    private JsonNode array(JsonNode node, String field) {
        JsonNode value = node.path(field);
        if (!value.isArray()) {
            throw bad(field + " is " + shown(value) + ", expected an array");
        }
        return value;
    }

    private static String shown(JsonNode value) {
        return value.isContainerNode() ? JsonFiles.kind(value) : value.isMissingNode() ? "missing"
                : Limits.shown(value.toString());
    }

    private LatentException unknown(String type, String supported) {
        return bad("type '" + Limits.shown(type) + "' is not supported; supported are " + supported);
    }

    private LatentException bad(String message) {
        return new LatentException(ErrorCode.BAD_TOKENIZER, source + ": " + part + ": " + message);
    }
}
