package org.latent4j;

import java.util.Optional;

/**
 * What one agent did for one question. Times are those of the call that it shared with the agents beside it and with
 * the other questions.
 *
 * @param name the agent's name
 * @param memoryPositions positions of memory it was handed
 * @param promptTokens tokens of its prompt
 * @param latentSteps its latent steps
 * @param decodedTokens tokens it decoded, an end token included
 * @param text what it wrote; empty for an agent that only thought
 * @param prefillSeconds time of reading the prompt
 * @param thinkSeconds time of the latent steps
 * @param decodeSeconds time of decoding
 */
public record AgentTrace(String name, int memoryPositions, int promptTokens, int latentSteps, int decodedTokens,
        Optional<String> text, double prefillSeconds, double thinkSeconds, double decodeSeconds) {
}
