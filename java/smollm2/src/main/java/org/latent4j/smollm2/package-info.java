/** The embedded model: SmolLM2-135M-Instruct (Apache-2.0) as a GGUF file of 94 MiB, and where it lies. */
package org.latent4j.smollm2;
