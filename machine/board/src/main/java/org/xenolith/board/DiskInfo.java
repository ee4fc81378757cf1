package org.xenolith.board;

import org.xenolith.pv.block.BlockStatistics;

/// A block device of a running domain.
///
/// @param frontendState `enum xenbus_state` of the guest's end
/// @param eventChannel port of the first ring that the guest has published, or -1
/// @param ringReference grant of that ring's first page, or -1
/// @param sectors of 512 bytes that the disk has now; 0 for an empty drive
public record DiskInfo(
        DiskConfig config,
        int frontendState,
        int eventChannel,
        int ringReference,
        long sectors,
        BlockStatistics statistics) {}
