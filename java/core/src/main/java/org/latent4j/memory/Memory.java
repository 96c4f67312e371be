package org.latent4j.memory;

import org.latent4j.LatentException;

/**
 * The KV cache of every layer: all positions an agent has seen, prompt and latent thoughts alike. Made by {@link
 * org.latent4j.LatentModel#newMemory()}, filled by rollouts, handed to the next agent as it is or as {@link Span}s.
 *
 * <p>Memories of one model share pages of one pool: {@link #fork} copies no key, and writing to a shared page copies
 * that page only. A memory may outlive its model. One thread at a time may write to a memory, and it says so: {@code
 * MEMORY_BUSY}.
 *
 * <p>Every method but {@link #close()} and {@link #isClosed()} throws {@link LatentException} with code {@code CLOSED}
 * after close. Not to be implemented by users.
 */
public interface Memory extends AutoCloseable {
    /** How many positions it holds. */
    int length();

    /** Bytes of keys and values at this length, without the unused rest of the last page. */
    long bytes();

    /**
     * A second memory with the same content and last hidden state.
     *
     * @throws LatentException {@code MEMORY_BUSY} while another thread writes
     */
    Memory fork();

    /**
     * Drops positions from the end; the last hidden state goes with them.
     *
     * @param length positions to keep, 0 to {@link #length()}
     * @throws IllegalArgumentException if {@code length} is outside of that
     * @throws LatentException {@code MEMORY_BUSY} while another thread uses it
     */
    void truncate(int length);

    /**
     * The last position's hidden state after the final norm, {@code [dModel]}.
     *
     * @throws LatentException {@code NO_HIDDEN_STATE} if the memory is empty or was truncated or assembled since,
     *     {@code MEMORY_BUSY} while another thread writes
     */
    float[] hidden();

    /**
     * A copy of one layer's keys and values, all of one moment.
     *
     * @param layer 0 to the model's number of layers less one
     * @throws IllegalArgumentException if {@code layer} is outside of that
     * @throws LatentException {@code MEMORY_BUSY} while another thread writes, {@code OUT_OF_MEMORY} if the heap has no
     *     room for it
     */
    KeysAndValues readLayer(int layer);

    /**
     * A text by which another process of this machine takes over what this memory holds, straight from device memory
     * (CUDA IPC): {@link org.latent4j.LatentModel#adopt(String)}. It is good for as long as this memory is neither
     * closed nor written to.
     *
     * @throws LatentException {@code UNSUPPORTED} if the memory is not on a CUDA device, {@code MEMORY_BUSY} while
     *     another thread writes
     */
    String ticket();

    /**
     * Positions {@code [begin, end)} of this memory.
     *
     * @throws IllegalArgumentException if they do not lie in {@code [0, length())}
     */
    Span span(int begin, int end);

    /** All positions of this memory. */
    Span all();

    /** Whether it was closed. */
    boolean isClosed();

    /** Gives its pages back; at the end of the running call if another thread is inside one. Closing twice is fine. */
    @Override
    void close();
}
