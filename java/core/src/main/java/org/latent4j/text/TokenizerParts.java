package org.latent4j.text;

import java.util.List;

/**
 * What a tokenizer consists of.
 *
 * @param normalizer null: none
 * @param preTokenizer null: none
 * @param decoders in order, at least one
 */
record TokenizerParts(Vocabulary vocabulary, BytePairs model, AddedTokens added, Normalizer normalizer,
        PreTokenizer preTokenizer, List<Decoder> decoders) {}
