package org.xenolith.images;

import java.util.List;

/// What a check of an image has found.
///
/// @param problems the first ones, one line each
/// @param corruptions findings that put content at risk and are still there
/// @param leaks clusters or blocks that are lost to everyone, still
/// @param corruptionsFixed and `leaksFixed`: what was repaired
/// @param imageEnd behind the last byte of the file that is used
/// @param totalClusters of the disk, of the format's unit
/// @param allocatedClusters of those, how many are kept in this file
/// @param fragmentedClusters of those, how many do not follow their predecessor in the file
public record CheckReport(
        ImageFormat format,
        List<String> problems,
        long corruptions,
        long leaks,
        long corruptionsFixed,
        long leaksFixed,
        long imageEnd,
        long totalClusters,
        long allocatedClusters,
        long fragmentedClusters,
        long compressedClusters) {
    static final int PROBLEMS_MAX = 100;

    /// What to do about findings.
    public enum Repair {
        NOTHING,
        LEAKS,
        ALL
    }

    public boolean isClean() {
        return corruptions == 0 && leaks == 0;
    }
}
