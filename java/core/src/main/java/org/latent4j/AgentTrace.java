package org.latent4j;

import java.util.List;
import java.util.Optional;
import org.latent4j.latent.ThinkEnd;
import org.latent4j.latent.Thought;

/**
 * What one agent did for one question. Times are those of the call that it shared with the agents beside it and with
 * the other questions.
 *
 * @param name the agent's name
 * @param memoryPositions positions of memory it was handed
 * @param promptTokens tokens of its prompt
 * @param latentSteps latent steps it did
 * @param thinkEnd why there were no more; empty if it was not to think
 * @param thoughts what was seen of its latent steps: of all of them where the team explains itself ({@link
 *     Team.Builder#explain}), else of the last one
 * @param decodedTokens tokens it decoded, an end token included
 * @param text what it wrote; empty for an agent that only thought
 * @param prefillSeconds time of reading the prompt
 * @param thinkSeconds time of the latent steps
 * @param decodeSeconds time of decoding
 */
public record AgentTrace(String name, int memoryPositions, int promptTokens, int latentSteps,
        Optional<ThinkEnd> thinkEnd, List<Thought> thoughts, int decodedTokens, Optional<String> text,
        double prefillSeconds, double thinkSeconds, double decodeSeconds) {
    /** Takes a copy of {@code thoughts}. */
    public AgentTrace {
        thoughts = List.copyOf(thoughts);
    }
}
