package org.xenolith.xen;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.xenolith.base.DomainId;
import org.xenolith.testkit.Fuzz;

import java.util.ArrayList;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;

/// A guest may fire whatever it likes: only values come back.
class FuzzTest {
    private static final long SEED = 77_001;
    private static final int GUESTS = 20;
    private static final int CALLS = 2_000;

    @Test
    @Tag("fuzz")
    void randomHypercallsComeBackAsValues() {
        var fuzz = new Fuzz(SEED, GUESTS);
        while (fuzz.goesOn()) {
            var random = new SplittableRandom(fuzz.seed());
            var guest = new Guest(3);
            var calls = new RandomCalls(guest);
            try {
                for (int call = 0; call < CALLS; call++) {
                    calls.make(random);
                    live(guest, random);
                    assertThat(guest.told().size()).isLessThan(20_000);
                }
            } catch (RuntimeException e) {
                throw new AssertionError(fuzz + ": " + e, e);
            }
            assertThat(guest.domain.pages()).isBetween(0L, Guest.PAGES_MAX);
            var state = guest.domain.capture();
            assertThat(state.events().ports().ports().size())
                    .isLessThan(DomainSpec.EVENT_CHANNELS_DEFAULT);
        }
    }

    private static void live(Guest guest, SplittableRandom random) {
        switch (random.nextInt(6)) {
            case 0 -> guest.pass(random.nextLong(50_000_000));
            case 1 -> guest.domain.vcpuRuns(random.nextInt(3), Guest.counter(random.nextLong()));
            case 2 -> guest.domain.vcpuWaits(random.nextInt(3), RunState.BLOCKED);
            case 3 -> guest.domain.pendingCallbackVector(random.nextInt(3));
            case 4 -> guest.domain.vcpuWoke(random.nextInt(3));
            default -> guest.memory.writeInt(Guest.SCRATCH + random.nextInt(1 << 16), 0);
        }
    }

    @Test
    void vcpusTimersAndBackEndsMayActAtOnce() throws InterruptedException {
        var guest = new Guest(3);
        int port = guest.domain.offerPort(DomainId.CONTROL).orElseThrow();
        var channel = guest.domain.connectBackend(port, () -> {}).orElseThrow();
        var failures = new ConcurrentLinkedQueue<Throwable>();
        var threads = new ArrayList<Thread>();
        for (int i = 0; i < 3; i++) {
            var random = new SplittableRandom(SEED + i);
            var calls = new RandomCalls(guest);
            threads.add(thread(failures, () -> calls.make(random)));
        }
        threads.add(thread(failures, channel::notifyFrontend));
        threads.add(thread(failures, () -> guest.pass(1_000_000)));
        for (var thread : threads) {
            thread.join(TimeUnit.SECONDS.toMillis(30));
            assertThat(thread.isAlive()).isFalse();
        }
        assertThat(failures).as("seed " + SEED).isEmpty();
    }

    private static Thread thread(ConcurrentLinkedQueue<Throwable> failures, Runnable action) {
        return Thread.ofPlatform()
                .start(() -> {
                    try {
                        for (int i = 0; i < CALLS; i++) {
                            action.run();
                        }
                    } catch (RuntimeException | Error e) {
                        failures.add(e);
                    }
                });
    }
}
