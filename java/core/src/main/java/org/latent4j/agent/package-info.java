/**
 * Who thinks next: the roles and their prompts, the shapes of a team, what agents hand on, and the answer in the text.
 * {@link org.latent4j.Team} is the way in; a new shape is one class that implements {@link
 * org.latent4j.agent.Topology}.
 */
package org.latent4j.agent;
