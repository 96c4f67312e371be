/**
 * Fuzzers of what Java reads and nobody vouches for. An input either works or ends in a {@link
 * org.latent4j.LatentException} with a code other than INTERNAL; whatever else is thrown, an input that takes 20
 * seconds, and the end of the JVM are findings.
 */
package org.latent4j.fuzz;
