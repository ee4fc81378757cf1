package org.xenolith.mirror.protocol;

/// How a mirror is doing; figures are means of the last epochs.
///
/// @param phase of the primary
/// @param epoch of the last checkpoint, -1 before the first
/// @param committed the last epoch that the backup has, -1 if none
/// @param epochsPerSecond that have been committed
/// @param pagesPerEpoch with content
/// @param bytesPerEpoch of the stream
/// @param lagNanos from a checkpoint's beginning until it was committed: how long output was held,
///   beside the epoch itself
/// @param pauseNanos for which the machine stood still
/// @param pauseNanosMax since the beginning
/// @param intervalNanos from one checkpoint to the next, as it is now
public record MirrorStatus(
        PrimaryProtocol.Phase phase,
        long epoch,
        long committed,
        double epochsPerSecond,
        double pagesPerEpoch,
        double bytesPerEpoch,
        long lagNanos,
        long pauseNanos,
        long pauseNanosMax,
        long intervalNanos) {}
