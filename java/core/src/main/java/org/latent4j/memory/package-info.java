/** What an agent remembers: the KV cache, forked, cut, merged and handed on. */
package org.latent4j.memory;
