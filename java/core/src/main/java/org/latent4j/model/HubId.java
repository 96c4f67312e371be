package org.latent4j.model;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The name of a model on the Hugging Face Hub, {@code org/name}, perhaps with one of its GGUF files: {@code
 * org/name:file.gguf}.
 */
record HubId(String owner, String name, String file) {
    private static final Pattern SHAPE =
        Pattern.compile("([A-Za-z0-9][\\w.-]*)/([A-Za-z0-9][\\w.-]*)(?:[:/]([^:\\\\]+\\.gguf))?");

    static Optional<HubId> parse(String text) {
        Matcher matcher = SHAPE.matcher(text);
        // "--" parts owner and name in the cache: two ids would share a folder
        boolean fits = matcher.matches() && !matcher.group(2).endsWith(".gguf") && !text.contains("..")
                && !matcher.group(1).contains("--") && !matcher.group(2).contains("--")
                && matcher.group(1).length() <= HubLimits.ID_CHARACTERS
                && matcher.group(2).length() <= HubLimits.ID_CHARACTERS
                && (matcher.group(3) == null || HubLimits.isInside(matcher.group(3)));
        return fits ? Optional.of(new HubId(matcher.group(1), matcher.group(2), matcher.group(3))) : Optional.empty();
    }

    /** As the Hub's addresses write it. */
    String repository() {
        return owner + "/" + name;
    }

    @Override
    public String toString() {
        return file == null ? repository() : repository() + ":" + file;
    }
}
