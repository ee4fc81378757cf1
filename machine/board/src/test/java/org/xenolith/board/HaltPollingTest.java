package org.xenolith.board;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class HaltPollingTest {
    private static final long MOST = HaltPolling.NANOS_MAX;

    private final HaltPolling polling = new HaltPolling(MOST);

    private void repeat(long nanos, int times) {
        for (int time = 0; time < times; time++) {
            polling.waited(nanos);
        }
    }

    @Test
    void aGuestThatWaitsForLongIsNotPolledFor() {
        repeat(4_000_000, 10);

        assertThat(polling.nanos()).isZero();
    }

    @Test
    void shortWaitsArePolledForAsLongAsTheyTakeButNotForEver() {
        repeat(15_000, 10);

        assertThat(polling.nanos()).isBetween(15_000L, 30_000L);

        repeat(MOST, 10);

        assertThat(polling.nanos()).isEqualTo(MOST);
    }

    @Test
    void longWaitsEndIt() {
        repeat(MOST, 10);

        repeat(MOST + 1, 1);

        assertThat(polling.nanos()).isBetween(1L, MOST - 1);

        repeat(MOST + 1, 10);

        assertThat(polling.nanos()).isZero();
    }

    @Test
    void oneProcessorPollsNever() {
        var never = new HaltPolling(0);

        never.waited(1);

        assertThat(never.nanos()).isZero();
    }
}
