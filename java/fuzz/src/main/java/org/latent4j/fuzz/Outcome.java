package org.latent4j.fuzz;

import java.nio.charset.StandardCharsets;
import java.util.function.Supplier;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;

/** What an input may end in. */
public final class Outcome {
    private Outcome() {
    }

    /** What {@code work} gives, or null if it was refused by a code; everything else comes out. */
    public static <T> T of(Supplier<T> work) {
        try {
            return work.get();
        } catch (LatentException e) {
            if (e.code() == ErrorCode.INTERNAL || e.getMessage().length() > 100_000) {
                throw e;
            }
            return null;
        }
    }

    static String text(byte[] input) {
        return new String(input, StandardCharsets.UTF_8);
    }

    static void expect(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError(what);
        }
    }
}
