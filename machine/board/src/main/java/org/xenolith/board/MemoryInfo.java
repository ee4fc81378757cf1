package org.xenolith.board;

/// A domain's memory, in bytes.
///
/// @param current what the guest has now
/// @param target what it is to have; it gets there by itself, or not at all
/// @param max what the target may be at most
public record MemoryInfo(long current, long target, long max) {}
