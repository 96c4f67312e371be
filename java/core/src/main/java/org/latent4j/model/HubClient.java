package org.latent4j.model;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpHeaders;
import java.nio.channels.UnresolvedAddressException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;
import org.latent4j.internal.UntrustedJson;
import org.latent4j.model.HubExchange.Reply;

/** Speaks HTTP with the Hugging Face Hub: what a model consists of, and each file's size, sum and bytes. */
final class HubClient {
    /** A file on the Hub. etag: SHA-256 of large files, git's blob id of small ones; anything from other servers. */
    record RemoteFile(String name, URI address, String etag, long size) {
        /** The algorithm of the sum that the ETag is, or null if it is none. */
        String algorithm() {
            return etag.matches("[0-9a-f]{64}") ? "SHA-256" : etag.matches("[0-9a-f]{40}") ? "SHA-1" : null;
        }
    }

    private static final Set<Integer> PASSING = Set.of(408, 429, 500, 502, 503, 504);

    private final HubSettings settings;
    private final Patience patience;
    private final HubExchange exchange;

    HubClient(HubSettings settings, Patience patience) {
        this.settings = settings;
        this.patience = patience;
        this.exchange = new HubExchange(settings, patience);
    }

    Patience patience() {
        return patience;
    }

    /** The Hub's description of the model: {@code sha} (the commit) and {@code siblings} (the files). */
    JsonNode describe(HubId id, String revision) throws InterruptedException {
        URI address = URI.create(settings.endpoint() + "/api/models/" + id.repository() + "/revision/"
                + revision);
        Reply reply = send(address, "GET", true);
        JsonNode description;
        try {
            description = UntrustedJson.tree(new String(reply.body(), StandardCharsets.UTF_8), address.toString());
        } catch (IOException e) {
            throw failed(address, "the answer is not JSON", e);
        }
        if (!description.path("sha").asText().matches("[0-9a-zA-Z]{6,64}")
                || !description.path("siblings").isArray()) {
            throw failed(address, "the answer names no commit or no files", null);
        } else if (description.path("siblings").size() > HubLimits.FILES) {
            throw failed(address, "the answer lists " + description.path("siblings").size() + " files, more than "
                    + HubLimits.FILES, null);
        }
        return description;
    }

    /** Size and sum of a file, without its bytes. */
    RemoteFile head(HubId id, String commit, String name) throws InterruptedException {
        URI address = URI.create(settings.endpoint() + "/" + id.repository() + "/resolve/" + commit + "/"
                + encoded(name));
        Reply reply = send(address, "HEAD", false);
        String etag = etag(reply.header("X-Linked-Etag", reply.header("ETag", "")));
        String size = reply.header("X-Linked-Size", reply.header("Content-Length", ""));
        if (!etag.matches("[0-9A-Za-z_-]{1,128}") || !size.matches("\\d{1,15}")) {
            throw failed(address, "the answer gives no usable ETag or size: '" + etag + "', '" + size + "'", null);
        }
        return new RemoteFile(name, address, etag, Long.parseLong(size));
    }

    private static String etag(String header) {
        String etag = header.replaceFirst("^W/", "").replace("\"", "");
        return etag.matches("[0-9a-fA-F]{40}|[0-9a-fA-F]{64}") ? etag.toLowerCase(Locale.ROOT) : etag;
    }

    /**
     * The file's bytes from an offset on; 200 if the server sends all of them instead, 416 if there are none. One
     * attempt.
     */
    HubExchange.Opened open(RemoteFile file, long offset) throws IOException, InterruptedException {
        URI address = file.address();
        for (int hop = 0; hop <= HubLimits.REDIRECTS; hop++) {
            HubExchange.Opened response = exchange.open(address, "GET", offset);
            if (!HubExchange.isRedirect(response.statusCode())) {
                checkSame(file, address, response);
                return response;
            }
            response.body().close();
            address = next(address, response.headers());
        }
        throw failed(file.address(), "more than " + HubLimits.REDIRECTS + " redirects", null);
    }

