package org.latent4j.model;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * One request and its answer, each wait of it bounded; the token goes to the Hub alone. The waits are kept here and not
 * by {@link HttpRequest.Builder#timeout}, which on some JDKs ends with the headers and on others with the body.
 */
final class HubExchange {
    private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);
    private static final Set<String> SCHEMES = Set.of("http", "https");
    private static final int LAST_PORT = 65_535;
    private static final int HTTP_PORT = 80;
    private static final int HTTPS_PORT = 443;

    /** An answer that is not a file. */
    record Reply(int status, HttpHeaders headers, byte[] body) {
        String header(String name, String otherwise) {
            return headers.firstValue(name).orElse(otherwise);
        }
    }

    /** An answer's beginning. */
    record Opened(int statusCode, HttpHeaders headers, BodyChunks body) {}

    private final HubSettings settings;
    private final Patience patience;
    private final HttpClient http;

    HubExchange(HubSettings settings, Patience patience) {
        this.settings = settings;
        this.patience = patience;
        this.http = HttpClient.newBuilder().connectTimeout(patience.connect())
                .followRedirects(HttpClient.Redirect.NEVER).version(HttpClient.Version.HTTP_1_1).build();
    }

    static boolean isRedirect(int status) {
        return REDIRECTS.contains(status);
    }

    boolean isHub(URI address) {
        URI hub = settings.endpoint();
        return hub.getScheme().equals(address.getScheme()) && hub.getHost().equalsIgnoreCase(address.getHost())
                && port(hub) == port(address);
    }

    /** The port that a request goes to. */
    static int port(URI address) {
        int usual = "https".equals(address.getScheme()) ? HTTPS_PORT : HTTP_PORT;
        return address.getPort() < 0 ? usual : address.getPort();
    }

    /** Whether this is an address that a request can go to. */
    static boolean isUsable(URI address) {
        return address.getHost() != null && SCHEMES.contains(String.valueOf(address.getScheme()))
                && address.getPort() != 0 && address.getPort() <= LAST_PORT && address.getUserInfo() == null;
    }

    /** An answer's headers; its body is still to come, and whoever asked closes it. */
    Opened open(URI address, String method, long offset) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(address).header("User-Agent", "latent4j")
                .header("Accept-Encoding", "identity").method(method, HttpRequest.BodyPublishers.noBody());
        if (offset > 0) {
            request.header("Range", "bytes=" + offset + "-");
        }
        if (settings.token() != null && isHub(address)) {
            request.header("Authorization", "Bearer " + settings.token());
        }
        // The headers are taken where they come in: what sendAsync returns is completed by the common pool, whose
        // threads may all be waiting for this very download.
        CompletableFuture<Opened> coming = new CompletableFuture<>();
        CompletableFuture<HttpResponse<BodyChunks>> sent = http.sendAsync(request.build(), info -> {
            BodyChunks body = new BodyChunks();
            if (!coming.complete(new Opened(info.statusCode(), info.headers(), body))) {
                body.close(); // too late
            }
            return body;
        });
        sent.whenComplete((response, broken) -> {
            if (broken != null) {
                Throwable cause = broken instanceof CompletionException ? broken.getCause() : broken;
                if (!coming.completeExceptionally(cause)) {
                    coming.thenAccept(opened -> opened.body().onError(cause)); // its body was never begun
                }
            }
        });
        try {
            return coming.get(patience.answer().toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            abandon(coming, sent);
            throw new HttpTimeoutException("no answer came within " + BodyChunks.seconds(patience.answer()));
        } catch (InterruptedException e) {
            abandon(coming, sent);
            throw e;
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IOException broken) {
                throw broken;
            }
            // what Java's client makes of headers that make no sense
            throw new IOException("the answer cannot be read: " + e.getCause(), e.getCause());
        }
    }

    private static void abandon(CompletableFuture<Opened> coming, CompletableFuture<HttpResponse<BodyChunks>> sent) {
        if (!coming.cancel(false) && !coming.isCompletedExceptionally()) {
            coming.join().body().close();
        }
        sent.cancel(true);
    }

    /** An answer with all of its body, if it is one that says what was asked for. */
    Reply ask(URI address, String method) throws IOException, InterruptedException {
        long end = System.nanoTime() + patience.metadata().toNanos();
        Opened response = open(address, method, 0);
        try (BodyChunks body = response.body()) {
            boolean good = response.statusCode() / 100 == 2;
            return new Reply(response.statusCode(), response.headers(), good ? whole(body, end) : new byte[0]);
        }
    }

    private byte[] whole(BodyChunks body, long end) throws IOException, InterruptedException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        while (true) {
            List<ByteBuffer> chunks;
            try {
                chunks = body.next(Duration.ofNanos(Math.max(0, end - System.nanoTime())));
            } catch (HttpTimeoutException e) {
                throw new HttpTimeoutException("the answer was not whole after "
                        + BodyChunks.seconds(patience.metadata()));
            }
            if (chunks == null) {
                return bytes.toByteArray();
            }
            for (ByteBuffer chunk : chunks) {
                byte[] piece = new byte[chunk.remaining()];
                chunk.get(piece);
                bytes.writeBytes(piece);
            }
            if (bytes.size() > HubLimits.METADATA_BYTES) {
                throw new IOException("the answer is longer than " + HubLimits.METADATA_BYTES + " bytes");
            }
        }
    }

    /**
     * Where an answer sends on to.
     *
     * @throws IOException if that is no address, or one of less safety
     */
    static URI next(URI address, HttpHeaders headers) throws IOException {
        String location = headers.firstValue("Location").orElse("");
        try {
            URI next = address.resolve(location);
            boolean downgraded = address.getScheme().equals("https") && !"https".equals(next.getScheme());
            if (isUsable(next) && !downgraded) {
                return next;
            }
        } catch (IllegalArgumentException e) {
            throw new IOException("redirects to what is no address: '" + location + "'", e);
        }
        throw new IOException("redirects to an address that is not followed: '" + location + "'");
    }
}
