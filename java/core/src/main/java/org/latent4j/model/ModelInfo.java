package org.latent4j.model;

import org.latent4j.Device;

/**
 * What a checkpoint is.
 *
 * @param family {@code qwen3}, {@code qwen2}, {@code llama} or {@code mistral}
 * @param nLayers decoder layers
 * @param dModel width of the hidden state
 * @param nHeads query heads
 * @param nKvHeads key-value heads
 * @param headDim numbers per head
 * @param dFf width of the feed-forward layer
 * @param vocabularySize rows of the output embedding: token ids are 0 to this less one
 * @param maxPositions the longest context
 * @param tiedEmbeddings whether input and output embeddings are one matrix
 * @param device where it computes
 * @param deviceName what that is called
 * @param json everything native code says of the model (rope, weight types, sizes, pool), as a JSON object
 */
public record ModelInfo(String family, int nLayers, int dModel, int nHeads, int nKvHeads, int headDim, int dFf,
        int vocabularySize, int maxPositions, boolean tiedEmbeddings, Device device, String deviceName, String json) {
}
