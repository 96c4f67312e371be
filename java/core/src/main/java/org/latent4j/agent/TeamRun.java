package org.latent4j.agent;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.latent4j.Answer;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;
import org.latent4j.LatentModel;
import org.latent4j.TeamListener;
import org.latent4j.internal.NonNull;
import org.latent4j.internal.WhiteSpace;
import org.latent4j.latent.Phase;

/**
 * One asking: sets a plan's agents to work on questions and leaves nothing open behind it. {@link org.latent4j.Team} is
 * the way to it.
 */
public final class TeamRun {
    private TeamRun() {
    }

    /**
     * Answers questions, as many at a time in one ragged batch as the model's memory holds; each gets the answer it
     * would get alone. Where other askings on the model hold the memory, a batch waits for its turn.
     *
     * @param model what the agents think on
     * @param plan how they work
     * @param questions at least one, none blank
     * @param listener hears of it
     * @return the answers, in the order of the questions
     * @throws IllegalArgumentException if there is no question, a blank one, or only one to shuffle memories with
     * @throws LatentException what the rollouts throw, with the agent's name; {@code OUT_OF_PAGES} if memory does not
     *     come in time, {@code CANCELLED} if the thread is interrupted
     */
    public static List<Answer> run(LatentModel model, TeamPlan plan, List<String> questions, TeamListener listener) {
        Objects.requireNonNull(model, "model");
        Objects.requireNonNull(plan, "plan");
        Objects.requireNonNull(listener, "listener");
        check(plan, NonNull.list(questions, "questions"));
        // To shuffle is to hand a question the memory of another one: which, must not depend on what memory is free.
        boolean mayPart = plan.memory() != MemoryPolicy.SHUFFLED || plan.method() != Method.LATENT;
        Optional<DecidedThinking> thinking = DecidedThinking.of(model, plan, listener);
        AskingQueue queue = AskingQueue.of(model);
        AskingQueue.Ticket ticket = queue.ticket(model);
        List<Answer> answers = new ArrayList<>();
        int size = questions.size();
        while (answers.size() < questions.size()) {
            int begin = answers.size();
            List<String> batch = questions.subList(begin, Math.min(questions.size(), begin + size));
            try {
                // Again from the start is possible, here and in the queue: that pages are lacking shows before anything
                // of an answer is told, for a rollout takes all pages that it may need when it begins.
                answers.addAll(ticket.run(memories -> together(model, plan, thinking, batch,
                    told(listener, begin), memories)));
                ticket = queue.ticket(model);
            } catch (LatentException e) {
                if (e.code() != ErrorCode.OUT_OF_PAGES || batch.size() == 1 || !mayPart) {
                    throw e;
                }
                size = (batch.size() + 1) / 2;
            } catch (OutOfMemoryError e) {
                throw new LatentException(ErrorCode.OUT_OF_MEMORY, "the Java heap is too small for this asking (-Xmx)",
                    e);
            }
        }
        return List.copyOf(answers);
    }

    /** What is said of question 0 of a batch is said of question {@code begin} of all. */
    private static TeamListener told(TeamListener listener, int begin) {
        return new TeamListener() {
            @Override
            public void onProgress(List<String> agents, Phase phase, int step, int steps) {
                AskingQueue.listening(() -> listener.onProgress(agents, phase, step, steps));
            }

            @Override
            public void onText(int question, String piece) {
                AskingQueue.listening(() -> listener.onText(begin + question, piece));
            }
        };
    }

    private static List<Answer> together(LatentModel model, TeamPlan plan, Optional<DecidedThinking> thinking,
            List<String> questions, TeamListener listener, OpenMemories memories) {
        long start = System.nanoTime();
        List<Meter> meters = Stream.generate(() -> new Meter(start)).limit(questions.size()).toList();
        boolean official = plan.compatibility() == Compatibility.OFFICIAL && plan.method() == Method.LATENT;
        Topology topology = official ? plan.topology().official() : plan.topology();
        Asking asking = new Asking(model, plan, thinking, listener, questions, meters, memories);
        Medium<?> medium = plan.method() == Method.LATENT ? new LatentMedium(asking) : new TextMedium(asking);
        topology.run(plan.agents(), medium);
        return IntStream.range(0, questions.size()).mapToObj(q -> meters.get(q).answer(questions.get(q), plan.task(),
            thinking)).toList();
    }

    private static void check(TeamPlan plan, List<String> questions) {
        if (questions.isEmpty()) {
            throw new IllegalArgumentException("there is no question to ask");
        }
        for (int q = 0; q < questions.size(); q++) {
            if (WhiteSpace.isAll(questions.get(q))) {
                throw new IllegalArgumentException("question " + q + " is blank");
            }
        }
        if (plan.method() == Method.LATENT && plan.memory() == MemoryPolicy.SHUFFLED && questions.size() < 2) {
            throw new IllegalArgumentException("the memory policy SHUFFLED needs two questions or more at a time, got "
                + questions.size());
        }
    }
}
