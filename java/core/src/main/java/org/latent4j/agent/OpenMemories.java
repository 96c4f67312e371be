package org.latent4j.agent;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import org.latent4j.LatentException;
import org.latent4j.memory.Memory;

/**
 * The memories that a run has open: whatever is left of them is closed at its end, also when it failed. Other threads
 * may ask meanwhile how much that is.
 */
final class OpenMemories implements AutoCloseable {
    private final Set<Memory> open = Collections.newSetFromMap(new IdentityHashMap<>());

    /** Takes a memory into care. */
    synchronized Memory add(Memory memory) {
        open.add(memory);
        return memory;
    }

    /** Closes one that is spent. */
    synchronized void close(Memory memory) {
        if (open.remove(memory)) {
            memory.close();
        }
    }

    /** How many pages of so many positions they fill; those that a rollout has taken in advance are not known here. */
    synchronized long pages(int pageSize) {
        return open.stream().mapToLong(memory -> pages(memory, pageSize)).sum();
    }

    private static long pages(Memory memory, int pageSize) {
        try {
            return (memory.length() + pageSize - 1L) / pageSize;
        } catch (LatentException e) {
            return 0; // closed
        }
    }

    @Override
    public synchronized void close() {
        open.forEach(Memory::close);
        open.clear();
    }
}
