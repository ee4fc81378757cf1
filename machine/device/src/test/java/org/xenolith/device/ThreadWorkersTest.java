package org.xenolith.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.xenolith.base.Bug;

import java.util.ArrayList;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

@Timeout(60)
class ThreadWorkersTest {
    private final ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();
    private final Workers workers = Workers.virtualThreads(failures::add);

    @AfterEach
    void nothingHasFailedUnseen() {
        assertThat(failures).isEmpty();
    }

    /// Whoever wakes a worker when it has just looked wakes it once more.
    @Test
    void nothingIsOverlooked() throws Exception {
        int wakers = 4;
        int each = 50_000;
        var put = new AtomicInteger();
        var seen = new AtomicInteger();
        try (var worker = workers.worker("counts", () -> seen.set(put.get()))) {
            var threads = new ArrayList<Thread>();
            for (int index = 0; index < wakers; index++) {
                threads.add(
                        Thread.ofPlatform()
                                .start(() -> {
                                    for (int count = 0; count < each; count++) {
                                        put.incrementAndGet();
                                        worker.wake();
                                    }
                                }));
            }
            for (var thread : threads) {
                thread.join();
            }
            while (seen.get() < wakers * each) {
                Thread.sleep(1);
            }
        }
        assertThat(seen).hasValue(wakers * each);
    }

    @Test
    void aWorkerDoesOneStepAtATime() throws Exception {
        var inside = new AtomicInteger();
        var most = new AtomicInteger();
        var steps = new Semaphore(0);
        try (var worker =
                workers.worker(
                        "steps",
                        () -> {
                            most.accumulateAndGet(inside.incrementAndGet(), Math::max);
                            Thread.yield();
                            inside.decrementAndGet();
                            steps.release();
                        })) {
            for (int step = 0; step < 1000; step++) {
                worker.wake();
                worker.wake();
                steps.acquire();
            }
        }
        assertThat(most).hasValue(1);
    }

    @Test
    void aWorkerThatWasWokenInAStepDoesAnother() throws Exception {
        var worker = new AtomicReference<Worker>();
        var left = new AtomicInteger(3);
        var done = new CountDownLatch(3);
        worker.set(
                workers.worker(
                        "again",
                        () -> {
                            done.countDown();
                            if (left.decrementAndGet() > 0) {
                                worker.get().wake();
                            }
                        }));
        worker.get().wake();
        done.await();
        worker.get().close();
        assertThat(left).hasValue(0);
    }

    @Test
    void closingWaitsForTheStepAndIsTheEnd() throws Exception {
        for (boolean periodic : new boolean[] {false, true}) {
            var begun = new CountDownLatch(1);
            var goOn = new CountDownLatch(1);
            var steps = new AtomicInteger();
            Runnable step =
                    () -> {
                        begun.countDown();
                        await(goOn);
                        steps.incrementAndGet();
                    };
            var worker =
                    periodic
                            ? workers.periodic("closed", Long.MAX_VALUE, step)
                            : workers.worker("closed", step);
            worker.wake();
            begun.await();
            var closed = CompletableFuture.runAsync(worker::close);
            worker.wake();
            assertThat(closed).isNotDone();
            goOn.countDown();
            closed.join();
            int before = steps.get();
            worker.wake();
            Thread.sleep(20);
            assertThat(steps).hasValue(before);
            assertThat(before).isBetween(1, 2);
        }
    }

    @Test
    void aPermitOfParkingDoesNotEndAPeriod() throws Exception {
        var steps = new Semaphore(0);
        Runnable step =
                () -> {
                    LockSupport.unpark(Thread.currentThread());
                    steps.release();
                };
        try (var worker = workers.periodic("waits", Long.MAX_VALUE, step)) {
            worker.wake();
            steps.acquire();
            assertThat(steps.tryAcquire(20, TimeUnit.MILLISECONDS)).isFalse();
        }
    }

    @Test
    void aPeriodEndsByItself() throws Exception {
        var steps = new Semaphore(0);
        try (var worker = workers.periodic("ticks", 1_000_000, steps::release)) {
            steps.acquire(3);
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aStepThatFailsIsTheLast() throws Exception {
        var failed = new CountDownLatch(1);
        var steps = new AtomicInteger();
        var told = new ArrayList<Throwable>();
        var cautious =
                Workers.virtualThreads(failure -> {
                    told.add(failure);
                    failed.countDown();
                });
        try (var worker =
                cautious.worker(
                        "fails",
                        () -> {
                            steps.incrementAndGet();
                            throw new IllegalStateException("on purpose");
                        })) {
            worker.wake();
            failed.await();
            worker.wake();
            Thread.sleep(20);
        }
        assertThat(steps).hasValue(1);
        assertThat(told).singleElement().isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aStepDoesNotCloseItsOwnWorker() {
        var worker = new AtomicReference<Worker>();
        var refused = new CompletableFuture<Boolean>();
        worker.set(
                workers.worker(
                        "itself",
                        () -> {
                            assertThatThrownBy(() -> worker.get().close()).isInstanceOf(Bug.class);
                            refused.complete(true);
                        }));
        worker.get().wake();
        assertThat(refused.join()).isTrue();
        worker.get().close();
    }
}
