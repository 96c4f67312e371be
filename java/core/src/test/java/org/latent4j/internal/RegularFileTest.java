package org.latent4j.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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

    @Test
    void saysWhatLiesInTheFilesPlace() throws IOException {
        Path file = Files.writeString(folder.resolve("tokenizer.json"), "version https://git-lfs.github.com/spec/v1\n"
                + "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 11421896\n");
        refused(file, 1000, "[BAD_PROMPTS] " + file + ": a git-lfs pointer of 133 bytes, expected the file of 11421896 "
                + "bytes that it stands for; run git lfs install && git lfs pull in its folder, or download the file "
                + "itself");
        for (String page : List.of("<!DOCTYPE html>\n<html>", "\uFEFF\r\n <HTML lang=en>",
                "<?xml version='1.0'?><Error/>", "<head>" + "x".repeat(5000))) {
            Files.writeString(file, page);
            assertThatThrownBy(() -> RegularFile.text(file, 10_000, ErrorCode.BAD_TOKENIZER))
                    .hasMessageStartingWith("[BAD_TOKENIZER] " + file + ": an HTML or XML page of ")
                    .hasMessageContaining("download the file again");
        }
        for (String honest : List.of("<|im_start|>{{ x }}", "version: 1", "{\"a\": \"<html>\"}", "# xet", "")) {
            Files.writeString(file, honest);
            assertThat(RegularFile.text(file, 100, ErrorCode.BAD_TOKENIZER)).isEqualTo(honest);
        }
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
