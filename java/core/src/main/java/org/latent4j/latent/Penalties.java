package org.latent4j.latent;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.latent4j.internal.NonNull;

/**
 * What makes tokens less likely that were read or decoded before, and tokens that are not to come at all. A member's
 * history is the prompt that its rollout gives it and the tokens that it decodes there; what its memory held before is
 * positions without ids and does not count. Penalties change the logits before temperature, top-k, top-p and min-p
 * do, in the order of these parameters ({@code java/docs/sampling.md}).
 *
 * @param repetition above 0, 1: off. Divides the logit of every token of the history; one below zero is multiplied by
 *     it (<a href="https://arxiv.org/abs/1909.05858">arXiv 1909.05858</a>)
 * @param presence -2 to 2, 0: off. Taken off the logit of every token that was decoded
 * @param frequency -2 to 2, 0: off. Likewise, times as often as it was decoded
 * @param noRepeatNgram no so many tokens in a row come twice in a history; 0: off
 * @param suppressed ids that are never decoded
 * @param suppressedFirst ids that are not decoded first
 */
public record Penalties(float repetition, float presence, float frequency, int noRepeatNgram,
        List<Integer> suppressed, List<Integer> suppressedFirst) {
    private static final Penalties NONE = new Penalties(1, 0, 0, 0, List.of(), List.of());

    /** @throws IllegalArgumentException if a value is outside its range */
    public Penalties {
        suppressed = NonNull.list(suppressed, "suppressed");
        suppressedFirst = NonNull.list(suppressedFirst, "suppressedFirst");
        if (!(repetition > 0) || Float.isInfinite(repetition)) {
            throw new IllegalArgumentException("repetition penalty is " + repetition
                + ", must be above 0 (1: off), and finite");
        }
        checkRange("presence penalty", presence);
        checkRange("frequency penalty", frequency);
        if (noRepeatNgram < 0) {
            throw new IllegalArgumentException("noRepeatNgram is " + noRepeatNgram + ", must be 0 (off) or more");
        }
    }

    private static void checkRange(String what, float value) {
        if (!(Math.abs(value) <= 2)) {
            throw new IllegalArgumentException(what + " is " + value + ", must be -2 to 2 (0: off)");
        }
    }

    /** None: the logits stay as they are. */
    public static Penalties none() {
        return NONE;
    }

    /** These with another {@link #repetition}. */
    public Penalties withRepetition(float value) {
        return new Penalties(value, presence, frequency, noRepeatNgram, suppressed, suppressedFirst);
    }

    /** These with another {@link #presence}. */
    public Penalties withPresence(float value) {
        return new Penalties(repetition, value, frequency, noRepeatNgram, suppressed, suppressedFirst);
    }

    /** These with another {@link #frequency}. */
    public Penalties withFrequency(float value) {
        return new Penalties(repetition, presence, value, noRepeatNgram, suppressed, suppressedFirst);
    }

    /** These with another {@link #noRepeatNgram}. */
    public Penalties withNoRepeatNgram(int value) {
        return new Penalties(repetition, presence, frequency, value, suppressed, suppressedFirst);
    }

    /** These with other {@link #suppressed} tokens. */
    public Penalties withSuppressed(int... tokens) {
        return new Penalties(repetition, presence, frequency, noRepeatNgram, list(tokens), suppressedFirst);
    }

    /** These with other {@link #suppressedFirst} tokens. */
    public Penalties withSuppressedFirst(int... tokens) {
        return new Penalties(repetition, presence, frequency, noRepeatNgram, suppressed, list(tokens));
    }

    private static List<Integer> list(int[] tokens) {
        return Arrays.stream(Objects.requireNonNull(tokens, "tokens")).boxed().toList();
    }
}
