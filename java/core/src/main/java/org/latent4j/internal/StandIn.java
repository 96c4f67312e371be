package org.latent4j.internal;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;

/**
 * What lies in a file's place where only a part of the way to it was gone: a pointer of git's extensions for large
 * files, a page of a server that did not send it, or the file still compressed. Native code tells the same of the
 * files that it reads.
 */
final class StandIn {
    private record Pointer(String begin, String tool, String command) {}

    private static final List<Pointer> POINTERS = List.of(
            new Pointer("version https://git-lfs.github.com/spec/", "git-lfs", "git lfs install && git lfs pull"),
            new Pointer("version https://hawser.github.com/spec/", "git-lfs", "git lfs install && git lfs pull"),
            new Pointer("# xet version ", "git-xet", "git xet install && git xet checkout"),
            new Pointer("/annex/objects/", "git-annex", "git annex get ."));
    private record Archive(String begin, String kind, String command) {}

    private static final List<Archive> ARCHIVES = List.of(
            new Archive("\u001f\u008b\b", "a file compressed by gzip", "gunzip"),
            new Archive("\u0028\u00b5\u002f\u00fd", "a file compressed by zstd", "unzstd"),
            new Archive("\u00fd7zXZ\0", "a file compressed by xz", "unxz"),
            new Archive("BZh", "a file compressed by bzip2", "bunzip2"),
            new Archive("PK\u0003\u0004", "a zip archive", "unzip"));
    private static final Pattern SIZE = Pattern.compile("\nsize (\\d{1,18})(?!\\d)");
    private static final Pattern PAGE = Pattern.compile("\uFEFF?[ \t\r\n]*<(!doctype html|html|head|\\?xml).*",
            Pattern.CASE_INSENSITIVE | Pattern.DOTALL);
    private static final int LOOK = 1024;

    private StandIn() {}

    /** Throws the code, with what it is and what to do, if these bytes of the file are a pointer or a page. */
    static void refuse(byte[] bytes, Path file, ErrorCode code) {
        refuseArchive(bytes, file, code);
        String begin = new String(bytes, 0, Math.min(bytes.length, LOOK), StandardCharsets.UTF_8);
        for (Pointer pointer : POINTERS) {
            if (begin.startsWith(pointer.begin())) {
                Matcher size = SIZE.matcher(begin);
                throw new LatentException(code, LocalPath.text(file) + ": a " + pointer.tool() + " pointer of "
                        + bytes.length + " bytes, expected the file"
                        + (size.find() ? " of " + size.group(1) + " bytes" : "")
                        + " that it stands for; run " + pointer.command()
                        + " in its folder, or download the file itself");
            }
        }
        if (PAGE.matcher(begin).matches()) {
            throw new LatentException(code, LocalPath.text(file) + ": an HTML or XML page of " + bytes.length
                    + " bytes, as a server sends that wants a login or has no such file; download the file again, from "
                    + "its own address and not from that of the page about it");
        }
    }

    private static void refuseArchive(byte[] bytes, Path file, ErrorCode code) {
        String begin = new String(bytes, 0, Math.min(bytes.length, LOOK), StandardCharsets.ISO_8859_1);
        for (Archive archive : ARCHIVES) {
            if (begin.startsWith(archive.begin())) {
                throw new LatentException(code, LocalPath.text(file) + ": " + archive.kind() + ", of " + bytes.length
                        + " bytes, expected the file itself; unpack it with " + archive.command());
            }
        }
    }
}
