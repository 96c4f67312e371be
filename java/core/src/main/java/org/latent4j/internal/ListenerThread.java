package org.latent4j.internal;

import java.nio.ByteBuffer;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.ToIntFunction;
import org.latent4j.latent.Phase;
import org.latent4j.latent.RolloutListener;

/**
 * Tells a listener of a running rollout, by looking at {@link Control} every few milliseconds. Every token is told once
 * and in order, also those decoded between the last look and the end; of the steps only the newest, and each phase's
 * last.
 */
final class ListenerThread extends Thread {
    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(2);
    private static final long GRACE_NANOS = TimeUnit.SECONDS.toNanos(1);

    private enum State { RUNNING, COMPLETED, FAILED }

    private final RolloutListener listener;
    private final Control control;
    private final ByteBuffer newTokens;  // [members, maxNewTokens]
    private final int maxNewTokens;
    private final ToIntFunction<Phase> lastStep;  // of a phase that is over
    private final int[] toldSteps = new int[Phase.values().length];
    private final int[] told;            // by member: tokens told
    private final boolean[] stopped;
    private Phase phase = Phase.PREFILL;
    private volatile State state = State.RUNNING;
    // Not join(): it makes the JVM keep a monitor for every thread ever waited for, thousands before it sweeps them.
    private final CountDownLatch over = new CountDownLatch(1);
    private volatile Throwable failure;
    private boolean interrupted;

    ListenerThread(RolloutListener listener, Control control, ByteBuffer newTokens, int members, int maxNewTokens,
            ToIntFunction<Phase> lastStep) {
        super("latent4j-listener");
        setDaemon(true);
        this.listener = listener;
        this.control = control;
        this.newTokens = newTokens;
        this.maxNewTokens = maxNewTokens;
        this.lastStep = lastStep;
        this.told = new int[members];
        this.stopped = new boolean[members];
    }

    @Override
    public void run() {
        try {
            while (state == State.RUNNING) {
                tellProgress();
                tellTokens();
                LockSupport.parkNanos(POLL_NANOS);
            }
            if (state == State.COMPLETED) {
                reach(Phase.DECODE, 0);
                tellTokens();
                reach(Phase.IDLE, 0);
            }
        } catch (Throwable e) { // checked ones too: Kotlin declares none
            failure = e;
            control.cancel();
        } finally {
            over.countDown();
        }
    }

    /**
     * Native code is done: tells what is left to tell if it completed, and waits for the listener. An interrupt of the
     * waiting thread ends the telling and is handed on to a listener that blocks; one that blocks all the same is left
     * to itself.
     */
    void finish(boolean completed) {
        state = completed ? State.COMPLETED : State.FAILED;
        LockSupport.unpark(this);
        try {
            if (over.getCount() > 0) {
                over.await();
            }
        } catch (InterruptedException e) {
            state = State.FAILED;
            interrupted = true;
            interrupt();
            awaitEnd(GRACE_NANOS);
            Thread.currentThread().interrupt();
        }
    }

    private void awaitEnd(long nanos) {
        long end = System.nanoTime() + nanos;
        for (long left = nanos; left > 0; left = end - System.nanoTime()) {
            try {
                if (over.await(left, TimeUnit.NANOSECONDS)) {
                    return;
                }
            } catch (InterruptedException e) {
                continue; // once is enough
            }
        }
    }

    /** Whether the waiting thread was interrupted before the listener had heard all. After {@link #finish}. */
    boolean wasInterrupted() {
        return interrupted;
    }

    /** Whether it still runs, and may look at what it was given. After {@link #finish}. */
    boolean isLeftToItself() {
        return over.getCount() > 0;
    }

    /** Throws what the listener threw, as it is. After {@link #finish}. */
    void rethrow() {
        if (failure != null) {
            throw ListenerThread.<RuntimeException>undeclared(failure);
        }
    }

    @SuppressWarnings("unchecked")
    private static <T extends Throwable> T undeclared(Throwable thrown) throws T {
        throw (T) thrown;
    }

    /** How many tokens the listener took of a member. After {@link #finish}. */
    int taken(int member) {
        return told[member];
    }

    private void tellProgress() {
        Phase now = control.phase();
        int step = control.step();
        // Between the two reads native code may have gone on to the next phase, whose steps begin at 0 again.
        if (now != Phase.IDLE && now == control.phase()) {
            reach(now, step);
        }
    }

    /** Tells of the last step of each phase before {@code to}, then of {@code step} if it is news. */
    private void reach(Phase to, int step) {
        while (phase != to && phase != Phase.DECODE) {
            tell(phase, lastStep.applyAsInt(phase));
            phase = Phase.values()[phase.ordinal() + 1];
        }
        if (to == Phase.IDLE) {
            int longest = 0;
            for (int member = 0; member < told.length; member++) {
                longest = Math.max(longest, control.decoded(member));
            }
            tell(Phase.DECODE, longest);
        } else {
            tell(to, step);
        }
    }

    private void tell(Phase which, int step) {
        if (step > toldSteps[which.ordinal()]) {
            toldSteps[which.ordinal()] = step;
            listener.onProgress(which, step);
        }
    }

    private void tellTokens() {
        for (int member = 0; member < told.length; member++) {
            int decoded = control.decoded(member);
            while (told[member] < decoded && !stopped[member] && state != State.FAILED) {
                reach(Phase.DECODE, 0);
                int token = newTokens.getInt(4 * (member * maxNewTokens + told[member]));
                told[member]++;
                if (!listener.onToken(member, token)) {
                    stopped[member] = true;
                    control.stop(member);
                }
            }
        }
    }
}
