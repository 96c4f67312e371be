package org.latent4j.latent;

import java.util.List;

/**
 * What came out of a rollout.
 *
 * @param members one per member, in the order they were added
 * @param figures what it took
 */
public record RolloutResult(List<Member> members, RolloutFigures figures) {
    /** Takes a copy of {@code members}. */
    public RolloutResult {
        members = List.copyOf(members);
    }

    /** The tokens that a member decoded. */
    public int[] tokens(int member) {
        return members.get(member).tokens();
    }

    /**
     * One member's part. Arrays are row-major and null where not asked for ({@link Rollout.Builder}).
     *
     * @param tokens decoded ids, an end token included
     * @param stopReason why there are no more
     * @param latentSteps latent steps done, at most {@link Thinking#latentSteps()}
     * @param thinkEnd why there are no more of them
     * @param thoughts those that were looked at ({@link Thinking#look()}), in the order of their steps
     * @param promptHidden {@code [prompt tokens, dModel]}, after the final norm
     * @param latents {@code [latentSteps, dModel]}, the inputs of the latent steps that were done
     * @param latentHidden {@code [latentSteps, dModel]}, their outputs after the final norm
     * @param logits {@code [vocabulary]}, before the first decoded token
     */
    public record Member(int[] tokens, StopReason stopReason, int latentSteps, ThinkEnd thinkEnd,
            List<Thought> thoughts, float[] promptHidden, float[] latents, float[] latentHidden, float[] logits) {
        /** Takes a copy of {@code thoughts}. */
        public Member {
            thoughts = List.copyOf(thoughts);
        }
    }
}
