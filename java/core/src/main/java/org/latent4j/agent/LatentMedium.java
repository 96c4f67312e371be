package org.latent4j.agent;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.latent4j.memory.Memory;
import org.latent4j.memory.Span;

/**
 * Agents that think in latent steps and hand their memory on. A context holds, for every question, the trails that the
 * agents before left: none at the start, one after an agent, several after agents side by side.
 */
final class LatentMedium implements Medium<List<List<LatentMedium.Trail>>> {
    private final Asking asking;

    LatentMedium(Asking asking) {
        this.asking = asking;
    }

    /**
     * What an agent left: a memory and where in it the agent's own positions lie.
     *
     * @param memory everything it was handed, its prompt and its thoughts
     * @param promptBegin the position of its prompt's first token
     * @param thoughtsBegin the position of its first latent thought
     */
    record Trail(Memory memory, int promptBegin, int thoughtsBegin) {
        boolean thought() {
            return memory.length() > thoughtsBegin;
        }

        Span kept(MemoryPolicy policy) {
            int begin = switch (policy) {
                case LATEST -> promptBegin;
                case LATENT_ONLY -> thoughtsBegin;
                case NONE -> memory.length();
                case FULL, SHUFFLED -> 0;
            };
            return memory.span(begin, memory.length());
        }
    }

    @Override
    public List<List<Trail>> start() {
        return asking.questions().stream().map(question -> List.<Trail>of()).toList();
    }

    @Override
    public List<List<List<Trail>>> think(List<Agent> agents, List<List<Trail>> context) {
        Turn turn = new Turn(asking);
        List<Memory> handed = new ArrayList<>();
        List<Boolean> afterThoughts = context.stream().map(LatentMedium::endsInThought).toList();
        for (int q = 0; q < asking.questions().size(); q++) {
            handed.add(handOff(agents.get(0), q, context.get(q)));
        }
        for (Agent agent : agents) {
            boolean last = agent == agents.get(agents.size() - 1);
            for (int q = 0; q < asking.questions().size(); q++) {
                Memory memory = last ? handed.get(q) : forked(q, handed.get(q));
                turn.add(agent, q, agent.latentMessage(asking.questions().get(q)), memory, afterThoughts.get(q));
            }
        }
        List<Turn.Outcome> outcomes = turn.think();
        int n = asking.questions().size();
        return IntStream.range(0, agents.size())
            .mapToObj(a -> outcomes.subList(a * n, (a + 1) * n).stream().map(LatentMedium::trails).toList())
            .toList();
    }

    @Override
    public List<List<Trail>> merge(List<List<List<Trail>>> contexts) {
        return IntStream.range(0, asking.questions().size())
            .mapToObj(q -> contexts.stream().flatMap(context -> context.get(q).stream()).toList())
            .toList();
    }

    @Override
    public void answer(Agent agent, List<List<Trail>> context) {
        Turn turn = new Turn(asking);
        TeamPlan plan = asking.plan();
        int shift = plan.memory() == MemoryPolicy.SHUFFLED ? 1 : 0;
        boolean withoutMemory = plan.compatibility() == Compatibility.OFFICIAL && plan.thinking().latentSteps() == 0;
        for (int q = 0; q < asking.questions().size(); q++) {
            List<Trail> trails = context.get((q + shift) % asking.questions().size());
            if (withoutMemory) {
                trails.forEach(trail -> asking.memories().close(trail.memory()));
                trails = List.of();
            }
            boolean afterThought = endsInThought(trails);
            turn.add(agent, q, agent.latentMessage(asking.questions().get(q)), handOff(agent, q, trails), afterThought);
        }
        turn.write(true);
    }

    /** Whether the last of them thought at all: it may have stopped before its first step. */
    private static boolean endsInThought(List<Trail> trails) {
        return !trails.isEmpty() && trails.get(trails.size() - 1).thought();
    }

    /** The memory that the next agent goes on from, by the policy; the trails are spent. */
    private Memory handOff(Agent to, int question, List<Trail> trails) {
        Meter meter = asking.meters().get(question);
        List<Span> spans = trails.stream().map(trail -> trail.kept(asking.plan().memory()))
            .filter(span -> span.length() > 0).toList();
        if (spans.size() == 1 && trails.size() == 1 && spans.get(0).length() == trails.get(0).memory().length()) {
            Memory whole = trails.get(0).memory();
            meter.handedOver(whole.bytes());
            return whole;
        }
        boolean rotateKeys = asking.plan().compatibility() != Compatibility.OFFICIAL;
        Memory memory = asking.memories().add(Turn.named(to.name(), () -> spans.isEmpty() ? asking.model().newMemory()
            : asking.model().assemble(spans, rotateKeys)));
        meter.handedOver(memory.bytes());
        meter.held(memory.bytes() + trails.stream().mapToLong(trail -> trail.memory().bytes()).sum());
        trails.forEach(trail -> asking.memories().close(trail.memory()));
        return memory;
    }

    private Memory forked(int question, Memory memory) {
        asking.meters().get(question).handedOver(memory.bytes());
        return asking.memories().add(memory.fork());
    }

    private static List<Trail> trails(Turn.Outcome outcome) {
        return List.of(new Trail(outcome.memory(), outcome.promptBegin(), outcome.thoughtsBegin()));
    }
}
