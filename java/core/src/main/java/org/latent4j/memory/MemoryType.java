package org.latent4j.memory;

/** How keys and values are stored. The order is the native {@code l4j_memory_type}. */
public enum MemoryType {
    /** bfloat16: 2 bytes a number, the default. */
    BF16,
    /** float32: 4 bytes a number. */
    F32
}
