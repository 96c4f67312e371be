package org.latent4j.internal;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.Pointer;
import org.latent4j.latent.Thought;

/** Reads what native code saw of thoughts: an array of {@code l4j_thought}. */
final class SeenThoughts {
    /** Of one of them. */
    static final long BYTES = Pointer.sizeof(Native.l4j_thought.class);

    private static final int TOKENS = 5;

    private SeenThoughts() {
    }

    /** Steps {@code from} to {@code to} of a member whose step 0 is element {@code first}. */
    static List<Thought> read(ByteBuffer array, int first, int from, int to) {
        List<Thought> seen = new ArrayList<>(to - from);
        for (int step = from; step < to; step++) {
            ByteBuffer one = array.duplicate().order(array.order());
            one.position((int) (BYTES * (first + step)));
            seen.add(read(one, step));
        }
        return seen;
    }

    /** Fields in the order of the struct. */
    private static Thought read(ByteBuffer one, int step) {
        double entropy = one.getFloat();
        double norm = one.getFloat();
        double stepCosine = one.getFloat();
        double nearestCosine = one.getFloat();
        int nearestToken = one.getInt();
        int[] tokens = new int[TOKENS];
        for (int i = 0; i < TOKENS; i++) {
            tokens[i] = one.getInt();
        }
        List<Thought.Likely> likeliest = new ArrayList<>(TOKENS);
        for (int token : tokens) {
            double probability = one.getFloat();
            if (token >= 0) {
                likeliest.add(new Thought.Likely(token, probability));
            }
        }
        return new Thought(step, entropy, norm, stepCosine, nearestCosine, nearestToken, likeliest);
    }
}
