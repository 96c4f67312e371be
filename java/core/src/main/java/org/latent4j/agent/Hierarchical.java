package org.latent4j.agent;

import java.util.List;

/**
 * Experts side by side, each from nothing; what they leave is merged in their order, and the last agent answers from
 * it.
 */
final class Hierarchical implements Topology {
    @Override
    public String name() {
        return "hierarchical";
    }

    @Override
    public List<String> roles() {
        return List.of("math_expert", "science_expert", "code_expert", "summarizer");
    }

    @Override
    public <C> void run(List<Agent> agents, Medium<C> medium) {
        int last = agents.size() - 1;
        C context = medium.start();
        if (last > 0) {
            context = medium.merge(medium.think(agents.subList(0, last), context));
        }
        medium.answer(agents.get(last), context);
    }

    /** The published code runs the experts one after the other on one growing memory. */
    @Override
    public Topology official() {
        return SEQUENTIAL;
    }

    @Override
    public String toString() {
        return name();
    }
}
