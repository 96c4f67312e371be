package org.latent4j.agent;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.latent4j.memory.Memory;

/**
 * Agents that write text, which later agents read in their prompts: the baselines. Each starts from an empty memory. A
 * context holds, for every question, what was written so far.
 */
final class TextMedium implements Medium<List<List<TextMedium.Note>>> {
    private final Asking asking;

    TextMedium(Asking asking) {
        this.asking = asking;
    }

    /** What one agent wrote. */
    record Note(String agent, String text) {
        @Override
        public String toString() {
            return "[" + agent + "]\n" + text.strip();
        }
    }

    @Override
    public List<List<Note>> start() {
        return asking.questions().stream().map(question -> List.<Note>of()).toList();
    }

    @Override
    public List<List<List<Note>>> think(List<Agent> agents, List<List<Note>> context) {
        Turn turn = new Turn(asking);
        agents.forEach(agent -> seat(turn, agent, context));
        List<Turn.Outcome> outcomes = turn.write(false);
        outcomes.forEach(outcome -> asking.memories().close(outcome.memory()));
        return IntStream.range(0, agents.size())
            .mapToObj(a -> IntStream.range(0, asking.questions().size())
                .mapToObj(q -> appended(context.get(q),
                    new Note(agents.get(a).name(), outcomes.get(a * asking.questions().size() + q).text())))
                .toList())
            .toList();
    }

    /** Notes that stand at the beginning of all contexts, because their agents had read them, are kept once. */
    @Override
    public List<List<Note>> merge(List<List<List<Note>>> contexts) {
        return IntStream.range(0, asking.questions().size())
            .mapToObj(q -> contexts.stream().flatMap(context -> context.get(q).stream()).distinct().toList())
            .toList();
    }

    @Override
    public void answer(Agent agent, List<List<Note>> context) {
        Turn turn = new Turn(asking);
        seat(turn, agent, context);
        turn.write(true);
    }

    private void seat(Turn turn, Agent agent, List<List<Note>> context) {
        for (int q = 0; q < asking.questions().size(); q++) {
            String written = context.get(q).stream().map(Note::toString).collect(Collectors.joining("\n\n"));
            Memory memory = asking.memories().add(Turn.named(agent.name(), asking.model()::newMemory));
            turn.add(agent, q, agent.textMessage(asking.questions().get(q), written), memory, false);
        }
    }

    private static List<Note> appended(List<Note> notes, Note note) {
        List<Note> all = new ArrayList<>(notes);
        all.add(note);
        return List.copyOf(all);
    }
}
