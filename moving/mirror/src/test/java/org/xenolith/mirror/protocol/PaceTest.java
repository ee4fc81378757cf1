package org.xenolith.mirror.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PaceTest {
    private static final long MS = 1_000_000;

    private final Pace pace = new Pace(25 * MS, 500 * MS);
    private long now = 7 * MS;
    private long begun;

    /// A checkpoint begins at once and takes the machine `pause` ms; returns when the next is due,
    /// in ms after it has begun.
    private long due(double pause, boolean settled) {
        begun = now;
        now += Math.round(pause * MS);
        pace.paused(now, now - begun);
        return dueNext(settled);
    }

    private long dueNext(boolean settled) {
        return (pace.dueNanos(begun, settled) - begun) / MS;
    }

    private void waitUntilDue(boolean settled) {
        now = Math.max(now, pace.dueNanos(begun, settled));
    }

    @Test
    void aBackupThatFollowsIsSentWhatWasAskedFor() {
        for (int i = 0; i < 100; i++) {
            assertThat(due(3, false)).isEqualTo(25);
            waitUntilDue(false);
            pace.committed(49 * MS);
        }
    }

    @Test
    void aBackupThatDoesNotFollowIsSentLessAtOnceAndMoreStepByStep() {
        pace.committed(400 * MS);
        pace.committed(400 * MS);
        assertThat(pace.intervalNanos()).isEqualTo(200 * MS);
        assertThat(due(1, false)).isEqualTo(200);
        pace.committed(10 * MS);
        pace.committed(10 * MS);
        assertThat(pace.intervalNanos()).isBetween(100 * MS, 150 * MS);
        for (int i = 0; i < 200; i++) {
            pace.committed(10 * MS);
        }
        assertThat(pace.intervalNanos()).isEqualTo(25 * MS);
    }

    @Test
    void longPausesAreTakenLessOften() {
        for (int i = 0; i < 20; i++) {
            due(10, false);
            waitUntilDue(false);
        }
        assertThat(due(10, false)).isBetween(79L, 91L);
        long start = now;
        for (int i = 0; i < 100; i++) {
            waitUntilDue(false);
            due(10, false);
        }
        assertThat(100 * 10 * MS * Pace.PAUSE_SHARE / (double) (now - start)).isBetween(0.99, 1.01);
    }

    /// It would have been there without checkpoints too: the next is due when it has been due, or
    /// at once.
    @Test
    void onePauseAmongOthersThatIsLongMakesNoDifference() {
        for (int i = 0; i < 100; i++) {
            long pause = i % 5 == 0 ? 60 : 1;
            assertThat(due(pause, false)).isEqualTo(Math.max(pause, 25));
            pace.committed((i % 5 == 0 ? 300 : 5) * MS);
            now = begun + 100 * MS;
        }
    }

    @Test
    void anEpochThatIsSettledEndsSoon() {
        assertThat(due(1, true)).isEqualTo(3);
        assertThat(dueNext(false)).isEqualTo(25);
    }

    @Test
    void epochsThatAreSettledEndSoonAsLongAsPausesStayWithinTheirShare() {
        long start = now;
        int soon = 0;
        long paused = 0;
        for (int i = 0; i < 200; i++) {
            soon += due(2, true) < 8 ? 1 : 0;
            paused += 2 * MS;
            waitUntilDue(true);
        }
        assertThat(soon).isBetween(5, 12);
        assertThat(paused / (double) (now - start)).isBetween(0.11, 0.135);
    }

    /// What was saved in a while without much to do is spent when there is.
    @Test
    void afterAWhileOfRegularEpochsAFewMayFollowEachOtherAtOnce() {
        for (int i = 0; i < 50; i++) {
            due(2, true);
            waitUntilDue(true);
        }
        assertThat(due(2, true)).isGreaterThan(10);
        for (int i = 0; i < 20; i++) {
            now = begun + 25 * MS;
            due(1, false);
        }
        for (int i = 0; i < 5; i++) {
            assertThat(due(2, true)).isEqualTo(3);
            waitUntilDue(true);
        }
    }

    @Test
    void thereIsALimit() {
        for (int i = 0; i < 3; i++) {
            assertThat(due(10_000, false)).isLessThanOrEqualTo(500);
            pace.committed(100_000 * MS);
        }
        assertThat(pace.intervalNanos()).isEqualTo(500 * MS);
        assertThat(dueNext(false)).isEqualTo(500);
    }
}
