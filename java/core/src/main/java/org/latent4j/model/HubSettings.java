package org.latent4j.model;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;
import org.latent4j.internal.LocalPath;

/**
 * What the environment says about the Hugging Face Hub, by the variables of the huggingface_hub library and in its
 * order. An empty variable counts as none. In paths {@code ~}, {@code $NAME} and <code>${NAME}</code> are replaced.
 *
 * @param endpoint HF_ENDPOINT, without a slash at its end; it may have a path
 * @param cache HF_HUB_CACHE, else HUGGINGFACE_HUB_CACHE, else {@code hub} in HF_HOME, else {@code huggingface/hub} in
 *     LATENT4J_CACHE (which moves all that this library fills, but not the token), else {@code hub} in {@code
 *     huggingface} in XDG_CACHE_HOME, else in ~/.cache/huggingface
 * @param token HF_TOKEN, else HUGGING_FACE_HUB_TOKEN, else the content of HF_TOKEN_PATH or of {@code token} in HF_HOME;
 *     null if none, or if HF_HUB_DISABLE_IMPLICIT_TOKEN is true
 * @param offline the variable that forbids requests: HF_HUB_OFFLINE, or TRANSFORMERS_OFFLINE where that is not set;
 *     null if it is not true, which is 1, on, yes or true
 */
record HubSettings(URI endpoint, Path cache, String token, String offline) {
    private static final String ENDPOINT = "https://huggingface.co";
    private static final Set<String> YES = Set.of("1", "ON", "YES", "TRUE");
    private static final Pattern VARIABLE = Pattern.compile("\\$(?:(\\w+)|\\{([^}]*)})");

    static HubSettings of(Map<String, String> environment) {
        URI endpoint = endpoint(text(environment, "HF_ENDPOINT", ENDPOINT));
        String home = text(environment, "HF_HOME",
                text(environment, "XDG_CACHE_HOME", "~/.cache") + "/huggingface");
        String ours = text(environment, "HF_HOME", null) == null ? text(environment, "LATENT4J_CACHE", null) : null;
        String legacy = text(environment, "HUGGINGFACE_HUB_CACHE",
                ours == null ? home + "/hub" : ours + "/huggingface/hub");
        Path cache = LocalPath.absolute(path(text(environment, "HF_HUB_CACHE", legacy), environment, "HF_HUB_CACHE",
                "HUGGINGFACE_HUB_CACHE", "LATENT4J_CACHE"));
        boolean silent = isTrue(environment.get("HF_HUB_DISABLE_IMPLICIT_TOKEN"));
        return new HubSettings(endpoint, cache, silent ? null : token(environment, home), offline(environment));
    }

    private static String offline(Map<String, String> environment) {
        String name = environment.getOrDefault("HF_HUB_OFFLINE", "").isEmpty() ? "TRANSFORMERS_OFFLINE"
                : "HF_HUB_OFFLINE";
        return isTrue(environment.get(name)) ? name : null;
    }

    private static boolean isTrue(String value) {
        return value != null && YES.contains(value.toUpperCase(Locale.ROOT));
    }

    private static String token(Map<String, String> environment, String home) {
        String token = text(environment, "HF_TOKEN", text(environment, "HUGGING_FACE_HUB_TOKEN", null));
        String place = "HF_TOKEN";
        String name = text(environment, "HF_TOKEN_PATH", home + "/token");
        if (token == null && !(isInHome(name) && userHome(environment) == null)) {
            Path file = path(name, environment, "HF_TOKEN_PATH");
            token = Files.isReadable(file) && Files.isRegularFile(file) ? read(file) : "";
            place = "the token in " + LocalPath.text(file);
        }
        if (token != null && !token.strip().matches("[!-~]*")) {
            throw new LatentException(ErrorCode.DOWNLOAD_FAILED, place + " holds more than one plain word");
        }
        return token == null || token.isBlank() ? null : token.strip();
    }

    /** @param variables that may have named it, the first that is set being the one; else a home folder's did */
    private static Path path(String text, Map<String, String> environment, String... variables) {
        String expanded = expanded(text, environment);
        try {
            return LocalPath.of(expanded);
        } catch (InvalidPathException e) {
            String name = Stream.concat(Arrays.stream(variables), Stream.of("HF_HOME", "XDG_CACHE_HOME"))
                    .filter(variable -> text(environment, variable, null) != null).findFirst().orElse("HOME");
            throw new LatentException(ErrorCode.DOWNLOAD_FAILED, name + " is no path on this system: '" + expanded
                    + "' (" + e.getReason() + ")", e);
        }
    }

    private static URI endpoint(String text) {
        try {
            URI uri = URI.create(text.replaceAll("/+$", ""));
            if (HubExchange.isUsable(uri) && uri.getQuery() == null && uri.getFragment() == null) {
                return uri;
            }
        } catch (IllegalArgumentException e) {
            throw new LatentException(ErrorCode.DOWNLOAD_FAILED, "HF_ENDPOINT is not an address: '" + text + "'", e);
        }
        throw new LatentException(ErrorCode.DOWNLOAD_FAILED, "HF_ENDPOINT is not an http address: '" + text + "'");
    }

    private static boolean isInHome(String path) {
        return path.equals("~") || path.startsWith("~/");
    }

    /** Null if none is known: of a user without a home folder the JDK says "?". */
    private static String userHome(Map<String, String> environment) {
        String variable = text(environment, "HOME", null);
        String home = variable == null ? System.getProperty("user.home", "") : variable;
        return home.startsWith("/") && (variable != null || !LocalPath.mayBeLost(home)) ? home : null;
    }

    /** As Python's expanduser and then expandvars do it. */
    private static String expanded(String path, Map<String, String> environment) {
        String text = path;
        if (isInHome(path)) {
            String home = userHome(environment);
            if (home == null) {
                throw new LatentException(ErrorCode.DOWNLOAD_FAILED, "no home folder is known for the Hugging Face "
                        + "cache, " + path + "; set HF_HOME or HF_HUB_CACHE to a folder that can be written");
            }
            text = home + path.substring(1);
        } else if (path.startsWith("~")) {
            throw new LatentException(ErrorCode.DOWNLOAD_FAILED, "the home folder of another user is not looked up: "
                    + "write out '" + path + "' in HF_HOME, HF_HUB_CACHE or HF_TOKEN_PATH");
        }
        return VARIABLE.matcher(text).replaceAll(variable -> {
            String name = variable.group(1) == null ? variable.group(2) : variable.group(1);
            return Matcher.quoteReplacement(environment.getOrDefault(name, variable.group()));
        });
    }

    private static String read(Path file) {
        try {
            if (Files.size(file) > HubLimits.TOKEN_BYTES) {
                throw new IOException("it has " + Files.size(file) + " bytes");
            }
            return Files.readString(file);
        } catch (IOException e) {
            throw new LatentException(ErrorCode.DOWNLOAD_FAILED, "the token in " + LocalPath.text(file)
                    + " cannot be read: " + e.getMessage(), e);
        }
    }

    private static String text(Map<String, String> environment, String name, String otherwise) {
        String value = environment.get(name);
        return value == null || value.isBlank() ? otherwise : value;
    }
}
