package org.latent4j.model;

import java.net.http.HttpHeaders;
import java.time.Duration;

/**
 * How long a server is waited for and how often it is asked again; tests make it short.
 *
 * @param attempts how often a request is made that brings nothing
 * @param firstPause the pause after the first of them; each later one is twice as long
 * @param connect until a connection stands
 * @param answer until an answer's headers are here
 * @param stalled between two pieces of a file
 * @param metadata until the whole of an answer that is not a file is here
 * @param held that another class loader may hold a file's lock without the file growing: its pauses, its checking
 * @param sleep sleeps
 */
record Patience(int attempts, Duration firstPause, Duration connect, Duration answer, Duration stalled,
        Duration metadata, Duration held, Sleep sleep) {
    static final Patience USUAL = new Patience(6, Duration.ofSeconds(1), Duration.ofSeconds(20),
            Duration.ofSeconds(60), Duration.ofSeconds(60), Duration.ofSeconds(120), Duration.ofMinutes(30),
            Thread::sleep);
    private static final long LONGEST_PAUSE = 30_000;

    /** {@link Thread#sleep(long)}. */
    @FunctionalInterface
    interface Sleep {
        void milliseconds(long n) throws InterruptedException;
    }

    /** For a question that need not be answered: one attempt, no long waits. */
    Patience once() {
        Duration most = Duration.ofSeconds(10);
        return new Patience(1, firstPause, shorter(connect, most), shorter(answer, most), stalled,
                shorter(metadata, most), held, sleep);
    }

    private static Duration shorter(Duration a, Duration b) {
        return a.compareTo(b) < 0 ? a : b;
    }

    /**
     * Sleeps before the attempt after this one: longer each time, or as long as the server asked for, at most half a
     * minute.
     *
     * @param headers of the answer, or null if there was none
     */
    void pause(int attempt, HttpHeaders headers) throws InterruptedException {
        long asked = headers == null ? 0 : headers.firstValue("Retry-After").filter(s -> s.matches("\\d{1,4}"))
                .map(Long::parseLong).orElse(0L) * 1000;
        sleep.milliseconds(Math.min(LONGEST_PAUSE, Math.max(asked, firstPause.toMillis() << Math.min(attempt, 5))));
    }
}
