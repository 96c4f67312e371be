package org.latent4j.latent;

import java.time.Duration;

/**
 * What a rollout took, summed over its members; times are wall clock.
 *
 * @param promptTokens tokens prefilled
 * @param latentSteps latent steps, every member's counted
 * @param newTokens tokens decoded, also those a listener's stop dropped
 * @param prefill time of the prompts
 * @param think time of the latent steps
 * @param decode time of decoding
 * @param firstToken from the start of the call to the first decoded token; zero if there is none
 */
public record RolloutFigures(long promptTokens, long latentSteps, long newTokens, Duration prefill, Duration think,
        Duration decode, Duration firstToken) {
}
