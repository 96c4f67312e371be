package org.latent4j;

import java.util.List;
import java.util.Optional;
import org.latent4j.latent.StopReason;

/**
 * A team's answer to one question.
 *
 * @param question as it was asked
 * @param text what the answering agent wrote, up to a stop string or end token
 * @param extracted the answer in that text, by the team's kind of task ({@link org.latent4j.agent.AnswerExtraction});
 *     empty if none is there
 * @param stopReason why the text ends; {@link StopReason#LIMIT} says that it was cut off, {@link StopReason#ASKED} that
 *     a stop string came
 * @param figures what it took
 * @param warnings what speaks against the answer: empty if nothing does
 * @param agents what each agent did, in the order of their work
 */
public record Answer(String question, String text, Optional<String> extracted, StopReason stopReason, Figures figures,
        List<AnswerWarning> warnings, List<AgentTrace> agents) {
    /** Takes copies of {@code warnings} and {@code agents}. */
    public Answer {
        warnings = List.copyOf(warnings);
        agents = List.copyOf(agents);
    }
}
