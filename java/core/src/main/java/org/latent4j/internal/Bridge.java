package org.latent4j.internal;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;

/**
 * What every crossing of the bridge shares: its errors become {@link LatentException}, its JSON is read.
 */
public final class Bridge {
    private static final Pattern CODED = Pattern.compile("\\[([A-Z_]+)] (.*)", Pattern.DOTALL);

    private static final Pattern ESCAPE = Pattern.compile("\\x01([0-9a-f]{2})");
    private static final Pattern SEQUENCE = Pattern.compile("\\bsequence(s?) (?=\\d)");
    private static final String MORE_PAGES = "; give the model more room:"
            + " ModelOptions.memoryPositions, on the command line --memory-positions";

    private Bridge() {
    }

    /**
     * What to throw for what came over the bridge: {@code "[CODE] text"} as that code, a Java exception of our own as
     * it is.
     */
    static RuntimeException error(RuntimeException thrown) {
        if (thrown.getClass() != RuntimeException.class) {
            return thrown;  // JavaCPP throws no subclass
        }
        String message = decoded(String.valueOf(thrown.getMessage()));
        Matcher coded = CODED.matcher(message);
        if (coded.matches()) {
            for (ErrorCode code : ErrorCode.values()) {
                if (code.name().equals(coded.group(1))) {
                    return new LatentException(code, inJavasWords(code, coded.group(2)), thrown);
                }
            }
        }
        return new LatentException(ErrorCode.INTERNAL, message, thrown);
    }

    /** Text in which native code wrote bytes as {@code \\1} and two digits, for JavaCPP decodes by the locale. */
    private static String decoded(String ascii) {
        ByteArrayOutputStream utf8 = new ByteArrayOutputStream();
        Matcher escape = ESCAPE.matcher(ascii);
        int begin = 0;
        while (escape.find()) {
            utf8.writeBytes(ascii.substring(begin, escape.start()).getBytes(StandardCharsets.UTF_8));
            utf8.write(Integer.parseInt(escape.group(1), 16));
            begin = escape.end();
        }
        utf8.writeBytes(ascii.substring(begin).getBytes(StandardCharsets.UTF_8));
        return utf8.toString(StandardCharsets.UTF_8);
    }

    /** A batch's parts are sequences in native code and members in Java; who is short of pages hears what to set. */
    private static String inJavasWords(ErrorCode code, String message) {
        String said = SEQUENCE.matcher(message).replaceAll("member$1 ");
        return code == ErrorCode.OUT_OF_PAGES ? said + MORE_PAGES : said;
    }

    /** For arrays of a call's result that the heap has no room for. */
    static LatentException heapFull(OutOfMemoryError error) {
        return new LatentException(ErrorCode.OUT_OF_MEMORY, "the Java heap has no room for what this call gives back,"
                + " at most " + (Runtime.getRuntime().maxMemory() >> 20) + " MiB in all (-Xmx)", error);
    }

    /** The length of an array of so many numbers. */
    static int arrayLength(long numbers) {
        if (numbers > Integer.MAX_VALUE - 8) {
            throw new LatentException(ErrorCode.OUT_OF_MEMORY, "the result has " + numbers
                    + " numbers, a Java array holds " + (Integer.MAX_VALUE - 8));
        }
        return (int) numbers;
    }

    /** A JSON text that native code wrote. */
    static JsonNode json(String text) {
        try {
            return UntrustedJson.NATIVE.readTree(text);
        } catch (JsonProcessingException e) {
            throw new LatentException(ErrorCode.INTERNAL, "native code wrote JSON that cannot be read", e);
        }
    }

    /** {@code l4j_device_info}: cpu, level, levels, cores, ram_bytes, devices, cuda. */
    public static JsonNode deviceInfo() {
        NativeLibrary.load();
        try {
            return json(Native.l4j_device_info());
        } catch (RuntimeException e) {
            throw error(e);
        }
    }
}
