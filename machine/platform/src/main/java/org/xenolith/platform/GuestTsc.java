package org.xenolith.platform;

import java.util.function.LongSupplier;

/// A vCPU's time-stamp counter, as its local APIC needs it: `ticks` reads it, from any thread, also
/// while the vCPU runs; it counts `hertz` ticks a second.
public record GuestTsc(LongSupplier ticks, long hertz) {
    /// So that a second's ticks times a second's nanoseconds fit 64 bits.
    public static final long HERTZ_MAX = 10_000_000_000L;

    private static final long NANOS = 1_000_000_000L;

    /// 73 years: no timer waits longer.
    private static final long NANOS_MAX = 1L << 61;

    public GuestTsc {
        if (hertz <= 0 || hertz > HERTZ_MAX) {
            throw new IllegalArgumentException(
                    hertz + " Hz is no frequency of a time-stamp counter");
        }
    }

    /// How long from `now` until the counter is at `deadline`, rounded up; 0 if it is past.
    static long nanosBetween(long now, long deadline, long hertz) {
        if (Long.compareUnsigned(deadline, now) <= 0) {
            return 0;
        }
        long ticks = deadline - now;
        long seconds = Long.divideUnsigned(ticks, hertz);
        if (seconds >= NANOS_MAX / NANOS) {
            return NANOS_MAX;
        }
        long rest = Long.remainderUnsigned(ticks, hertz);
        return seconds * NANOS + Long.divideUnsigned(rest * NANOS + hertz - 1, hertz);
    }
}
