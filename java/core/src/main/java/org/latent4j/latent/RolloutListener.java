package org.latent4j.latent;

/**
 * Hears of a running rollout, on a thread of its own: native code does not wait for it, but the call returns only after
 * everything was told. Until then the rollout alone holds its memories, which show what they held before. Whatever it
 * throws, checked exceptions too, cancels the rollout and comes out of the call as it is; the memories are as before.
 *
 * <p>If the calling thread is interrupted, so is the listener's, once, and nothing more is told. A listener that has
 * not returned a second later is left to itself: the call throws {@code CANCELLED} without it.
 */
public interface RolloutListener {
    /**
     * The rollout has come to a new step. Steps may be skipped: only the newest is told, and the last one of each
     * phase.
     *
     * @param phase where it is
     * @param step positions prefilled, latent steps or tokens decoded so far in this phase; of members that stop
     *     thinking before the others, the others' count
     */
    default void onProgress(Phase phase, int step) {
    }

    /**
     * A member decoded a token. Every token is told once and in order, up to the one that ends the member.
     *
     * @param member which, from 0 in the order of {@link Rollout.Builder#add}
     * @param token its id
     * @return false if the member is to stop here: this token is its last, whatever native code decoded meanwhile is
     *     dropped, and the memory's last hidden state is that of the positions left
     */
    default boolean onToken(int member, int token) {
        return true;
    }
}
