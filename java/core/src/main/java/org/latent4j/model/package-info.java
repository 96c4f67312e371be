/** Checkpoints: how one is found, opened and described. */
package org.latent4j.model;
