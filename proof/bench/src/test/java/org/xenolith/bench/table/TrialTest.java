package org.xenolith.bench.table;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TrialTest {
    @Test
    void aLongLapTellsHowManyRoundsAreWanted() {
        assertThat(Trial.next(100, 750_000_000)).isEmpty();
        assertThat(Trial.rounds(100, 750_000_000)).isEqualTo(200);
        assertThat(Trial.rounds(1, 20_000_000_000L)).isEqualTo(1);
    }

    @Test
    void aShortLapIsTriedAgainWithMoreRounds() {
        assertThat(Trial.next(100, 100_000_000)).hasValue(1000);
        assertThat(Trial.next(100, 740_000_000)).hasValue(200);
        assertThat(Trial.next(100, 1)).hasValue(1600);
        assertThat(Trial.next(100, 0)).hasValue(1600);
    }

    /// Whatever the speed, a few steps lead to a lap that tells.
    @Test
    void trialsComeToAnEnd() {
        for (long nanosPerRound = 10; nanosPerRound < 1_000_000_000; nanosPerRound *= 10) {
            long rounds = 100;
            int steps = 0;
            while (Trial.next(rounds, rounds * nanosPerRound).isPresent()) {
                rounds = Trial.next(rounds, rounds * nanosPerRound).getAsLong();
                steps++;
            }
            assertThat(steps).isLessThan(8);
        }
    }
}
