package org.xenolith.board;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.xenolith.base.Clock;
import org.xenolith.base.CountedClock;
import org.xenolith.base.TimerQueue;
import org.xenolith.engine.Exit;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

@Timeout(20)
class DriverWorkersTest {
    private Driver driver;
    private DriverWorkers workers;

    @BeforeEach
    void start() {
        var time = new CountedClock(Clock.system());
        driver = new TurnDriver("test", new TimerQueue(time), time);
        driver.connect(List.of(), new Idle());
        workers = new DriverWorkers(driver);
        driver.start(true);
    }

    @AfterEach
    void close() throws InterruptedException {
        driver.close();
    }

    private static final class Idle implements Driver.Exits {
        @Override
        public boolean prepare(VcpuSlot slot) {
            return false;
        }

        @Override
        public boolean handle(VcpuSlot slot, Exit exit) {
            return false;
        }

        @Override
        public void rests(VcpuSlot slot) {}
    }

    @Test
    void stepsRunOnTheDriversThreadOnceForManyCalls() throws Exception {
        var threads = new java.util.concurrent.LinkedBlockingQueue<Thread>();
        var worker = workers.worker("w", () -> threads.add(Thread.currentThread()));
        driver.request(
                        () -> {
                            for (int i = 0; i < 1000; i++) {
                                worker.wake();
                            }
                        })
                .get();
        assertThat(threads.take()).isSameAs(driver.thread);
        driver.request(() -> {}).get();
        assertThat(threads).isEmpty();
    }

    @Test
    void whoWantsThatAllStandsStillNeedsNoRoomAmongTheRequests() throws Exception {
        var goOn = new CompletableFuture<Void>();
        driver.request(goOn::join);
        while (!driver.request(() -> {}).isCompletedExceptionally()) {} // until there is no room
        var still = driver.standStill(true);
        assertThat(still).isNotDone();
        goOn.complete(null);
        still.get();
        assertThat(driver.isPaused()).isTrue();
        driver.standStill(false).get();
        driver.unpause().get();
        assertThat(driver.isPaused()).isFalse();
    }

    @Test
    void aStepThatRunsIsWaitedForAndNoneFollows() throws Exception {
        var begun = new CountDownLatch(1);
        var goOn = new CountDownLatch(1);
        var steps = new AtomicInteger();
        var worker =
                workers.worker(
                        "w",
                        () -> {
                            begun.countDown();
                            try {
                                goOn.await();
                            } catch (InterruptedException _) {
                                Thread.currentThread().interrupt();
                            }
                            steps.incrementAndGet();
                        });
        worker.wake();
        begun.await();
        worker.wake();
        var closing = Thread.startVirtualThread(worker::close);
        assertThat(closing.join(java.time.Duration.ofMillis(20))).isFalse();
        goOn.countDown();
        closing.join();
        int done = steps.get();
        driver.request(() -> {}).get();
        worker.wake();
        driver.request(() -> {}).get();
        driver.request(() -> {}).get();
        assertThat(steps.get()).isEqualTo(done).isBetween(1, 2);
    }
}
