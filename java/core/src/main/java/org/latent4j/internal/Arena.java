package org.latent4j.internal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;

/**
 * The off-heap memory of one call: one direct buffer, handed out in slices. Buffers and not JavaCPP allocations,
 * because those count the whole process's resident memory, mapped weights included, against the Java heap's limit.
 */
final class Arena {
    static final int ALIGNMENT = 64;
    private static final int KEEP_BYTES = 1 << 20;

    private final ByteBuffer buffer;
    private int used;
    private boolean dirty;

    /**
     * @throws IllegalArgumentException if {@code bytes} is more than one buffer can hold
     * @throws LatentException OUT_OF_MEMORY
     */
    Arena(long bytes) {
        if (bytes > Integer.MAX_VALUE - 2 * ALIGNMENT) {
            throw new IllegalArgumentException("arguments and captures of one call take " + bytes
                    + " bytes, at most 2 GiB are possible");
        }
        try {
            buffer = ByteBuffer.allocateDirect((int) padded(bytes) + ALIGNMENT).alignedSlice(ALIGNMENT);
        } catch (OutOfMemoryError e) {
            throw new LatentException(ErrorCode.OUT_OF_MEMORY, "arguments and captures of one call take " + bytes
                    + " bytes of direct memory, which are not free (-XX:MaxDirectMemorySize)", e);
        }
    }

    /** What {@code bytes} take up once aligned. */
    static long padded(long bytes) {
        return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    /** The next {@code bytes}, zeroed, in native byte order. */
    ByteBuffer take(long bytes) {
        ByteBuffer slice = buffer.slice(used, (int) bytes).order(ByteOrder.nativeOrder());
        used += (int) padded(bytes);
        for (int i = 0; dirty && i < slice.capacity(); i++) {
            slice.put(i, (byte) 0);
        }
        return slice;
    }

    /** All of it is free again: no slice of it may be used any more. */
    void reset() {
        used = 0;
        dirty = true;
    }

    boolean fits(long bytes) {
        return bytes <= buffer.capacity();
    }

    /** Whether it is small enough to be kept for the next call. */
    boolean worthKeeping() {
        return buffer.capacity() <= KEEP_BYTES;
    }
}
