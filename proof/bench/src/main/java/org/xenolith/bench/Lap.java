package org.xenolith.bench;

/// What a run says: how long the kernel took the first and the second time, its checksum, and the
/// guest instructions of the second time where they can be counted (else 0).
record Lap(long firstNanos, long secondNanos, String sum, long instructions) {}
