package org.xenolith.migration;

/// How far a migration is.
///
/// @param round counts from 1; the last one is while the machine stands still
/// @param sentPages with content, in all rounds; what is on disks counts as if it were pages too
/// @param wireBytes that the connection has taken for them
/// @param pagesPerSecond of this round so far, as they are in guest memory
/// @param remainingPages that this round has left, at its end those that have been written
///   meanwhile
/// @param throttlePercent how much of the time the guest is made to rest
/// @param roundEnds whether the round is over
public record MigrationProgress(
        int round,
        long sentPages,
        long wireBytes,
        long pagesPerSecond,
        long remainingPages,
        int throttlePercent,
        boolean roundEnds) {}
