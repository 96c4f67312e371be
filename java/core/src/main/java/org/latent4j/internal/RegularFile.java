package org.latent4j.internal;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;

/**
 * The text of a file that someone else wrote. A pipe or a device is refused before it is opened, since opening or
 * reading one may never end; a file is read up to a limit, since what it holds is kept in memory.
 */
public final class RegularFile {
    private RegularFile() {}

    /**
     * The text of a file in UTF-8.
     *
     * @param file its path; links are followed
     * @param maxBytes the most bytes it may hold
     * @param code what every failure but a missing file is
     * @throws LatentException FILE_NOT_FOUND if there is nothing at the path; {@code code} if it is a folder, a pipe or
     *     a device, is larger than the limit, cannot be read, is a pointer of git-lfs or the like or a web page in the
     *     file's place, or is not UTF-8
     */
    public static String text(Path file, int maxBytes, ErrorCode code) {
        byte[] bytes = bytes(file, maxBytes, code);
        StandIn.refuse(bytes, file, code);
        CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder().onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
        ByteBuffer in = ByteBuffer.wrap(bytes);
        CharBuffer out = CharBuffer.allocate(bytes.length);
        CoderResult result = decoder.decode(in, out, true);
        if (result.isError()) {
            throw new LatentException(code, LocalPath.text(file) + " is not UTF-8 text: byte " + in.position()
                    + " is 0x" + Integer.toHexString(bytes[in.position()] & 0xFF));
        }
        return out.flip().toString();
    }

    private static byte[] bytes(Path file, int maxBytes, ErrorCode code) {
        try {
            BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
            if (attributes.isDirectory()) {
                throw new LatentException(code, LocalPath.text(file) + " is a folder, expected a file");
            }
            if (!attributes.isRegularFile()) {
                throw new LatentException(code, LocalPath.text(file)
                        + " is a pipe, a socket or a device, expected a regular file");
            }
            if (attributes.size() > maxBytes) {
                throw tooLarge(file, attributes.size() + " bytes", maxBytes, code);
            }
            try (InputStream in = Files.newInputStream(file)) {
                byte[] bytes = in.readNBytes(maxBytes);
                if (in.read() >= 0) { // it grew meanwhile, or does not say its size
                    throw tooLarge(file, "more than " + maxBytes + " bytes", maxBytes, code);
                }
                return bytes;
            }
        } catch (NoSuchFileException e) {
            throw new LatentException(ErrorCode.FILE_NOT_FOUND, LocalPath.text(file) + " does not exist", e);
        } catch (IOException e) {
            throw new LatentException(code, LocalPath.text(file) + " cannot be read: " + IoTrouble.text(e), e);
        }
    }

    private static LatentException tooLarge(Path file, String size, int maxBytes, ErrorCode code) {
        return new LatentException(code, LocalPath.text(file) + " holds " + size
                + ", at most " + maxBytes + " are read");
    }
}
