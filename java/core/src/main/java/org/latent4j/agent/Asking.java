package org.latent4j.agent;

import java.util.List;
import java.util.Optional;
import org.latent4j.LatentModel;
import org.latent4j.TeamListener;

/**
 * What everything that works on one batch of questions shares.
 *
 * @param model what the agents think on
 * @param plan how they work
 * @param thinking how its agents think; empty if nobody thinks in latent steps
 * @param listener hears of it
 * @param questions at least one
 * @param meters one per question
 * @param memories those that are open
 */
record Asking(LatentModel model, TeamPlan plan, Optional<DecidedThinking> thinking, TeamListener listener,
        List<String> questions, List<Meter> meters, OpenMemories memories) {
    Asking {
        meters.forEach(meter -> meter.follows(plan));
    }
}
