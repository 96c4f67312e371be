package org.latent4j.latent;

/** Why a member of a rollout decodes no further. The order is the native {@code l4j_stop_reason}. */
public enum StopReason {
    /** It decoded nothing: none was asked for. */
    NONE,
    /** It decoded one of the end tokens, which is its last token. */
    END_TOKEN,
    /** It decoded as many tokens as allowed. */
    LIMIT,
    /** The model's context is full. */
    CONTEXT,
    /** The listener said so. */
    ASKED,
    /** The {@link Penalties} left no token: every one is suppressed, or would repeat an n-gram. */
    NO_TOKEN
}
