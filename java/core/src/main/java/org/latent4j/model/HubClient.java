package org.latent4j.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandler;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.channels.UnresolvedAddressException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;

/** Speaks HTTP with the Hugging Face Hub: what a model consists of, and each file's size, sum and bytes. */
final class HubClient {
    /** How often and how patiently a failed request is repeated; tests make it short. */
    record Patience(int attempts, Duration firstPause, Duration stalled) {
        static final Patience USUAL = new Patience(6, Duration.ofSeconds(1), Duration.ofSeconds(60));

        /**
         * Sleeps before the attempt after this one: longer each time, or as long as the server asked for, at most half
         * a minute.
         */
        void pause(int attempt, HttpResponse<?> response) throws InterruptedException {
            long asked = response == null ? 0 : response.headers().firstValue("Retry-After")
                    .filter(s -> s.matches("\\d{1,4}"))
                    .map(Long::parseLong).orElse(0L) * 1000;
            Thread.sleep(Math.min(30_000, Math.max(asked, firstPause.toMillis() << Math.min(attempt, 5))));
        }
    }

    /** A file on the Hub. etag: SHA-256 of large files, git's blob id of small ones. */
    record RemoteFile(String name, URI address, String etag, long size) {}

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);
    private static final Set<Integer> PASSING = Set.of(408, 429, 500, 502, 503, 504);
    private static final int MAX_REDIRECTS = 8;

    private final HubSettings settings;
    private final Patience patience;
    private final HttpClient http = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(20))
            .followRedirects(HttpClient.Redirect.NEVER).version(HttpClient.Version.HTTP_1_1).build();

    HubClient(HubSettings settings, Patience patience) {
        this.settings = settings;
        this.patience = patience;
    }

    Patience patience() {
        return patience;
    }

    /** The Hub's description of the model: {@code sha} (the commit) and {@code siblings} (the files). */
    JsonNode describe(HubId id) throws InterruptedException {
        URI address = URI.create(settings.endpoint() + "/api/models/" + id.repository() + "/revision/main");
        HttpResponse<String> response = send(address, "GET", BodyHandlers.ofString(), true);
        try {
            JsonNode description = JSON.readTree(response.body());
            if (description.path("sha").asText().matches("[0-9a-zA-Z]{6,64}")
                    && description.path("siblings").isArray()) {
                return description;
            }
        } catch (IOException e) {
            throw failed(address, "the answer is not JSON", e);
        }
        throw failed(address, "the answer names no commit or no files", null);
    }

    /** Size and sum of a file, without its bytes. */
    RemoteFile head(HubId id, String commit, String name) throws InterruptedException {
        URI address = URI.create(settings.endpoint() + "/" + id.repository() + "/resolve/" + commit + "/"
                + encoded(name));
        HttpResponse<Void> response = send(address, "HEAD", BodyHandlers.discarding(), false);
        String etag = header(response, "X-Linked-Etag", header(response, "ETag", "")).replaceFirst("^W/", "")
                .replace("\"", "");
        String size = header(response, "X-Linked-Size", header(response, "Content-Length", ""));
        if (!etag.matches("[0-9A-Za-z_-]{1,128}") || !size.matches("\\d{1,15}")) {
            throw failed(address, "the answer gives no usable ETag or size: '" + etag + "', '" + size + "'", null);
        }
        return new RemoteFile(name, address, etag, Long.parseLong(size));
    }

    /**
     * The file's bytes from an offset on; 200 if the server sends all of them instead, 416 if there are none. One
     * attempt.
     */
    HttpResponse<BodyChunks> open(RemoteFile file, long offset) throws IOException, InterruptedException {
        URI address = file.address();
        for (int hop = 0; hop <= MAX_REDIRECTS; hop++) {
            HttpRequest.Builder request = request(address).GET();
            if (offset > 0) {
                request.header("Range", "bytes=" + offset + "-");
            }
            HttpResponse<BodyChunks> response = http.send(request.build(), info -> new BodyChunks());
            if (!REDIRECTS.contains(response.statusCode())) {
                return response;
            }
            response.body().close();
            address = next(address, response);
        }
        throw failed(file.address(), "more than " + MAX_REDIRECTS + " redirects", null);
    }

    /** Whether a status may change when asked again. */
    static boolean isPassing(int status) {
        return PASSING.contains(status);
    }

    /**
     * Asks until the answer is final. A HEAD does not leave the Hub: the storage behind it knows neither ETag nor size
     * of the Hub.
     */
    private <T> HttpResponse<T> send(URI first, String method, BodyHandler<T> body,
            boolean everywhere) throws InterruptedException {
        URI address = first;
        int hops = 0;
        for (int attempt = 0; ; attempt++) {
            HttpResponse<T> response = null;
            IOException broken = null;
            try {
                HttpRequest request = request(address).timeout(patience.stalled())
                        .method(method, HttpRequest.BodyPublishers.noBody()).build();
                response = http.send(request, body);
            } catch (IOException e) {
                broken = e;
            }
            if (response != null && REDIRECTS.contains(response.statusCode())) {
                URI next = next(address, response);
                if (!everywhere && (!isHub(next) || response.headers().firstValue("X-Linked-Etag").isPresent())) {
                    return response;
                } else if (hops++ == MAX_REDIRECTS) {
                    throw failed(first, "more than " + MAX_REDIRECTS + " redirects", null);
                }
                address = next;
                attempt--;
            } else if (response != null && response.statusCode() / 100 == 2) {
                return response;
            } else if (attempt + 1 >= patience.attempts() || response != null && !isPassing(response.statusCode())) {
                throw response != null ? refused(address, response.statusCode())
                        : failed(address, reason(address, broken), broken);
            } else {
                patience.pause(attempt, response);
            }
        }
    }

    /** The token goes to the Hub only, never to where it redirects. */
    private HttpRequest.Builder request(URI address) {
        HttpRequest.Builder request = HttpRequest.newBuilder(address).header("User-Agent", "latent4j")
                .header("Accept-Encoding", "identity");
        if (settings.token() != null && isHub(address)) {
            request.header("Authorization", "Bearer " + settings.token());
        }
        return request;
    }

    private boolean isHub(URI address) {
        URI hub = settings.endpoint();
        return hub.getScheme().equals(address.getScheme()) && hub.getHost().equals(address.getHost())
                && hub.getPort() == address.getPort();
    }

    private URI next(URI address, HttpResponse<?> response) {
        try {
            URI next = address.resolve(header(response, "Location", ""));
            boolean downgraded = address.getScheme().equals("https") && !"https".equals(next.getScheme());
            if (next.getHost() != null && Set.of("http", "https").contains(String.valueOf(next.getScheme()))
                    && !downgraded) {
                return next;
            }
        } catch (IllegalArgumentException e) {
            throw failed(address, "redirects to what is no address", e);
        }
        throw failed(address, "redirects to an address that is not followed: '" + header(response, "Location", "")
                + "'", null);
    }

    /** What a final status means and what to do. */
    LatentException refused(URI address, int status) {
        String advice = switch (status) {
            case 401, 403 -> settings.token() == null
                    ? "; the model does not exist, or is private or gated: accept its terms, and set HF_TOKEN"
                    : "; the token given may not read this model: accept its terms, or give another in HF_TOKEN";
            case 404 -> "; there is no such model or file: check the spelling, org/name";
            case 429 -> "; too many requests: try later, or set HF_TOKEN";
            default -> "; try later, what was received is kept";
        };
        return failed(address, "HTTP " + status + advice, null);
    }

    static LatentException failed(URI address, String what, Throwable cause) {
        return new LatentException(ErrorCode.DOWNLOAD_FAILED, address + ": " + what, cause);
    }

    /** What broke, in words; of a connection that never stood the JDK says no more than the exception's class. */
    static String reason(URI address, IOException e) {
        if (e instanceof ConnectException || e instanceof HttpConnectTimeoutException) {
            int usual = "https".equals(address.getScheme()) ? 443 : 80;
            String server = address.getHost() + ":" + (address.getPort() < 0 ? usual : address.getPort());
            String what = isUnresolved(e) ? "the address of " + address.getHost() + " cannot be found"
                    : e instanceof HttpConnectTimeoutException ? server + " does not answer"
                    : "no connection to " + server + " (refused, or no way there)";
            return what + "; check the network, the JVM's proxy (https.proxyHost) and HF_ENDPOINT";
        }
        return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    }

    private static boolean isUnresolved(Throwable e) {
        return e != null && (e instanceof UnresolvedAddressException || isUnresolved(e.getCause()));
    }

    private static String header(HttpResponse<?> response, String name, String otherwise) {
        return response.headers().firstValue(name).orElse(otherwise);
    }

    private static String encoded(String path) {
        return Arrays.stream(path.split("/")).map(part -> URLEncoder.encode(part, StandardCharsets.UTF_8)
                .replace("+", "%20"))
                .collect(Collectors.joining("/"));
    }
}
