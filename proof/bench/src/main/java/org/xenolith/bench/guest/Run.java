package org.xenolith.bench.guest;

import java.util.List;
import java.util.OptionalLong;

/// What one call of the guest's program has given: its laps, and the checksum.
public record Run(List<Lap> laps, String sum) {
    /// Guest instructions are 0 where nobody counts them.
    public record Lap(long nanos, long instructions, OptionalLong guestNanos) {}

    public Run {
        laps = List.copyOf(laps);
    }
}
