package org.latent4j.latent;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.latent4j.memory.Memory;

/**
 * One native call's worth of work for a ragged batch: each member prefills its prompt after whatever its memory holds,
 * runs the latent steps, and decodes. Each of the three may be empty. A member's numbers do not depend on its
 * companions, nor on when these stop thinking ({@link Thinking#until()}).
 *
 * <pre>{@code
 * Rollout rollout = Rollout.builder()
 *     .add(memory, promptTokens)
 *     .latentSteps(20)
 *     .sampling(Sampling.greedy(256, endTokens))
 *     .build();
 * }</pre>
 */
public final class Rollout {
    /** The seed of a member that names none. */
    public static final long DEFAULT_SEED = 42;

    private final List<Member> members;
    private final Thinking thinking;
    private final Sampling sampling;
    private final boolean capturesPromptHidden;
    private final boolean capturesLatents;
    private final boolean capturesLogits;

    private Rollout(Builder builder) {
        members = List.copyOf(builder.members);
        thinking = builder.thinking;
        sampling = builder.sampling;
        capturesPromptHidden = builder.capturesPromptHidden;
        capturesLatents = builder.capturesLatents;
        capturesLogits = builder.capturesLogits;
    }

    /** A new builder: no members, no latent steps, nothing decoded. */
    public static Builder builder() {
        return new Builder();
    }

    /** The members, at least one, in the order they were added. */
    public List<Member> members() {
        return members;
    }

    /** How members think. */
    public Thinking thinking() {
        return thinking;
    }

    /** How tokens are chosen. */
    public Sampling sampling() {
        return sampling;
    }

    /** Whether the result is to hold every prompt position's hidden state. */
    public boolean capturesPromptHidden() {
        return capturesPromptHidden;
    }

    /** Whether the result is to hold inputs and outputs of the latent steps. */
    public boolean capturesLatents() {
        return capturesLatents;
    }

    /** Whether the result is to hold the logits before the first decoded token. */
    public boolean capturesLogits() {
        return capturesLogits;
    }

    /**
     * One sequence of the batch.
     *
     * @param memory what it goes on from and writes to
     * @param promptTokens ids to prefill; empty: it goes on from the memory's last hidden state
     * @param seed of its random numbers, used where the temperature is above 0 and where soft thoughts have noise
     */
    public record Member(Memory memory, int[] promptTokens, long seed) {
        /** Takes a copy of {@code promptTokens}. */
        public Member {
            Objects.requireNonNull(memory, "memory");
            promptTokens = Objects.requireNonNull(promptTokens, "promptTokens").clone();
        }

        @Override
        public int[] promptTokens() {
            return promptTokens.clone();
        }
    }

    /** Collects what a rollout is to do. */
    public static final class Builder {
        private final List<Member> members = new ArrayList<>();
        private Thinking thinking = Thinking.NONE;
        private Sampling sampling = Sampling.none();
        private boolean capturesPromptHidden;
        private boolean capturesLatents;
        private boolean capturesLogits;

        private Builder() {
        }

        /** Adds a member with the default seed. */
        public Builder add(Memory memory, int[] promptTokens) {
            return add(memory, promptTokens, DEFAULT_SEED);
        }

        /** Adds a member. */
        public Builder add(Memory memory, int[] promptTokens, long seed) {
            members.add(new Member(memory, promptTokens, seed));
            return this;
        }

        /** How members think, default {@link Thinking#NONE}. */
        public Builder thinking(Thinking value) {
            thinking = Objects.requireNonNull(value, "thinking");
            return this;
        }

        /**
         * Latent steps of each member, default 0; the rest of {@link #thinking} as it is.
         *
         * @throws IllegalArgumentException if negative
         */
        public Builder latentSteps(int steps) {
            return thinking(thinking.latentSteps(steps));
        }

        /**
         * How a hidden state becomes the next input embedding, default {@link AlignmentKind#AUTO}; the rest of {@link
         * #thinking} as it is.
         */
        public Builder alignment(AlignmentKind kind) {
            return thinking(thinking.alignment(Objects.requireNonNull(kind, "kind")));
        }

        /** How tokens are chosen, default {@link Sampling#none()}. */
        public Builder sampling(Sampling value) {
            sampling = Objects.requireNonNull(value, "sampling");
            return this;
        }

        /** The result shall hold every prompt position's hidden state. */
        public Builder capturePromptHidden() {
            capturesPromptHidden = true;
            return this;
        }

        /** The result shall hold inputs and outputs of the latent steps. */
        public Builder captureLatents() {
            capturesLatents = true;
            return this;
        }

        /** The result shall hold the logits before the first decoded token. */
        public Builder captureLogits() {
            capturesLogits = true;
            return this;
        }

        /**
         * The rollout.
         *
         * @throws IllegalArgumentException if it has no members, one memory twice, logits to capture and nothing to
         *     decode, or thinking that is to end at an end token and no end tokens
         */
        public Rollout build() {
            if (members.isEmpty()) {
                throw new IllegalArgumentException("a rollout needs at least one member, has 0");
            }
            Map<Memory, Integer> seen = new IdentityHashMap<>();
            for (int i = 0; i < members.size(); i++) {
                Integer before = seen.put(members.get(i).memory(), i);
                if (before != null) {
                    throw new IllegalArgumentException("members " + before + " and " + i + " share one memory");
                }
            }
            if (capturesLogits && sampling.maxNewTokens() == 0) {
                throw new IllegalArgumentException("captureLogits() needs a token to decode, maxNewTokens is 0");
            }
            if (thinking.latentSteps() > 0 && thinking.until().atEndToken() && sampling.endTokens().length == 0) {
                throw new IllegalArgumentException("thinking is to end at an end token (until.atEndToken), but there is"
                    + " none: sampling.endTokens is empty");
            }
            return new Rollout(this);
        }
    }
}
