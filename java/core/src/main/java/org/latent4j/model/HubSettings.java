package org.latent4j.model;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;

/**
 * What the environment says about the Hugging Face Hub, by the variables of the huggingface_hub library.
 *
 * @param endpoint HF_ENDPOINT, without a slash at its end
 * @param cache HF_HUB_CACHE, else {@code hub} in HF_HOME, else {@code huggingface/hub} in LATENT4J_CACHE (which moves
 *     all that this library fills, but not the token), else {@code hub} in ~/.cache/huggingface
 * @param token HF_TOKEN, else the content of HF_TOKEN_PATH or of {@code token} in HF_HOME; null if none
 * @param offline HF_HUB_OFFLINE
 */
record HubSettings(URI endpoint, Path cache, String token, boolean offline) {
    private static final String ENDPOINT = "https://huggingface.co";
    private static final Set<String> YES = Set.of("1", "ON", "YES", "TRUE");

    static HubSettings of(Map<String, String> environment) {
        String cacheHome = text(environment, "XDG_CACHE_HOME", userHome(environment) + "/.cache");
        Path home = path("HF_HOME", cacheHome + "/huggingface", environment);
        String ours = text(environment, "HF_HOME", null) == null ? text(environment, "LATENT4J_CACHE", null) : null;
        Path cache = path("HF_HUB_CACHE", ours == null ? home.resolve("hub").toString() : ours + "/huggingface/hub",
                environment);
        Path tokenFile = path("HF_TOKEN_PATH", home.resolve("token").toString(), environment);
        String token = text(environment, "HF_TOKEN", text(environment, "HUGGING_FACE_HUB_TOKEN", null));
        if (token == null && Files.isReadable(tokenFile) && Files.isRegularFile(tokenFile)) {
            token = read(tokenFile);
        }
        if (token != null && !token.strip().matches("[!-~]*")) {
            throw new LatentException(ErrorCode.DOWNLOAD_FAILED, "HF_TOKEN, or the token in " + tokenFile
                    + ", holds more than one plain word");
        }
        boolean offline = YES.contains(text(environment, "HF_HUB_OFFLINE", "").toUpperCase(Locale.ROOT));
        return new HubSettings(endpoint(text(environment, "HF_ENDPOINT", ENDPOINT)), cache.toAbsolutePath(),
                token == null || token.isBlank() ? null : token.strip(), offline);
    }

    private static Path path(String name, String otherwise, Map<String, String> environment) {
        String text = expanded(text(environment, name, otherwise), environment);
        try {
            return Path.of(text);
        } catch (InvalidPathException e) {
            throw new LatentException(ErrorCode.DOWNLOAD_FAILED, name + " is no path on this system: '" + text + "' ("
                    + e.getReason() + ")", e);
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

    private static String userHome(Map<String, String> environment) {
        return text(environment, "HOME", System.getProperty("user.home"));
    }

    private static String expanded(String path, Map<String, String> environment) {
        return path.startsWith("~/") ? userHome(environment) + path.substring(1) : path;
    }

    private static String read(Path file) {
        try {
            if (Files.size(file) > HubLimits.TOKEN_BYTES) {
                throw new IOException("it has " + Files.size(file) + " bytes");
            }
            return Files.readString(file);
        } catch (IOException e) {
            throw new LatentException(ErrorCode.DOWNLOAD_FAILED, "the token in " + file + " cannot be read: "
                    + e.getMessage(), e);
        }
    }

    private static String text(Map<String, String> environment, String name, String otherwise) {
        String value = environment.get(name);
        return value == null || value.isBlank() ? otherwise : value;
    }
}
