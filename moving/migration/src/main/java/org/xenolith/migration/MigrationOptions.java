package org.xenolith.migration;

import org.xenolith.state.stream.PagePacking;

import java.util.Optional;

/// How a machine is moved.
///
/// @param downtimeGoalMillis the machine stands still as soon as the last pages would take no
///   longer than this
/// @param downtimeMillisMax and if it comes to no end, when they would take no longer than this;
///   else it stays
/// @param roundsMax rounds of pages while it runs
/// @param throttlePercentMax how much of the time the guest may be made to rest
/// @param packing of pages; what is fastest if empty
/// @param copyDisks the target gets disks of its own, with what is on the source's
/// @param answerMillisMax a target that does not answer for so long, while the machine runs, is
///   given up
/// @param stillMillisMax the same while the machine stands still
/// @param connections that pages go by, 1 to [#CONNECTIONS_MAX]
public record MigrationOptions(
        int downtimeGoalMillis,
        int downtimeMillisMax,
        int roundsMax,
        int throttlePercentMax,
        Optional<PagePacking> packing,
        boolean copyDisks,
        int answerMillisMax,
        int stillMillisMax,
        int connections) {
    /// Each takes threads and memory at both ends.
    public static final int CONNECTIONS_MAX = 16;

    public static final MigrationOptions DEFAULT =
            new MigrationOptions(15, 1000, 40, 95, Optional.empty(), false, 120_000, 30_000, 1);

    public MigrationOptions {
        if (downtimeGoalMillis < 0
                || downtimeMillisMax < downtimeGoalMillis
                || roundsMax < 1
                || throttlePercentMax < 0
                || throttlePercentMax > 99
                || answerMillisMax < 1
                || stillMillisMax < 1
                || connections < 1
                || connections > CONNECTIONS_MAX) {
            throw new IllegalArgumentException("these are no options of a migration");
        }
    }

    /// With other limits of what is tried.
    public MigrationOptions within(int downtimeMillis, int rounds, int throttlePercent) {
        return new MigrationOptions(
                Math.min(downtimeGoalMillis, downtimeMillis),
                downtimeMillis,
                rounds,
                throttlePercent,
                packing,
                copyDisks,
                answerMillisMax,
                stillMillisMax,
                connections);
    }

    public MigrationOptions withPacking(PagePacking how) {
        return new MigrationOptions(
                downtimeGoalMillis,
                downtimeMillisMax,
                roundsMax,
                throttlePercentMax,
                Optional.of(how),
                copyDisks,
                answerMillisMax,
                stillMillisMax,
                connections);
    }

    public MigrationOptions withDisks(boolean copied) {
        return new MigrationOptions(
                downtimeGoalMillis,
                downtimeMillisMax,
                roundsMax,
                throttlePercentMax,
                packing,
                copied,
                answerMillisMax,
                stillMillisMax,
                connections);
    }

    /// With so many connections.
    public MigrationOptions withConnections(int count) {
        return new MigrationOptions(
                downtimeGoalMillis,
                downtimeMillisMax,
                roundsMax,
                throttlePercentMax,
                packing,
                copyDisks,
                answerMillisMax,
                stillMillisMax,
                count);
    }
}
