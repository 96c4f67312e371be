package org.latent4j.internal;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.Pointer;
import org.latent4j.latent.Phase;

/**
 * The part of a running rollout that native code and Java threads both see: {@code l4j_control}, read and written
 * without JNI.
 */
final class Control {
    private static final VarHandle INT = MethodHandles.byteBufferViewVarHandle(int[].class, ByteOrder.nativeOrder());
    private static final Phase[] PHASES = Phase.values();

    private final Native.l4j_control struct;
    private final ByteBuffer memory;
    private final ByteBuffer decoded;  // [members] tokens decoded so far
    private final ByteBuffer stop;     // [members]
    private final int cancelAt = Pointer.offsetof(Native.l4j_control.class, "cancel");
    private final int phaseAt = Pointer.offsetof(Native.l4j_control.class, "phase");
    private final int stepAt = Pointer.offsetof(Native.l4j_control.class, "step");

    Control(Arena arena, int members) {
        memory = arena.take(size());
        decoded = arena.take(4L * members);
        stop = arena.take(4L * members);
        struct = new Native.l4j_control(new BytePointer(memory));
        struct.n_new_tokens(new IntPointer(decoded.asIntBuffer())).stop(new IntPointer(stop.asIntBuffer()));
    }

    /** Bytes of arena that one takes. */
    static long bytes(int members) {
        return Arena.padded(size()) + 2 * Arena.padded(4L * members);
    }

    private static int size() {
        return Pointer.sizeof(Native.l4j_control.class);
    }

    Native.l4j_control struct() {
        return struct;
    }

    void cancel() {
        INT.setRelease(memory, cancelAt, 1);
    }

    void stop(int member) {
        INT.setRelease(stop, 4 * member, 1);
    }

    Phase phase() {
        return PHASES[(int) INT.getAcquire(memory, phaseAt)];
    }

    int step() {
        return (int) INT.getAcquire(memory, stepAt);
    }

    /** Tokens of a member that may be read. */
    int decoded(int member) {
        return (int) INT.getAcquire(decoded, 4 * member);
    }
}
