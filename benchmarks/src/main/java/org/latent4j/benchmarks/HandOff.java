package org.latent4j.benchmarks;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.latent4j.Device;
import org.latent4j.LatentModel;
import org.latent4j.memory.Memory;
import org.latent4j.memory.MemoryType;

/**
 * Memories of one instance of a model, and another instance that takes them over into a pool of its own, with pages of
 * another size.
 */
final class HandOff implements AutoCloseable {
    private static final int PAGE_SIZE = 16;
    private static final int OTHER_PAGE_SIZE = 64;

    private final LatentModel sender;
    private final LatentModel receiver;
    private final List<Memory> memories = new ArrayList<>();

    HandOff(Shape shape, Device from, Device to, int parts, int positions) throws IOException {
        sender = Fixture.open(RandomCheckpoint.of(shape), from, PAGE_SIZE, MemoryType.BF16);
        receiver = Fixture.open(RandomCheckpoint.of(shape), to, OTHER_PAGE_SIZE, MemoryType.BF16);
        for (int i = 0; i < parts; i++) {
            memories.add(Fixture.memory(sender, positions));
        }
    }

    /**
     * Hands one memory over, or merges several; frees what that made.
     *
     * @return its positions
     */
    int run() {
        try (Memory memory = memories.size() == 1 ? receiver.adopt(memories.get(0)) : receiver.merge(memories)) {
            return memory.length();
        }
    }

    @Override
    public void close() {
        memories.forEach(Memory::close);
        receiver.close();
        sender.close();
    }
}
