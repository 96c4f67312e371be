package org.latent4j.internal;

import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.spi.AbstractInterruptibleChannel;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Lets {@link Thread#interrupt()} reach a native call. The JDK runs {@link #implCloseChannel()} of the channel that a
 * thread is blocked on in the interrupting thread, or at once if the thread was interrupted before; nobody has to poll.
 *
 * <p>Since JDK 21 {@code interrupt()} first sets the flag and then looks for what the thread is blocked on. In between
 * the thread may have seen the flag, cleared it and begun the next call, which is not meant: the flag says so. The JDK
 * closes a channel only once, so from then on that one call is watched by polling.
 */
final class Cancellation extends AbstractInterruptibleChannel {
    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    private final Runnable cancel;
    private final Thread caller = Thread.currentThread();
    private boolean over;  // guarded by this

    /** For one call of this thread. */
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
        synchronized (this) {
            over = true;
        }
        try {
            end(completed);
        } catch (ClosedByInterruptException e) {
            // Says that an interrupt came. Whether it came in time is what the body's own outcome says.
        } catch (AsynchronousCloseException e) {
            throw new IllegalStateException("nobody else closes this channel", e);
        }
    }

    @Override
    protected void implCloseChannel() {
        if (!cancelIfInterrupted()) {
            Thread watcher = new Thread(this::watch, "latent4j-interrupts");
            watcher.setDaemon(true);
            watcher.start();
        }
    }

    private void watch() {
        while (!cancelIfInterrupted()) {
            LockSupport.parkNanos(POLL_NANOS);
        }
    }

    /** False as long as there is something to wait for. Never cancels once the call is over: its flag is used again. */
    private synchronized boolean cancelIfInterrupted() {
        if (!over && caller.isInterrupted()) {
            cancel.run();
            return true;
        }
        return over;
    }
}
