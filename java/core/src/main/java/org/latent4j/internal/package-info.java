/**
 * The bridge to native code: JavaCPP's preset and the handles that own native objects. Not exported.
 *
 * <p>From a jar, the native library is unpacked to the folder that the system property {@code latent4j.cache} or the
 * environment variable {@code LATENT4J_CACHE} names, else to {@code latent4j/} below {@code $XDG_CACHE_HOME} or {@code
 * ~/.cache}: see {@link org.latent4j.internal.CacheFolder}.
 */
package org.latent4j.internal;
