package org.latent4j;

import java.util.List;
import org.latent4j.latent.Phase;

/**
 * Hears of a team at work, on one thread at a time, most often the one that watches the rollout; native code does not
 * wait for it. An exception it throws ends the asking and comes out of it. If the asking thread is interrupted, nothing
 * more is told, and a listener that blocks is interrupted once.
 */
public interface TeamListener {
    /** Hears nothing. */
    TeamListener NONE = new TeamListener() {
    };

    /**
     * Agents have come to a new step. Steps may be skipped: only the newest is told.
     *
     * @param agents who works: one, or several side by side
     * @param phase where they are
     * @param step positions read, latent steps or tokens decoded so far
     * @param steps how many there will be, at most; 0 if it is not known. Fewer come where thinking stops before
     *     ({@link org.latent4j.latent.ThinkUntil}) or an answer ends
     */
    default void onProgress(List<String> agents, Phase phase, int step, int steps) {
    }

    /**
     * More of an answer's text is there. All pieces of a question together are its {@link Answer#text()}.
     *
     * @param question which, from 0
     * @param piece whole characters, never part of a stop string
     */
    default void onText(int question, String piece) {
    }
}
