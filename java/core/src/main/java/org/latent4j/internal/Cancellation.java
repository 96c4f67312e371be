package org.latent4j.internal;

import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.spi.AbstractInterruptibleChannel;

/**
 * Lets {@link Thread#interrupt()} reach a native call. The JDK runs {@link #implCloseChannel()} of the channel that a
 * thread is blocked on in the interrupting thread, or at once if the thread was interrupted before; nobody has to poll.
 */
final class Cancellation extends AbstractInterruptibleChannel {
    private final Runnable cancel;

    Cancellation(Runnable cancel) {
        this.cancel = cancel;
    }

    /** Runs {@code body}; an interrupt of this thread meanwhile runs {@code cancel} in another one and stays set. */
    void run(Runnable body) {
        boolean completed = false;
        begin();
        try {
            body.run();
            completed = true;
        } finally {
            finish(completed);
        }
    }

    private void finish(boolean completed) {
        try {
            end(completed);
        } catch (ClosedByInterruptException e) {
            // Says that the interrupt came. Whether it came in time is what the body's own outcome says.
            assert Thread.currentThread().isInterrupted() : e;
        } catch (AsynchronousCloseException e) {
            throw new IllegalStateException("nobody else closes this channel", e);
        }
    }

    @Override
    protected void implCloseChannel() {
        cancel.run();
    }
}
