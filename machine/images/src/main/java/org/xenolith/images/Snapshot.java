package org.xenolith.images;

/// An internal snapshot of a disk: what it held at a moment, kept in the same file.
///
/// @param seconds when it was taken, since 1970, and `nanos` beyond
/// @param size of the disk then, in bytes
/// @param machineStateBytes length of what another hypervisor saved of the running machine, if it
///   did
public record Snapshot(
        String id, String name, long seconds, int nanos, long size, long machineStateBytes) {}
