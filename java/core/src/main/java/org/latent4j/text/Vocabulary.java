package org.latent4j.text;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;

/**
 * What Java itself must know of a {@code tokenizer.json}: how many ids there are, which are special, and, where the
 * decoder is byte level, the bytes of every token, so that text can be put together token by token in linear time.
 */
final class Vocabulary {
    private static final ObjectMapper JSON = new ObjectMapper();

    private String[] pieces = new String[1024];
    private final Map<String, Integer> added = new HashMap<>();
    private final BitSet special = new BitSet();
    private int size;
    private boolean byteLevel;
    private byte[] bytes;
    private int[] offsets;

    private Vocabulary() {}

    /** @throws LatentException BAD_TOKENIZER if the text is not the JSON of a tokenizer */
    static Vocabulary parse(String json, String source) {
        Vocabulary vocabulary = new Vocabulary();
        JsonNode addedTokens = null;
        try (JsonParser parser = JSON.createParser(json)) {
            expect(parser.nextToken() == JsonToken.START_OBJECT, source, "is not a JSON object");
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String field = parser.currentName();
                parser.nextToken();
                switch (field) {
                    case "added_tokens" -> addedTokens = parser.readValueAsTree();
                    case "decoder" -> vocabulary.byteLevel = isByteLevel(parser.readValueAsTree());
                    case "model" -> vocabulary.readModel(parser, source);
                    default -> parser.skipChildren();
                }
            }
        } catch (JsonProcessingException e) {
            throw new LatentException(ErrorCode.BAD_TOKENIZER, source + " is not JSON, " + JsonFiles.problem(e), e);
        } catch (IOException e) {
            throw new LatentException(ErrorCode.BAD_TOKENIZER, source + ": " + e.getMessage(), e);
        }
        if (addedTokens != null) {
            for (JsonNode token : addedTokens) {
                int id = token.path("id").asInt(-1);
                vocabulary.put(id, token.path("content").asText(), source);
                vocabulary.added.put(token.path("content").asText(), id);
                vocabulary.special.set(id, token.path("special").asBoolean());
            }
        }
        expect(vocabulary.size > 0, source, "holds no vocabulary");
        vocabulary.pack();
        return vocabulary;
    }

    /** One more than the largest id. */
    int size() {
        return size;
    }

    boolean isSpecial(int id) {
        return special.get(id);
    }

    /** Id of an added (special or user-defined) token, or -1. */
    int addedToken(String content) {
        return added.getOrDefault(content, -1);
    }

    /** Whether a token's bytes are known without its neighbours. */
    boolean isByteLevel() {
        return byteLevel;
    }

    /** The packed bytes of all tokens; those of id are [offset(id), offset(id + 1)). */
    byte[] bytes() {
        return bytes;
    }

    int offset(int id) {
        return offsets[id];
    }

    private void readModel(JsonParser parser, String source) throws IOException {
        expect(parser.currentToken() == JsonToken.START_OBJECT, source, "\"model\" is not an object");
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            boolean vocabulary = parser.currentName().equals("vocab");
            JsonToken value = parser.nextToken();
            if (vocabulary && value == JsonToken.START_OBJECT) {
                while (parser.nextToken() == JsonToken.FIELD_NAME) {
                    String piece = parser.currentName();
                    parser.nextToken();
                    put(parser.getIntValue(), piece, source);
                }
            // Unigram: [[piece, score], ...] in the order of ids
            } else if (vocabulary && value == JsonToken.START_ARRAY) {
                for (int id = 0; parser.nextToken() == JsonToken.START_ARRAY; id++) {
                    put(id, parser.nextTextValue(), source);
                    while (parser.nextToken() != JsonToken.END_ARRAY) {
                        parser.skipChildren();
                    }
                }
            } else {
                parser.skipChildren();
            }
        }
    }

    private void put(int id, String piece, String source) {
        expect(id >= 0 && id < 1 << 24 && piece != null, source, "has a token without a usable id or content: " + id);
        if (id >= pieces.length) {
            pieces = Arrays.copyOf(pieces, Math.max(id + 1, pieces.length * 2));
        }
        pieces[id] = piece;
        size = Math.max(size, id + 1);
    }

    private static boolean isByteLevel(JsonNode decoder) {
        String type = decoder.path("type").asText();
        JsonNode parts = decoder.path("decoders");
        return type.equals("ByteLevel") || type.equals("Sequence") && parts.size() == 1 && isByteLevel(parts.get(0));
    }

    /** Turns the pieces of a byte-level vocabulary into their bytes, and lets the strings go. */
    private void pack() {
        if (byteLevel) {
            byte[][] each = new byte[size][];
            int[] starts = new int[size + 1];
            for (int id = 0; id < size; id++) {
                each[id] = pieces[id] == null ? new byte[0] : ByteLevel.bytes(pieces[id]);
                starts[id + 1] = starts[id] + each[id].length;
            }
            bytes = new byte[starts[size]];
            offsets = starts;
            for (int id = 0; id < size; id++) {
                System.arraycopy(each[id], 0, bytes, starts[id], each[id].length);
            }
        }
        pieces = null;
    }

    private static void expect(boolean condition, String source, String message) {
        if (!condition) {
            throw new LatentException(ErrorCode.BAD_TOKENIZER, source + " " + message);
        }
    }

    /**
     * GPT-2's printable stand-ins for the 256 bytes: the visible Latin-1 characters stand for themselves, the rest
     * follow at U+0100.
     */
    private static final class ByteLevel {
        private static final short[] BYTE_OF = new short[0x200];

        static {
            Arrays.fill(BYTE_OF, (short) -1);
            int next = 0x100;
            for (int b = 0; b < 256; b++) {
                boolean visible = b >= '!' && b <= '~' || b >= 0xA1 && b <= 0xAC || b >= 0xAE;
                BYTE_OF[visible ? b : next++] = (short) b;
            }
        }

        static byte[] bytes(String piece) {
            byte[] result = new byte[piece.length()];
            for (int i = 0; i < result.length; i++) {
                char c = piece.charAt(i);
                int b = c < BYTE_OF.length ? BYTE_OF[c] : -1;
                if (b < 0) { // an added token written as plain text
                    return piece.getBytes(StandardCharsets.UTF_8);
                }
                result[i] = (byte) b;
            }
            return result;
        }
    }
}
