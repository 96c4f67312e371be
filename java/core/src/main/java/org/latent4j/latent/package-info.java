/**
 * Thinking without text. A {@link org.latent4j.latent.Rollout} runs latent steps, and {@link
 * org.latent4j.latent.Thinking} says how: by which {@link org.latent4j.latent.AlignmentKind} a hidden state becomes the
 * next input, when a member stops before its steps are done ({@link org.latent4j.latent.ThinkUntil}), and which
 * thoughts are looked at ({@link org.latent4j.latent.Look}, {@link org.latent4j.latent.Thought}).
 */
package org.latent4j.latent;
