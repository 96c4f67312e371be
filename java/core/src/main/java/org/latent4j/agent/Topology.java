package org.latent4j.agent;

import java.util.List;

/**
 * The shape of a team: which agents it has, and who goes on from whom. A new shape is one class that implements this.
 */
public interface Topology {
    /** Planner, critic, refiner and judger, one after the other. */
    Topology SEQUENTIAL = new Sequential();

    /** Math, science and code expert side by side, then the summarizer. */
    Topology HIERARCHICAL = new Hierarchical();

    /** One word for it, in lower case. */
    String name();

    /** The built-in roles of a team of this shape ({@link Prompts}), the answering agent last. */
    List<String> roles();

    /**
     * Lets the agents work: any calls of {@link Medium#think} and {@link Medium#merge}, then one of {@link
     * Medium#answer}.
     *
     * @param agents at least one, the answering agent last
     * @param medium what they work in
     */
    <C> void run(List<Agent> agents, Medium<C> medium);

    /** The shape that the paper's published code gives a latent team of this name; most often the same. */
    default Topology official() {
        return this;
    }
}
