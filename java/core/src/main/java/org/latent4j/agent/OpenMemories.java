package org.latent4j.agent;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import org.latent4j.memory.Memory;

/** The memories that a run has open: whatever is left of them is closed at its end, also when it failed. */
final class OpenMemories implements AutoCloseable {
    private final Set<Memory> open = Collections.newSetFromMap(new IdentityHashMap<>());

    /** Takes a memory into care. */
    Memory add(Memory memory) {
        open.add(memory);
        return memory;
    }

    /** Closes one that is spent. */
    void close(Memory memory) {
        if (open.remove(memory)) {
            memory.close();
        }
    }

    @Override
    public void close() {
        open.forEach(Memory::close);
        open.clear();
    }
}
