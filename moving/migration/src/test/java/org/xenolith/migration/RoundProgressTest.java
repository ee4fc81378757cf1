package org.xenolith.migration;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.xenolith.migration.RoundProgress.Counts;
import org.xenolith.testkit.ManualClock;

import java.util.ArrayList;
import java.util.List;

/// What is told of a round, and when.
class RoundProgressTest {
    private static final long MILLI = 1_000_000;

    private final ManualClock clock = new ManualClock(0);
    private final List<MigrationProgress> told = new ArrayList<>();
    private final RoundProgress progress = new RoundProgress(clock, told::add);

    @Test
    void aRoundIsToldOfNowAndThenAndAtItsEnd() {
        progress.begin(1, 1000, 0, new Counts(0, 0, 0));
        for (int i = 1; i <= 100; i++) {
            clock.advance(10 * MILLI);
            progress.at(new Counts(2L * i, 10L * i, 100L * i));
        }
        assertThat(told)
                .containsExactly(
                        new MigrationProgress(1, 50, 2500, 200, 750, 0, false),
                        new MigrationProgress(1, 100, 5000, 200, 500, 0, false),
                        new MigrationProgress(1, 150, 7500, 200, 250, 0, false),
                        new MigrationProgress(1, 200, 10_000, 200, 0, 0, false));
        assertThat(progress.end(new Counts(200, 1000, 10_000), 7)).isEqualTo(200);
        assertThat(told.getLast())
                .isEqualTo(new MigrationProgress(1, 200, 10_000, 200, 7, 0, true));
    }

    @Test
    void theNextRoundCountsFromItsOwnBeginning() {
        progress.begin(2, 10, 30, new Counts(200, 1000, 10_000));
        clock.advance(500 * MILLI);
        progress.at(new Counts(205, 1020, 11_000)); // more than it was about
        assertThat(told).containsExactly(new MigrationProgress(2, 205, 11_000, 10, 0, 30, false));
    }

    @Test
    void nothingIsToldBetweenRounds() {
        progress.at(new Counts(0, 0, 0));
        progress.begin(1, 1, 0, new Counts(0, 0, 0));
        progress.end(new Counts(1, 1, 1), 0);
        clock.advance(1000 * MILLI);
        progress.at(new Counts(2, 2, 2));
        assertThat(told).hasSize(1);
    }
}
