package org.latent4j.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.Test;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;

class HandleTest {
    private final AtomicInteger freed = new AtomicInteger();

    private Handle<Pointer> handle() {
        return new Handle<>("thing", null, pointer -> freed.incrementAndGet());
    }

    @Test
    void closingTwiceFreesOnce() {
        Handle<Pointer> handle = handle();
        handle.close();
        handle.close();
        assertThat(freed).hasValue(1);
        assertThat(handle.isClosed()).isTrue();
    }

    @Test
    void useAfterCloseIsRefused() {
        Handle<Pointer> handle = handle();
        handle.close();
        assertThatThrownBy(() -> handle.call(pointer -> 1)).isInstanceOf(LatentException.class)
                .hasMessage("[CLOSED] this thing was closed")
                .extracting(e -> ((LatentException) e).code()).isEqualTo(ErrorCode.CLOSED);
        assertThatThrownBy(handle::acquire).isInstanceOf(LatentException.class);
        assertThat(freed).hasValue(1);
    }

    @Test
    void closeInsideCallsFreesAfterTheLastOne() {
        Handle<Pointer> handle = handle();
        handle.acquire();
        handle.acquire();
        handle.close();
        assertThat(handle.isClosed()).isTrue();
        assertThat(freed).hasValue(0);
        handle.release();
        assertThat(freed).hasValue(0);
        handle.release();
        assertThat(freed).hasValue(1);
    }

    @Test
    void manyThreadsFreeOnceAndNeverUseWhatIsFreed() throws InterruptedException {
        for (int round = 0; round < 200; round++) {
            freed.set(0);
            Handle<Pointer> handle = handle();
            CountDownLatch start = new CountDownLatch(1);
            AtomicInteger usedAfterFree = new AtomicInteger();
            Thread[] threads = new Thread[4];
            for (int i = 0; i < threads.length; i++) {
                boolean closes = i == 0;
                threads[i] = new Thread(() -> {
                    try {
                        start.await();
                        for (int n = 0; n < 50 && !closes; n++) {
                            handle.call(pointer -> freed.get() == 0 ? 0 : usedAfterFree.incrementAndGet());
                        }
                    } catch (LatentException e) {
                        assertThat(e.code()).isEqualTo(ErrorCode.CLOSED);
                    } catch (InterruptedException e) {
                        throw new AssertionError(e);
                    }
                    handle.close();
                });
                threads[i].start();
            }
            start.countDown();
            for (Thread thread : threads) {
                thread.join();
            }
            assertThat(freed).hasValue(1);
            assertThat(usedAfterFree).hasValue(0);
        }
    }

    @Test
    void whatIsForgottenIsFreed() throws InterruptedException {
        CountDownLatch reclaimed = new CountDownLatch(1);
        forget(new Handle<>("thing", null, pointer -> reclaimed.countDown()));
        for (int i = 0; i < 100 && reclaimed.getCount() > 0; i++) {
            System.gc();
            reclaimed.await(50, TimeUnit.MILLISECONDS);
        }
        assertThat(reclaimed.getCount()).isZero();
    }

    private static void forget(Handle<Pointer> handle) {
        handle.watch(new Object());
    }

    /** SLF4J would print three lines to the standard error of everyone who has no provider of it. */
    @Test
    void nobodyNeedsALibraryForLogging() {
        assertThatThrownBy(() -> Class.forName("org.slf4j.LoggerFactory")).isInstanceOf(ClassNotFoundException.class);
    }

    @Test
    void nativeErrorsKeepTheirCode() {
        Handle<Pointer> handle = handle();
        assertThatThrownBy(() -> handle.call(pointer -> {
            throw new RuntimeException("[OUT_OF_PAGES] need 12,\nfree 3");
        })).isInstanceOf(LatentException.class)
                .hasMessageStartingWith("[OUT_OF_PAGES] need 12,\nfree 3").hasMessageContaining("--memory-positions")
                .extracting(e -> ((LatentException) e).code()).isEqualTo(ErrorCode.OUT_OF_PAGES);
        assertThatThrownBy(() -> handle.call(pointer -> {
            throw new RuntimeException("[BAD_ARGUMENT] one memory stands for sequences 0 and 2, of sequence 3");
        })).as("as Java calls them").hasMessage("[BAD_ARGUMENT] one memory stands for members 0 and 2, of member 3");
        assertThatThrownBy(() -> handle.call(pointer -> {
            throw new RuntimeException("[NEVER_HEARD_OF] x");
        })).hasMessage("[INTERNAL] [NEVER_HEARD_OF] x");
        assertThatThrownBy(() -> handle.call(pointer -> {
            throw new RuntimeException();
        })).hasMessage("[INTERNAL] null");
        assertThatThrownBy(() -> handle.call(pointer -> {
            throw new IllegalArgumentException("mine");
        })).isInstanceOf(IllegalArgumentException.class);
        handle.close();
        assertThat(freed).hasValue(1);
    }
}
