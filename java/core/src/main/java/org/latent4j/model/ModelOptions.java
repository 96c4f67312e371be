package org.latent4j.model;

import java.time.Duration;
import java.util.Objects;
import org.latent4j.Device;
import org.latent4j.memory.MemoryType;

/**
 * How a model is opened. {@link #defaults()} fits most.
 *
 * @param threads worker threads, the caller's included; 0: one per physical core this process may use
 * @param pageSize positions per page of memory, a power of two; 0: 16
 * @param memoryType how keys and values are stored
 * @param memoryPositions capacity of the page pool in positions, all memories together; 0: a quarter of the GPU's
 *     free memory, or of the RAM that this process may use ({@link org.latent4j.Machine#ramBytes()}), 1 Mi at most
 * @param cpuLevel the instruction set, {@code plain}, {@code avx2}, {@code avx512} or {@code avx512_bf16}; null: the
 *     best present
 * @param device where the model computes and keeps its memories; null: the best present, {@link Device#best()}
 * @param waitForMemory how long an asking of a team may wait for the pages that other askings on this model hold, each
 *     batch of its questions; zero: not at all, 365 days at most
 */
public record ModelOptions(int threads, int pageSize, MemoryType memoryType, long memoryPositions, String cpuLevel,
        Device device, Duration waitForMemory) {
    private static final int MAX_THREADS = 1024;
    private static final Duration LONGEST_WAIT = Duration.ofDays(365);

    /** @throws IllegalArgumentException if a value is outside its range */
    public ModelOptions {
        Objects.requireNonNull(memoryType, "memoryType");
        if (threads < 0 || threads > MAX_THREADS) {
            throw new IllegalArgumentException("threads is " + threads + ", must be 0 (all cores) to " + MAX_THREADS);
        }
        if (pageSize < 0 || Integer.bitCount(pageSize) > 1) {
            throw new IllegalArgumentException("pageSize is " + pageSize
                    + ", must be a power of two, or 0 for the default");
        }
        if (memoryPositions < 0) {
            throw new IllegalArgumentException("memoryPositions is " + memoryPositions + ", must not be negative");
        }
        Objects.requireNonNull(waitForMemory, "waitForMemory");
        if (waitForMemory.isNegative() || waitForMemory.compareTo(LONGEST_WAIT) > 0) {
            throw new IllegalArgumentException("waitForMemory is " + waitForMemory + ", must be PT0S (do not wait) to "
                    + LONGEST_WAIT);
        }
    }

    /** The best device, bf16 memory of a quarter of what it has; on the CPU all cores and the best instruction set. */
    public static ModelOptions defaults() {
        return builder().build();
    }

    /** A builder that begins at the defaults. */
    public static Builder builder() {
        return new Builder();
    }

    /** Collects options. */
    public static final class Builder {
        private int threads;
        private int pageSize;
        private MemoryType memoryType = MemoryType.BF16;
        private long memoryPositions;
        private String cpuLevel;
        private Device device;
        private Duration waitForMemory = Duration.ofMinutes(10);

        private Builder() {
        }

        /** Worker threads, the caller's included; 0: one per physical core. */
        public Builder threads(int value) {
            threads = value;
            return this;
        }

        /** Positions per page, a power of two; 0: 16. */
        public Builder pageSize(int value) {
            pageSize = value;
            return this;
        }

        /** How keys and values are stored. */
        public Builder memoryType(MemoryType value) {
            memoryType = Objects.requireNonNull(value, "memoryType");
            return this;
        }

        /** Capacity in positions, all memories together; 0: a quarter of the GPU's free memory or the RAM. */
        public Builder memoryPositions(long value) {
            memoryPositions = value;
            return this;
        }

        /** The instruction set; null: the best present. */
        public Builder cpuLevel(String value) {
            cpuLevel = value;
            return this;
        }

        /** Where the model computes; null: the best present. */
        public Builder device(Device value) {
            device = value;
            return this;
        }

        /**
         * How long a team's asking waits for pages that other askings on this model hold, default ten minutes; zero: it
         * fails at once, as rollouts always do.
         */
        public Builder waitForMemory(Duration value) {
            waitForMemory = Objects.requireNonNull(value, "waitForMemory");
            return this;
        }

        /**
         * The options.
         *
         * @throws IllegalArgumentException if a value is outside its range
         */
        public ModelOptions build() {
            return new ModelOptions(threads, pageSize, memoryType, memoryPositions, cpuLevel, device, waitForMemory);
        }
    }
}
