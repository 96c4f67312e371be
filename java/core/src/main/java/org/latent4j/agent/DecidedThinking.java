package org.latent4j.agent;

import java.util.List;
import java.util.Optional;
import org.latent4j.LatentModel;
import org.latent4j.TeamListener;
import org.latent4j.latent.AlignmentChoice;
import org.latent4j.latent.AlignmentKind;
import org.latent4j.latent.Phase;
import org.latent4j.latent.Thinking;

/**
 * How a plan's agents think on a model, all of it decided and solved before the clock of an asking starts.
 *
 * @param settings the plan's, by the alignment that was chosen
 * @param alignment that alignment, and why
 * @param alignmentSeconds what it took to solve it; 0 if it was solved already
 */
record DecidedThinking(Thinking settings, AlignmentChoice alignment, double alignmentSeconds) {
    /** Empty where nobody is to think; {@code listener} hears of an alignment that has to be solved. */
    static Optional<DecidedThinking> of(LatentModel model, TeamPlan plan, TeamListener listener) {
        List<String> thinkers = plan.agents().subList(0, plan.agents().size() - 1).stream().map(Agent::name).toList();
        if (plan.method() != Method.LATENT || plan.thinking().latentSteps() == 0 || thinkers.isEmpty()) {
            return Optional.empty();
        }
        AlignmentKind asked = plan.thinking().alignment();
        long[] begin = {0};
        AlignmentChoice choice = model.resolve(asked, () -> {
            AskingQueue.listening(() -> listener.onProgress(thinkers, Phase.ALIGN, 0, 0));
            begin[0] = System.nanoTime();
        });
        double seconds = begin[0] == 0 ? 0 : (System.nanoTime() - begin[0]) / 1e9;
        boolean published = plan.compatibility() == Compatibility.OFFICIAL && asked == AlignmentKind.IDENTITY;
        return Optional.of(new DecidedThinking(plan.thinking().alignment(choice.kind()),
            published ? new AlignmentChoice(choice.kind(), "official") : choice, seconds));
    }
}
