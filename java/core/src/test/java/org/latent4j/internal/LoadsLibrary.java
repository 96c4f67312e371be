package org.latent4j.internal;

import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A program that a test starts: loads the native library and says from where, or why not. */
final class LoadsLibrary {
    private LoadsLibrary() {
    }

    /** @param args how many class loaders load it, one after the other; none: this one */
    public static void main(String[] args) throws Exception {
        if (args.length == 0) {
            load("org.latent4j.Machine", LoadsLibrary.class.getClassLoader());
        }
        for (int i = 0; args.length > 0 && i < Integer.parseInt(args[0]); i++) {
            load("org.latent4j.Machine", new URLClassLoader(classPath(), ClassLoader.getPlatformClassLoader()));
        }
        System.out.println("loaded from " + mapped());
    }

    private static void load(String name, ClassLoader loader) throws Exception {
        try {
            Class.forName(name, true, loader).getMethod("current").invoke(null);
        } catch (java.lang.reflect.InvocationTargetException e) {
            System.out.println("refused: " + e.getCause().getMessage());
            System.exit(3);
        }
    }

    private static URL[] classPath() throws IOException {
        List<URL> urls = new ArrayList<>();
        for (String entry : System.getProperty("java.class.path").split(java.io.File.pathSeparator)) {
            urls.add(Path.of(entry).toUri().toURL());
        }
        return urls.toArray(new URL[0]);
    }

    private static List<String> mapped() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/maps")).stream().filter(line -> line.contains("jnilatent4j"))
                .map(line -> line.substring(line.indexOf('/'))).distinct().toList();
    }
}
