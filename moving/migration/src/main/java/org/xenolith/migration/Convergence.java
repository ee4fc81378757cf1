package org.xenolith.migration;

/// Decides after each round whether the machine is to stand still for the last one, to go on
/// running, slower perhaps, or to stay. For one thread.
final class Convergence {
    /// Rounds that do not get shorter before the guest is made slower.
    private static final int ROUNDS_WITHOUT_GAIN = 2;

    /// A round is shorter if it leaves less than this part of what the shortest has left.
    private static final double GAIN = 0.85;

    /// As long as rounds get shorter, another one is worth it for what would take longer than this,
    /// though the machine could stand still.
    private static final double WORTH_ANOTHER_MILLIS = 4;

    private static final int[] THROTTLE_PERCENTS = {30, 60, 80, 90, 95, 99};

    private final MigrationOptions options;

    /// A small round takes as long as the connection needs to and fro: so much of the best rate may
    /// be counted on even so.
    private static final double OF_BEST_RATE = 0.5;

    private double bestRate = 1;
    private long leastRemaining = Long.MAX_VALUE;
    private int roundsWithoutGain;
    private int steps;

    /// What is to be done next.
    enum Step {
        ANOTHER_ROUND,
        /// The guest is to rest more, see [#throttlePercent].
        SLOWER,
        STAND_STILL,
        GIVE_UP
    }

    Convergence(MigrationOptions options) {
        this.options = options;
    }

    int throttlePercent() {
        return steps == 0
                ? 0
                : Math.min(THROTTLE_PERCENTS[steps - 1], options.throttlePercentMax());
    }

    /// More has been written meanwhile than in a round: what follows is not compared with what was.
    void beginAgain() {
        leastRemaining = Long.MAX_VALUE;
        roundsWithoutGain = 0;
    }

    /// @param remaining pages that would have to be sent now
    /// @param pagesPerSecond that the last round has brought to the target's memory
    Step after(int round, long remaining, long pagesPerSecond) {
        bestRate = Math.max(bestRate, pagesPerSecond);
        double rate = Math.max(pagesPerSecond, OF_BEST_RATE * bestRate);
        double millis = 1000.0 * remaining / rate;
        boolean gained = remaining < GAIN * leastRemaining;
        if (millis <= options.downtimeGoalMillis()) {
            boolean worthAnother =
                    gained && round < options.roundsMax() && millis > WORTH_ANOTHER_MILLIS;
            leastRemaining = Math.min(leastRemaining, remaining);
            return worthAnother ? Step.ANOTHER_ROUND : Step.STAND_STILL;
        }
        if (round >= options.roundsMax()) {
            return lastChance(millis);
        }
        leastRemaining = Math.min(leastRemaining, remaining);
        roundsWithoutGain = gained ? 0 : roundsWithoutGain + 1;
        if (roundsWithoutGain < ROUNDS_WITHOUT_GAIN) {
            return Step.ANOTHER_ROUND;
        }
        roundsWithoutGain = 0;
        return slower() ? Step.SLOWER : lastChance(millis);
    }

    private boolean slower() {
        int before = throttlePercent();
        if (steps == THROTTLE_PERCENTS.length) {
            return false;
        }
        steps++;
        return throttlePercent() > before;
    }

    private Step lastChance(double millis) {
        return millis <= options.downtimeMillisMax() ? Step.STAND_STILL : Step.GIVE_UP;
    }
}
