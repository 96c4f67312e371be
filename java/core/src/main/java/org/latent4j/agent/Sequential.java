package org.latent4j.agent;

import java.util.List;

/** A chain: each agent goes on from all that the one before it left; the last answers. */
final class Sequential implements Topology {
    @Override
    public String name() {
        return "sequential";
    }

    @Override
    public List<String> roles() {
        return List.of("planner", "critic", "refiner", "judger");
    }

    @Override
    public <C> void run(List<Agent> agents, Medium<C> medium) {
        int last = agents.size() - 1;
        C context = medium.start();
        for (Agent agent : agents.subList(0, last)) {
            context = medium.think(List.of(agent), context).get(0);
        }
        medium.answer(agents.get(last), context);
    }

    @Override
    public String toString() {
        return name();
    }
}
