package org.xenolith.migration;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.xenolith.migration.Convergence.Step;

import java.util.Optional;

class ConvergenceTest {
    private static final MigrationOptions OPTIONS =
            new MigrationOptions(20, 200, 30, 90, Optional.empty(), false, 1000, 1000, 1);

    /// Rounds of a guest that writes so many pages a second, `working` different ones at most, sent
    /// at `rate`; returns how it ends.
    private static Step simulate(Convergence convergence, double writes, long working, long rate) {
        double remaining = 100_000;
        for (int round = 1; ; round++) {
            double seconds = remaining / rate;
            double speed = writes * (100 - convergence.throttlePercent()) / 100;
            remaining = Math.min(working, speed * seconds);
            var step = convergence.after(round, (long) remaining, rate);
            if (step == Step.STAND_STILL || step == Step.GIVE_UP) {
                return step;
            }
        }
    }

    @Test
    void aGuestThatWritesSlowerThanItIsSentIsNotMadeSlower() {
        var convergence = new Convergence(OPTIONS);
        assertThat(simulate(convergence, 20_000, 50_000, 80_000)).isEqualTo(Step.STAND_STILL);
        assertThat(convergence.throttlePercent()).isZero();
    }

    @Test
    void aGuestThatWritesFasterIsMadeSlowerUntilItCanBeMoved() {
        var convergence = new Convergence(OPTIONS);
        assertThat(simulate(convergence, 120_000, 500_000, 80_000)).isEqualTo(Step.STAND_STILL);
        assertThat(convergence.throttlePercent()).isBetween(30, 90);
    }

    @Test
    void aSmallWorkingSetIsSentInTheEndWhileItStandsStill() {
        var convergence = new Convergence(OPTIONS);
        assertThat(simulate(convergence, 1e9, 8_000, 80_000)).isEqualTo(Step.STAND_STILL);
    }

    @Test
    void aGuestThatCannotBeMovedInTheTimeAllowedStays() {
        var convergence = new Convergence(OPTIONS);
        assertThat(simulate(convergence, 1e9, 80_000, 80_000)).isEqualTo(Step.GIVE_UP);
        assertThat(convergence.throttlePercent()).isEqualTo(90);
    }

    @Test
    void aMachineThatCouldStandStillDoesSoWhenRoundsGetNoShorter() {
        var convergence = new Convergence(OPTIONS);
        assertThat(convergence.after(1, 1500, 80_000)).isEqualTo(Step.ANOTHER_ROUND); // 19 ms
        assertThat(convergence.after(2, 1000, 80_000)).isEqualTo(Step.ANOTHER_ROUND);
        assertThat(convergence.after(3, 990, 80_000)).isEqualTo(Step.STAND_STILL);
    }

    @Test
    void aMachineOfWhichHardlyAnythingIsLeftStandsStillAtOnce() {
        var convergence = new Convergence(OPTIONS);
        assertThat(convergence.after(1, 200, 80_000)).isEqualTo(Step.STAND_STILL);
    }

    @Test
    void roundsAfterARehearsalAreNotComparedWithThoseBefore() {
        var convergence = new Convergence(OPTIONS);
        assertThat(convergence.after(1, 100, 80_000)).isEqualTo(Step.STAND_STILL);
        convergence.beginAgain();
        assertThat(convergence.after(2, 4000, 80_000)).isEqualTo(Step.ANOTHER_ROUND);
        assertThat(convergence.after(3, 3000, 80_000)).isEqualTo(Step.ANOTHER_ROUND);
        assertThat(convergence.after(4, 2000, 80_000)).isEqualTo(Step.ANOTHER_ROUND);
        assertThat(convergence.throttlePercent()).isZero();
    }
}
