package org.latent4j.model;

import java.io.IOException;
import java.net.http.HttpResponse.BodySubscriber;
import java.net.http.HttpTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Flow;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The body of a response, taken chunk by chunk with a limit on the wait for each: java.net.http's own stream would wait
 * for ever.
 */
final class BodyChunks implements BodySubscriber<BodyChunks>, AutoCloseable {
    /** What came: bytes, or the end, with what broke it or null. */
    private record Arrival(List<ByteBuffer> bytes, Throwable broken) {}

    private final LinkedBlockingQueue<Arrival> arrivals = new LinkedBlockingQueue<>();
    private final CompletableFuture<Flow.Subscription> subscribed = new CompletableFuture<>();

    /**
     * The next bytes, or null at the end.
     *
     * @throws IOException if the line broke, or nothing came within the limit
     */
    List<ByteBuffer> next(Duration limit) throws IOException, InterruptedException {
        try {
            subscribed.get(limit.toMillis(), TimeUnit.MILLISECONDS).request(1);
        } catch (TimeoutException e) {
            throw new HttpTimeoutException("nothing came for " + seconds(limit));
        } catch (ExecutionException e) {
            throw new IOException(e.getCause().getMessage(), e.getCause());
        }
        Arrival arrival = arrivals.poll(limit.toMillis(), TimeUnit.MILLISECONDS);
        if (arrival == null) {
            throw new HttpTimeoutException("nothing came for " + seconds(limit));
        } else if (arrival.broken() != null) {
            throw new IOException(arrival.broken().getMessage(), arrival.broken());
        }
        return arrival.bytes();
    }

    static String seconds(Duration time) {
        return time.toMillis() / 1000.0 + " s";
    }

    /** Lets the connection go. */
    @Override
    public void close() {
        subscribed.thenAccept(Flow.Subscription::cancel);
    }

    @Override
    public CompletionStage<BodyChunks> getBody() {
        return CompletableFuture.completedFuture(this);
    }

    @Override
    public void onSubscribe(Flow.Subscription subscription) {
        subscribed.complete(subscription);
    }

    @Override
    public void onNext(List<ByteBuffer> bytes) {
        arrivals.add(new Arrival(bytes, null));
    }

    @Override
    public void onError(Throwable broken) {
        subscribed.completeExceptionally(broken); // if it never came
        arrivals.add(new Arrival(null, broken));
    }

    @Override
    public void onComplete() {
        arrivals.add(new Arrival(null, null));
    }
}
