package org.xenolith.mirror.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PaceTest {
    private static final long MS = 1_000_000;

    private final Pace pace = new Pace(25 * MS, 500 * MS);

    @Test
    void aBackupThatFollowsIsSentWhatWasAskedFor() {
        for (int i = 0; i < 100; i++) {
            pace.paused(2 * MS);
            pace.committed(49 * MS);
            assertThat(pace.intervalNanos()).isEqualTo(25 * MS);
        }
    }

    @Test
    void aBackupThatDoesNotFollowIsSentLessAtOnceAndMoreStepByStep() {
        pace.committed(400 * MS);
        assertThat(pace.intervalNanos()).isEqualTo(200 * MS);
        pace.committed(10 * MS);
        assertThat(pace.intervalNanos()).isBetween(150 * MS, 199 * MS);
        for (int i = 0; i < 200; i++) {
            pace.committed(10 * MS);
        }
        assertThat(pace.intervalNanos()).isEqualTo(25 * MS);
    }

    @Test
    void longPausesAreTakenLessOften() {
        pace.paused(10 * MS);
        pace.committed(20 * MS);
        assertThat(pace.intervalNanos()).isEqualTo(80 * MS);
    }

    @Test
    void thereIsALimit() {
        pace.committed(100_000 * MS);
        assertThat(pace.intervalNanos()).isEqualTo(500 * MS);
    }
}
