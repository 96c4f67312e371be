package org.latent4j.memory;

/**
 * A copy of one layer's keys and values, row-major {@code [nKvHeads, length, headDim]}; keys are rotated for their
 * position.
 *
 * @param nKvHeads key-value heads
 * @param length positions
 * @param headDim numbers per head
 * @param keys {@code [nKvHeads, length, headDim]}
 * @param values {@code [nKvHeads, length, headDim]}
 */
public record KeysAndValues(int nKvHeads, int length, int headDim, float[] keys, float[] values) {
}