    /** Of a file without a sum only the ETag says that its bytes are of the file whose size was told. */
    private void checkSame(RemoteFile file, URI address, HubExchange.Opened response) {
        String etag = etag(response.headers().firstValue("ETag").orElse(file.etag()));
        if (response.statusCode() / 100 == 2 && file.algorithm() == null && exchange.isHub(address)
                && !etag.equals(file.etag())) {
            response.body().close();
            throw failed(address, "the file changed meanwhile, from ETag '" + file.etag() + "' to '" + etag
                    + "': try again", null);
        } else if (response.statusCode() / 100 == 2 && isEncoded(response.headers())) {
            response.body().close();
            throw encoded(address, response.headers());
        }
    }

    /** Whether a status may change when asked again. */
    static boolean isPassing(int status) {
        return PASSING.contains(status);
    }

    /**
     * Asks until the answer is final. A HEAD does not leave the Hub: the storage behind it knows neither ETag nor size
     * of the Hub.
     */
    private Reply send(URI first, String method, boolean everywhere) throws InterruptedException {
        URI address = first;
        int hops = 0;
        for (int attempt = 0; ; attempt++) {
            Reply reply = null;
            IOException broken = null;
            try {
                reply = exchange.ask(address, method);
            } catch (IOException e) {
                broken = e;
            }
            if (reply != null && HubExchange.isRedirect(reply.status())) {
                URI next = next(address, reply.headers());
                if (!everywhere && (!exchange.isHub(next) || reply.headers().firstValue("X-Linked-Etag").isPresent())) {
                    return reply;
                } else if (hops++ == HubLimits.REDIRECTS) {
                    throw failed(first, "more than " + HubLimits.REDIRECTS + " redirects", null);
                }
                address = next;
                attempt--;
            } else if (reply != null && reply.status() / 100 == 2) {
                if (isEncoded(reply.headers())) {
                    throw encoded(address, reply.headers());
                }
                return reply;
            } else if (attempt + 1 >= patience.attempts() || reply != null && !isPassing(reply.status())) {
                throw reply != null ? refused(address, reply.status())
                        : failed(address, reason(address, broken), broken);
            } else {
                patience.pause(attempt, reply == null ? null : reply.headers());
            }
        }
    }

    private static URI next(URI address, HttpHeaders headers) {
        try {
            return HubExchange.next(address, headers);
        } catch (IOException e) {
            throw failed(address, e.getMessage(), e);
        }
    }

    private static boolean isEncoded(HttpHeaders headers) {
        return !headers.firstValue("Content-Encoding").orElse("identity").equalsIgnoreCase("identity");
    }

    private static LatentException encoded(URI address, HttpHeaders headers) {
        return failed(address, "the answer comes as Content-Encoding " + headers.firstValue("Content-Encoding")
                .orElse("") + ", which was not asked for; look for a proxy in between", null);
    }

    /** What a final status means and what to do. */
    LatentException refused(URI address, int status) {
        String advice = switch (status) {
            case 401, 403 -> settings.token() == null
                    ? "; the model does not exist, or is private or gated: accept its terms, and set HF_TOKEN"
                    : "; the token given may not read this model: accept its terms, or give another in HF_TOKEN";
            case 404 -> "; there is no such model or file: check the spelling, org/name";
            case 429 -> "; too many requests: try later, or set HF_TOKEN";
            default -> "; try later";
        };
        return failed(address, "HTTP " + status + advice, null);
    }

    static LatentException failed(URI address, String what, Throwable cause) {
        return new LatentException(ErrorCode.DOWNLOAD_FAILED, address + ": " + what, cause);
    }

    /** What broke, in words; of a connection that never stood the JDK says no more than the exception's class. */
    static String reason(URI address, IOException e) {
        if (e instanceof ConnectException || e instanceof HttpConnectTimeoutException) {
            String server = address.getHost() + ":" + HubExchange.port(address);
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

    private static String encoded(String path) {
        return Arrays.stream(path.split("/")).map(part -> URLEncoder.encode(part, StandardCharsets.UTF_8)
                .replace("+", "%20"))
                .collect(Collectors.joining("/"));
    }
}
