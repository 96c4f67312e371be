package org.latent4j.internal;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;

/**
 * JSON that somebody else wrote. Names are not kept in the table that Jackson shares between documents: whoever chooses
 * them can make that table fail, for this document and for the next one.
 */
public final class UntrustedJson {
    /** For documents of a few megabytes, which become a tree. */
    public static final ObjectMapper MAPPER = mapper(StreamReadConstraints.defaults());
    /** For what native code writes, whose limits are those of a GGUF file's header. */
    static final ObjectMapper NATIVE = mapper(StreamReadConstraints.builder().maxNameLength(1 << 20)
            .maxStringLength(Integer.MAX_VALUE).build());

    private UntrustedJson() {
    }

    private static ObjectMapper mapper(StreamReadConstraints constraints) {
        return new ObjectMapper(JsonFactory.builder().disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
                .streamReadConstraints(constraints).build());
    }

    /**
     * The tree of a document.
     *
     * @param source its name, for the message
     * @throws JsonProcessingException if it is no JSON
     * @throws LatentException OUT_OF_MEMORY
     */
    public static JsonNode tree(String text, String source) throws JsonProcessingException {
        try {
            return MAPPER.readTree(text);
        } catch (OutOfMemoryError e) { // what was built is given up whole
            throw new LatentException(ErrorCode.OUT_OF_MEMORY, source + ": the Java heap is too small for its "
                    + text.length() + " characters of JSON", e);
        }
    }
}
