package org.latent4j.benchmarks;

import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;

/**
 * How fast this machine moves bytes, by the C library's own loops ({@code memchr} reads, {@code memcpy} copies) on as
 * many threads as the models use: what no engine that has to read, or copy, as much can beat.
 */
final class MachineLimit implements AutoCloseable {
    /** Parts begin on a page. */
    private static final long PAGE = 4096;

    private final long bytes;
    private final BytePointer source;
    private final BytePointer target;
    private final Parallel parallel;

    private MachineLimit(long bytes, boolean copies, int threads) {
        this.bytes = bytes;
        parallel = new Parallel(threads);
        source = filled(bytes, 1);
        target = copies ? filled(bytes, 2) : null;
    }

    /** A limit that reads so many bytes. */
    static MachineLimit reading(long bytes, int threads) {
        return new MachineLimit(bytes, false, threads);
    }

    /** A limit that copies so many bytes. */
    static MachineLimit copying(long bytes, int threads) {
        return new MachineLimit(bytes, true, threads);
    }

    private static BytePointer filled(long bytes, int value) {
        BytePointer pointer = new BytePointer(bytes);
        Pointer.memset(pointer, value, bytes);
        return pointer;
    }

    private long begin(int part) {
        return part == parallel.threads() ? bytes : bytes / parallel.threads() * part / PAGE * PAGE;
    }

    /** Reads all bytes once, looking for one that is not there. */
    void read() {
        parallel.run(part -> {
            long begin = begin(part);
            if (Pointer.memchr(source.getPointer(begin), 0, begin(part + 1) - begin) != null) {
                throw new IllegalStateException("a byte changed");
            }
        });
    }

    /** Copies all bytes once. */
    void copy() {
        parallel.run(part -> {
            long begin = begin(part);
            Pointer.memcpy(target.getPointer(begin), source.getPointer(begin), begin(part + 1) - begin);
        });
    }

    @Override
    public void close() {
        parallel.close();
        source.close();
        if (target != null) {
            target.close();
        }
    }
}
