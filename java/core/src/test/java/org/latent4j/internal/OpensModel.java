package org.latent4j.internal;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.latent4j.LatentException;
import org.latent4j.LatentModel;
import org.latent4j.model.ModelOptions;

/** A program that a test starts under some locale; it speaks UTF-8. */
final class OpensModel {
    private static final Pattern ESCAPE = Pattern.compile("\\\\u(\\p{XDigit}{4})");

    private OpensModel() {
    }

    /** @param args what to do, and a path in which other characters than ASCII are Java's escapes */
    public static void main(String[] args) {
        String path = ESCAPE.matcher(args[1]).replaceAll(match -> Matcher.quoteReplacement(String.valueOf((char)
                Integer.parseInt(match.group(1), 16))));
        String said;
        try {
            said = switch (args[0]) {
                case "open" -> opened(path);
                case "cache" -> folder(CacheFolder.of(LocalPath.environment(), null, path));
                // as Java decodes the property under this locale
                case "property" -> folder(CacheFolder.of(LocalPath.environment(), new String(path.getBytes(
                        StandardCharsets.UTF_8), System.getProperty("sun.jnu.encoding").equals("UTF-8")
                        ? StandardCharsets.UTF_8 : StandardCharsets.US_ASCII), "/"));
                default -> library(path);
            };
        } catch (LatentException e) {
            said = "refused: " + e.getMessage();
        }
        byte[] bytes = (said + "\n").getBytes(StandardCharsets.UTF_8);
        System.out.write(bytes, 0, bytes.length);
        System.out.flush();
    }

    private static String opened(String path) {
        try (LatentModel model = LatentModel.open(path, ModelOptions.builder().threads(1).memoryPositions(64)
                .build())) {
            List<Integer> tokens = Arrays.stream(model.tokenizer().encode("hello there")).boxed().toList();
            return "opened " + model.info().family() + " tokens " + tokens;
        }
    }

    private static String folder(CacheFolder folder) {
        return "[" + LocalPath.text(folder.asked()) + "]";
    }

    private static String library(String path) {
        NativeLibrary.open(LocalPath.of(path));
        return "loaded";
    }
}
