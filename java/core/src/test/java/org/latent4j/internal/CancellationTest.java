package org.latent4j.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What an interrupt does to a call, and what one does that was meant for the call before. */
class CancellationTest {
    private final CountDownLatch cancelled = new CountDownLatch(1);
    private final Cancellation cancellation = new Cancellation(cancelled::countDown);

    private boolean isCancelled(long withinMillis) {
        Thread.interrupted(); // waiting would throw; whether it was set is checked by each test
        try {
            return cancelled.await(withinMillis, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void anInterruptCancelsAndStaysSet() {
        Thread caller = Thread.currentThread();
        cancellation.run(() -> {
            Thread other = new Thread(caller::interrupt);
            other.start();
            while (cancelled.getCount() > 0) {
                Thread.onSpinWait();
            }
            assertThat(caller.isInterrupted()).isTrue();
        });
        assertThat(Thread.interrupted()).isTrue();
    }

    @Test
    void anInterruptThatWasSeenAndClearedBeforeDoesNotCancelButTheNextOneDoes() {
        Thread caller = Thread.currentThread();
        cancellation.run(() -> {
            // The JDK's late half of an interrupt: it closes the channel of the call that is running by then.
            Thread late = new Thread(this::closeChannel);
            late.start();
            join(late);
            assertThat(isCancelled(100)).isFalse();
            new Thread(caller::interrupt).start();
            while (cancelled.getCount() > 0) {
                Thread.onSpinWait();
            }
        });
        assertThat(Thread.interrupted()).isTrue();
    }

    @Test
    void whatComesAfterTheCallCancelsNothing() {
        cancellation.run(() -> { });
        Thread.currentThread().interrupt();
        closeChannel();
        assertThat(isCancelled(100)).isFalse();
    }

    private void closeChannel() {
        try {
            cancellation.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
