/** The bridge to native code: JavaCPP's preset and the handles that own native objects. Not exported. */
package org.latent4j.internal;
