package org.xenolith.testkit;

import org.xenolith.base.Clock;

/// A clock that stands still until a test moves it. May be read and moved from any thread.
public final class ManualClock implements Clock {
    private long nanos;

    /// Begins at `nanos`; the wall clock shows the same number.
    public ManualClock(long nanos) {
        this.nanos = nanos;
    }

    /// Moves time on by `nanosMore`, which must not be negative.
    public synchronized void advance(long nanosMore) {
        if (nanosMore < 0) {
            throw new IllegalArgumentException("time does not run backwards");
        }
        nanos += nanosMore;
    }

    @Override
    public synchronized long nanos() {
        return nanos;
    }

    @Override
    public synchronized long wallNanos() {
        return nanos;
    }
}
