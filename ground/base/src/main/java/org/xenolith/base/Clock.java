package org.xenolith.base;

import java.time.Instant;

/// The port of time. Only this module names the system clock.
public interface Clock {
    /// Monotonic nanoseconds from an arbitrary origin; never decreases.
    long nanos();

    /// Nanoseconds since 1970-01-01T00:00:00Z.
    long wallNanos();

    /// Whether [#nanos] is what [System#nanoTime] answers, so that others may ask the host instead.
    default boolean isHosts() {
        return false;
    }

    /// The clock of this host.
    static Clock system() {
        return new Clock() {
            @Override
            public long nanos() {
                return System.nanoTime();
            }

            @Override
            public long wallNanos() {
                var now = Instant.now();
                return now.getEpochSecond() * 1_000_000_000L + now.getNano();
            }

            @Override
            public boolean isHosts() {
                return true;
            }
        };
    }
}
