/**
 * Teams of LLM agents that hand each other latent thoughts instead of text (arXiv 2511.20639). A newcomer needs no more
 * than this package: open a {@link org.latent4j.LatentModel}, make a team, ask. One level below, the stages are usable
 * alone: {@link org.latent4j.text}, {@link org.latent4j.model}, {@link org.latent4j.latent}, {@link
 * org.latent4j.memory}, {@link org.latent4j.agent}.
 */
package org.latent4j;
