package org.latent4j.text;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;
import org.latent4j.internal.LocalPath;
import org.latent4j.internal.RegularFile;
import org.latent4j.internal.UntrustedJson;

/** Reads the small JSON files of a checkpoint folder. */
final class JsonFiles {
    /** Bytes of such a file; those of public models have up to about a million. */
    static final int MAX_BYTES = 8 << 20;

    private JsonFiles() {}

    /** The file's object, or a missing node if there is no such file. Throws BAD_CHECKPOINT if it is no JSON object. */
    static JsonNode readIfPresent(Path file) {
        if (!Files.exists(file)) {
            return MissingNode.getInstance();
        }
        String text = RegularFile.text(file, MAX_BYTES, ErrorCode.BAD_CHECKPOINT);
        try {
            JsonNode content = UntrustedJson.tree(text, LocalPath.text(file));
            if (!content.isObject()) {
                throw new LatentException(ErrorCode.BAD_CHECKPOINT, LocalPath.text(file) + " holds " + kind(content)
                        + ", expected a JSON object");
            }
            return content;
        } catch (JsonProcessingException e) {
            throw new LatentException(ErrorCode.BAD_CHECKPOINT, LocalPath.text(file) + " is not JSON, "
                    + problem(e), e);
        }
    }

    /** What a value is, for a message that expected another. */
    static String kind(JsonNode value) {
        return value.isMissingNode() ? "nothing"
                : "JSON of type " + value.getNodeType().name().toLowerCase(Locale.ROOT);
    }

    /** Where and why a text is not JSON, without what the parser says about its own settings. */
    static String problem(JsonProcessingException e) {
        String where = e.getLocation() == null ? ""
                : "line " + e.getLocation().getLineNr() + ", column " + e.getLocation().getColumnNr() + ": ";
        return where + e.getOriginalMessage().replaceFirst(" \\(start marker at .*", "");
    }
}
