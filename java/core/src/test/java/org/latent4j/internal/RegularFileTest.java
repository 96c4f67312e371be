package org.latent4j.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.latent4j.ErrorCode;

@Timeout(30)
class RegularFileTest {
    @TempDir
    private Path folder;

    @Test
    void readsTextUpToTheLimit() throws IOException {
        Path file = Files.writeString(folder.resolve("a.txt"), "grün 🚀");
        assertThat(RegularFile.text(file, 10, ErrorCode.BAD_PROMPTS)).isEqualTo("grün 🚀");
        assertThat(RegularFile.text(Files.createSymbolicLink(folder.resolve("link"), file), 10, ErrorCode.BAD_PROMPTS))
                .isEqualTo("grün 🚀");
        refused(file, 9, "[BAD_PROMPTS] " + file + " holds 10 bytes, at most 9 are read");
    }

    @Test
    void saysWhyAFileIsNotRead() throws Exception {
        Path missing = folder.resolve("missing");
        refused(missing, 10, "[FILE_NOT_FOUND] " + missing + " does not exist");
        refused(folder, 10, "[BAD_PROMPTS] " + folder + " is a folder, expected a file");
        Path pipe = folder.resolve("pipe");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
        refused(pipe, 10, "[BAD_PROMPTS] " + pipe + " is a pipe, a socket or a device, expected a regular file");
        Path device = Path.of("/dev/zero");
        refused(device, 10, "[BAD_PROMPTS] " + device + " is a pipe, a socket or a device, expected a regular file");
        Path cut = Files.write(folder.resolve("cut"), new byte[] {'a', (byte) 0xE4, (byte) 0xB8});
        refused(cut, 10, "[BAD_PROMPTS] " + cut + " is not UTF-8 text: byte 1 is 0xe4");
    }

    /** Such a file says that it has no bytes. */
    @Test
    void readsNoMoreThanTheLimitOfAFileThatDoesNotSayItsSize() {
        refused(Path.of("/proc/self/maps"), 100,
                "[BAD_PROMPTS] /proc/self/maps holds more than 100 bytes, at most 100 are read");
    }

    private static void refused(Path file, int maxBytes, String message) {
        assertThatThrownBy(() -> RegularFile.text(file, maxBytes, ErrorCode.BAD_PROMPTS)).hasMessage(message);
    }
}
