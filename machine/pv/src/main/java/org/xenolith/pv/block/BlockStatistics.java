package org.xenolith.pv.block;

/// What a block device has done since it was attached. Requests count when they have been answered;
/// sectors are of 512 bytes; `errors` counts every answer but success.
public record BlockStatistics(
        long reads,
        long writes,
        long flushes,
        long discards,
        long sectorsRead,
        long sectorsWritten,
        long errors) {}
