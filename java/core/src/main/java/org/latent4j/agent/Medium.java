package org.latent4j.agent;

import java.util.List;

/**
 * What agents work in and pass on, latent memory or text, for every question of a batch at once. A {@link Topology} is
 * written in these four steps and nothing else, so that one class serves every method.
 *
 * @param <C> what an agent goes on from: of every question, everything handed over so far. A context is spent by the
 *     call it is given to; only what that call returns may be used on.
 */
public interface Medium<C> {
    /** The context of an agent that nobody worked before. */
    C start();

    /**
     * Lets agents think (or write) side by side, each on its own from {@code context}, all questions and agents as one
     * ragged batch.
     *
     * @param agents one or more
     * @param context where all of them go on from
     * @return what each of them leaves, in the order of {@code agents}
     */
    List<C> think(List<Agent> agents, C context);

    /** One context that holds others end to end, in their order. */
    C merge(List<C> contexts);

    /** Lets one agent decode the answer of every question. Called once, last. */
    void answer(Agent agent, C context);
}
