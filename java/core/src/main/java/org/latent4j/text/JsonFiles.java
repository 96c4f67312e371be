package org.latent4j.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;

/** Reads the small JSON files of a checkpoint folder. */
final class JsonFiles {
    static final ObjectMapper JSON = new ObjectMapper();

    private JsonFiles() {}

    /** The file's content, or a missing node if there is no such file. Throws BAD_CHECKPOINT if it is not JSON. */
    static JsonNode readIfPresent(Path file) {
        if (!Files.isRegularFile(file)) {
            return MissingNode.getInstance();
        }
        try {
            return JSON.readTree(file.toFile());
        } catch (IOException e) {
            throw new LatentException(ErrorCode.BAD_CHECKPOINT, file + " cannot be read as JSON: " + e.getMessage(), e);
        }
    }
}
