package org.xenolith.pv.network;

/// What a network interface has moved since it was attached, as its guest sees it. Frames that are
/// cut on their way count once.
///
/// @param transmitErrors packets that were refused: wrong entries, pages not granted
/// @param transmitDropped frames of the guest that went nowhere, since the link was down
/// @param receiveDropped frames for the guest that it did not get: no front end, no link, not
///   wanted by its filter, or of no use to it
public record NetworkStatistics(
        long transmittedFrames,
        long transmittedBytes,
        long transmitErrors,
        long transmitDropped,
        long receivedFrames,
        long receivedBytes,
        long receiveDropped) {}
