package org.latent4j.internal;

import java.lang.ref.Cleaner;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;
import org.bytedeco.javacpp.Pointer;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;

/**
 * A native object that Java owns. Each call counts itself in and out, so that closing while a thread is inside waits
 * for that thread with the freeing, not with the closing. Who forgets to close is found by a {@link Cleaner}, which
 * frees and says where the object came from.
 */
final class Handle<P extends Pointer> {
    private static final Cleaner CLEANER = Cleaner.create();
    private static final int CLOSED = Integer.MIN_VALUE;

    private final String what;
    private final P pointer;
    private final Consumer<P> free;
    private final Throwable opened;
    private final AtomicInteger users = new AtomicInteger();  // calls inside; the sign bit: closed
    private volatile Cleaner.Cleanable cleanable;

    /**
     * @param what a noun for messages, such as "memory"
     * @param pointer the native object
     * @param free frees it; called once
     */
    Handle(String what, P pointer, Consumer<P> free) {
        this.what = what;
        this.pointer = pointer;
        this.free = free;
        this.opened = new Throwable("the " + what + " was made here");
    }

    /**
     * From now on the native object is freed when {@code owner}, which this handle must not refer to, becomes
     * unreachable.
     */
    void watch(Object owner) {
        cleanable = CLEANER.register(owner, this::reclaim);
    }

    /**
     * Counts a call in; {@link #release} must follow.
     *
     * @throws LatentException {@code CLOSED}
     */
    P acquire() {
        if (users.getAndUpdate(n -> n < 0 ? n : n + 1) < 0) {
            throw new LatentException(ErrorCode.CLOSED, "this " + what + " was closed");
        }
        return pointer;
    }

    /** Counts a call out, and frees if the object was closed meanwhile. */
    void release() {
        if (users.decrementAndGet() == CLOSED) {
            free.accept(pointer);
        }
    }

    /** One native call on this object and the arrays of its result; errors are translated. */
    <R> R call(Function<P, R> body) {
        P native_ = acquire();
        try {
            return body.apply(native_);
        } catch (RuntimeException e) {
            throw Bridge.error(e);
        } catch (OutOfMemoryError e) {
            throw Bridge.heapFull(e);
        } finally {
            release();
        }
    }

    boolean isClosed() {
        return users.get() < 0;
    }

    void close() {
        shut();
        Cleaner.Cleanable registered = cleanable;
        if (registered != null) {
            registered.clean();
        }
    }

    /** Closes; true if it was open. */
    private boolean shut() {
        int before = users.getAndUpdate(n -> n | CLOSED);
        if (before == 0) {
            free.accept(pointer);
        }
        return before >= 0;
    }

    private void reclaim() {
        if (shut()) {
            Log.warning(Handle.class, "A " + what + " was never closed and is freed only now: close it, the"
                    + " garbage collector cannot see its size", opened);
        }
    }
}
