/**
 * What the project is named for, measured beside libtorch and the machine's limits; {@code benchmarks/README.md} says
 * how.
 */
package org.latent4j.benchmarks;
