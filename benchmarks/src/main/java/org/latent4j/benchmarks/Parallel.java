package org.latent4j.benchmarks;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;

/**
 * Runs a task once per thread, the caller's included, and waits. Its threads never sleep between tasks, so that a limit
 * of a few microseconds is the machine's and not the scheduler's; nothing else runs beside them in a benchmark's
 * process.
 */
final class Parallel implements AutoCloseable {
    private final int threads;
    private final AtomicInteger left = new AtomicInteger();
    private volatile int round;
    private volatile boolean closed;
    private IntConsumer task;

    Parallel(int threads) {
        this.threads = threads;
        for (int i = 1; i < threads; i++) {
            int index = i;
            Thread worker = new Thread(() -> work(index), "parallel-" + i);
            worker.setDaemon(true);
            worker.start();
        }
    }

    private void work(int index) {
        for (int seen = 0; !closed;) {
            if (round == seen) {
                Thread.onSpinWait();
            } else {
                seen++;
                task.accept(index);
                left.decrementAndGet();
            }
        }
    }

    /** Runs {@code newTask} with 0 to the number of threads less one; called by one thread only. */
    void run(IntConsumer newTask) {
        task = newTask;
        left.set(threads - 1);
        round++;
        newTask.accept(0);
        while (left.get() > 0) {
            Thread.onSpinWait();
        }
    }

    int threads() {
        return threads;
    }

    @Override
    public void close() {
        closed = true;
    }
}
