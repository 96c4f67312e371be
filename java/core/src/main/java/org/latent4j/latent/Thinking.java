package org.latent4j.latent;

import java.util.Locale;
import java.util.Objects;
import java.util.Optional;

/**
 * How members think.
 *
 * <pre>{@code
 * Thinking.of(20)                                                          // 20 steps, alignment auto
 * Thinking.of(40).alignment(AlignmentKind.SOFT).soft(new Soft(10, 0.7f, 1)) // a sampled mixture
 * Thinking.of(80).until(ThinkUntil.STEPS_ARE_DONE.orEntropyBelow(0.1, 3))   // fewer where nothing new comes
 * }</pre>
 *
 * @param latentSteps of each member, at most; 0 or more
 * @param alignment how a hidden state becomes the next input
 * @param soft what {@link AlignmentKind#SOFT} mixes; empty, the default, leaves it to whoever thinks: a rollout then
 *     takes {@link Soft#DEFAULT} (temperature 1), a team {@link org.latent4j.Team.Builder#SOFT} (temperature 0.5)
 * @param blend the share of soft in a thought that another alignment makes the rest of, 0 to 1: {@code e = blend * soft
 *     + (1 - blend) * aligned}. 0, the default: none. {@link AlignmentKind#AUTO}, {@link AlignmentKind#SOFT} and {@link
 *     AlignmentKind#ARGMAX} take none
 * @param until what ends it before
 * @param look which thoughts are looked at
 */
public record Thinking(int latentSteps, AlignmentKind alignment, Optional<Soft> soft, float blend, ThinkUntil until,
        Look look) {
    /** No latent steps. */
    public static final Thinking NONE = of(0);

    /** @throws IllegalArgumentException if a value is outside its range */
    public Thinking {
        Objects.requireNonNull(alignment, "alignment");
        Objects.requireNonNull(soft, "soft");
        Objects.requireNonNull(until, "until");
        Objects.requireNonNull(look, "look");
        if (latentSteps < 0) {
            throw new IllegalArgumentException("latentSteps is " + latentSteps + ", must not be negative");
        }
        if (!(blend >= 0 && blend <= 1)) {
            throw new IllegalArgumentException("blend is " + blend + ", must be 0 (none) to 1");
        }
        boolean isMap = alignment.compareTo(AlignmentKind.NONE) <= 0;
        if (blend > 0 && !isMap) {
            throw new IllegalArgumentException("blend is " + blend + " with the alignment " + alignment
                + ", which soft cannot be blended with; take identity, ridge, random or none");
        }
    }

    /** So many steps of each member, everything else by default. */
    public static Thinking of(int latentSteps) {
        return new Thinking(latentSteps, AlignmentKind.AUTO, Optional.empty(), 0, ThinkUntil.STEPS_ARE_DONE, Look.NONE);
    }

    /** The same with other steps. */
    public Thinking latentSteps(int steps) {
        return new Thinking(steps, alignment, soft, blend, until, look);
    }

    /** The same with another alignment. */
    public Thinking alignment(AlignmentKind value) {
        return new Thinking(latentSteps, value, soft, blend, until, look);
    }

    /** The same with another mixture, which whoever thinks then keeps to. */
    public Thinking soft(Soft value) {
        return new Thinking(latentSteps, alignment, Optional.of(Objects.requireNonNull(value, "soft")), blend, until,
            look);
    }

    /** What is mixed where nobody decides otherwise: {@link #soft()}, else {@link Soft#DEFAULT}. */
    public Soft mixture() {
        return soft.orElse(Soft.DEFAULT);
    }

    /** The same with another share of soft. */
    public Thinking blend(double share) {
        return new Thinking(latentSteps, alignment, soft, (float) share, until, look);
    }

    /** The same with another end. */
    public Thinking until(ThinkUntil value) {
        return new Thinking(latentSteps, alignment, soft, blend, value, look);
    }

    /** The same with other thoughts looked at. */
    public Thinking look(Look value) {
        return new Thinking(latentSteps, alignment, soft, blend, until, value);
    }

    /** On one line: steps, alignment, the mixture if it was said, and what differs from the defaults. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder().append(latentSteps)
            .append(latentSteps == 1 ? " latent step, " : " latent steps, ")
            .append(alignment.name().toLowerCase(Locale.ROOT)).append(" alignment");
        if (blend > 0) {
            text.append(" blended with ").append(blend).append(" of soft");
        }
        soft.ifPresent(mixture -> text.append(", soft of ").append(mixture));
        if (until.entropyBelow() > 0) {
            text.append(", until the entropy is below ").append(until.entropyBelow()).append(" for ")
                .append(until.entropySteps());
        }
        if (until.cosineAbove() > 0) {
            text.append(", until the cosine is above ").append(until.cosineAbove());
        }
        return until.atEndToken() ? text.append(", until an end token").toString() : text.toString();
    }
}
