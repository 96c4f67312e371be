/** Thinking without text: rollouts of latent steps and the alignment that turns a hidden state into the next input. */
package org.latent4j.latent;
