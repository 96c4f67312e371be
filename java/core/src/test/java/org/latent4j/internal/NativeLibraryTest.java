package org.latent4j.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where the native library is unpacked to and loaded from, by programs whose class path has it in a jar. */
class NativeLibraryTest {
    @TempDir
    static Path jars;

    private static String classPath;

    @TempDir
    Path home;

    /** The classes of this build as a jar, and what else the tests run with. */
    @BeforeAll
    static void pack() throws IOException {
        List<Path> entries = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .map(Path::of).collect(Collectors.toCollection(ArrayList::new));
        Path classes = entries.stream().filter(entry -> Files.exists(entry.resolve("org/latent4j/Machine.class")))
                .findFirst().orElseThrow();
        Path jar = jars.resolve("latent4j.jar");
        try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(jar));
                Stream<Path> files = Files.walk(classes)) {
            out.setLevel(1);
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                out.putNextEntry(new ZipEntry(classes.relativize(file).toString()));
                Files.copy(file, (OutputStream) out);
                out.closeEntry();
            }
        }
        entries.replaceAll(entry -> entry.equals(classes) ? jar : entry);
        classPath = entries.stream().map(Path::toString).collect(Collectors.joining(File.pathSeparator));
    }

    private Process start(Map<String, String> environment, String... args) throws IOException {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java")
                .toString(), "-Duser.home=" + home, "-cp", classPath, LoadsLibrary.class.getName()));
        command.addAll(List.of(args));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().keySet().removeAll(List.of("LATENT4J_CACHE", "XDG_CACHE_HOME", "LD_PRELOAD"));
        builder.environment().put("HOME", home.toString());
        builder.environment().putAll(environment);
        return builder.start();
    }

    private static String end(Process process) throws IOException, InterruptedException {
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        return said;
    }

    private String run(String... args) throws IOException, InterruptedException {
        return end(start(Map.of(), args));
    }

    private Path cache() {
        return home.resolve(".cache/latent4j");
    }

    private Path unpacked() throws IOException {
        try (Stream<Path> files = Files.list(cache())) {
            return files.filter(file -> file.toString().endsWith(".so")).findFirst().orElseThrow();
        }
    }

    private static void run(List<String> command) throws IOException, InterruptedException {
        assumeTrue(new ProcessBuilder(command).redirectErrorStream(true).start().waitFor() == 0,
                () -> "not permitted here: " + command);
    }

    @Test
    void itIsUnpackedOnceIntoAFolderOfThisUsersAlone() throws IOException, InterruptedException {
        assertThat(run()).contains("loaded from [" + cache().toRealPath());
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(cache()))).isEqualTo("rwx------");
        Object first = Files.getAttribute(unpacked(), "unix:ino");
        assertThat(run()).contains("loaded from [" + unpacked().toRealPath());
        assertThat(Files.getAttribute(unpacked(), "unix:ino")).as("it was not written again").isEqualTo(first);
    }

    @Test
    void whatWasPlantedUnderItsNameIsReplacedAndNeverLoaded() throws IOException, InterruptedException {
        assertThat(run()).contains("loaded from");
        Path library = unpacked();
        Path elsewhere = Files.copy(library, home.resolve("planted.so"));
        byte[] right = Files.readAllBytes(library);
        for (String planted : List.of("half", "changed", "link")) {
            Files.delete(library);
            if (planted.equals("half")) {
                Files.write(library, Arrays.copyOf(right, right.length / 2));
            } else if (planted.equals("changed")) {
                byte[] changed = right.clone();
                changed[changed.length / 2] ^= 1;
                Files.write(library, changed);
            } else {
                Files.createSymbolicLink(library, elsewhere);
            }
            assertThat(run()).as(planted).contains("loaded from [" + library.toRealPath().getParent());
            assertThat(Files.isSymbolicLink(library)).as(planted).isFalse();
            assertThat(Files.readAllBytes(library)).as(planted).isEqualTo(right);
        }
    }

    @Test
    void aFolderThatOthersCanWriteToIsRefused() throws IOException, InterruptedException {
        Files.createDirectories(cache());
        Files.setPosixFilePermissions(cache(), PosixFilePermissions.fromString("rwxrwxrwx"));
        assertThat(run()).contains("refused: [BAD_CACHE] ").contains(cache().getFileName().toString(),
                "can be written to by others", "LATENT4J_CACHE");
        Files.setPosixFilePermissions(cache(), PosixFilePermissions.fromString("rwx------"));
        Files.setPosixFilePermissions(home, PosixFilePermissions.fromString("rwxrwxrwx"));
        assertThat(run()).contains("refused: [BAD_CACHE] ").contains("lies in", "which others can write to");
        Files.setPosixFilePermissions(home, PosixFilePermissions.fromString("rwx------"));
        assertThat(run()).contains("loaded from");
    }

    @Test
    void aFolderOfAnotherUserIsRefused() throws IOException, InterruptedException {
        Files.createDirectories(cache());
        run(List.of("chown", "65534", cache().toString()));
        assertThat(run()).contains("refused: [BAD_CACHE] ").contains("belongs to user 65534");
    }

    @Test
    void aFolderThatIsASymbolicLinkIsRefused() throws IOException, InterruptedException {
        Files.createDirectories(cache().getParent());
        Files.createSymbolicLink(cache(), Files.createDirectory(home.resolve("elsewhere")));
        assertThat(run()).contains("refused: [BAD_CACHE] ").contains("symbolic link");
    }

    @Test
    void whereNothingCanBeWrittenTheErrorSaysWhatToSet() throws IOException, InterruptedException {
        assertThat(end(start(Map.of("XDG_CACHE_HOME", "/proc/nowhere")))).contains("refused: [BAD_CACHE] ")
                .contains("/proc/nowhere/latent4j", "set LATENT4J_CACHE");
        Path chosen = home.resolve("chosen");
        assertThat(end(start(Map.of("XDG_CACHE_HOME", "/proc/nowhere", "LATENT4J_CACHE", chosen.toString()))))
                .contains("loaded from [" + chosen.toRealPath());
    }

    @Test
    void aFolderThatForbidsRunningProgramsIsNamed() throws IOException, InterruptedException {
        Path mount = Files.createDirectory(home.resolve("noexec"));
        run(List.of("mount", "-t", "tmpfs", "-o", "noexec,mode=700", "tmpfs", mount.toString()));
        try {
            assertThat(end(start(Map.of("LATENT4J_CACHE", mount.toString())))).contains("refused: [BAD_CACHE] ")
                    .contains(mount.toString(), "noexec", "set LATENT4J_CACHE");
        } finally {
            run(List.of("umount", mount.toString()));
        }
    }

    @Test
    void threeProcessesMayStartAtOnceInAnEmptyFolder() throws IOException, InterruptedException {
        List<Process> processes = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            processes.add(start(Map.of()));
        }
        for (Process process : processes) {
            assertThat(end(process)).contains("loaded from [" + cache().toRealPath());
        }
        try (Stream<Path> files = Files.list(cache())) {
            assertThat(files).as("nothing is left lying about").hasSize(1);
        }
    }

    @Test
    void everyClassLoaderOfAProcessMayLoadIt() throws IOException, InterruptedException {
        assertThat(run("3")).contains("loaded from");
        try (Stream<Path> files = Files.list(cache())) {
            assertThat(files).as("copies for the second and third are gone").hasSize(1);
        }
    }
}
