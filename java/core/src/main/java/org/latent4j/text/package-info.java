/** The first stage: text to tokens and back, the model's chat template, and how its makers decode it. */
package org.latent4j.text;
