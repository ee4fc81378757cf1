package org.xenolith.base;

import java.util.function.LongSupplier;

/// Time that goes by as instructions are executed, one nanosecond for each, and as its owner says;
/// so it is the same in every run. It begins at 0, on 1 January 2000 (UTC).
///
/// One thread lets it go on; any may read it.
public final class CountedClock implements Clock {
    private static final long WALL_NANOS_AT_ZERO = 946_684_800_000_000_000L;

    private final Clock host;
    private volatile long nanos;

    /// What is being counted, or null; and where it began.
    private volatile LongSupplier counter;

    private volatile long counterStart;

    /// The host's time at which this one was, or would have been, 0.
    private long hostOrigin;

    public CountedClock(Clock host) {
        this.host = host;
        begin();
    }

    @Override
    public long nanos() {
        var counting = counter;
        return counting == null ? nanos : nanos + counting.getAsLong() - counterStart;
    }

    @Override
    public long wallNanos() {
        return WALL_NANOS_AT_ZERO + nanos();
    }

    /// From now on `instructions` counts, until [#stopCounting].
    public void count(LongSupplier instructions) {
        counterStart = instructions.getAsLong();
        counter = instructions;
    }

    public void stopCounting() {
        nanos = nanos();
        counter = null;
    }

    public void advance(long byNanos) {
        nanos += byNanos;
    }

    /// Goes on to a point of its time, unless that has passed.
    public void advanceTo(long atNanos) {
        nanos = Math.max(nanos, atNanos);
    }

    /// The host's time goes on with this one from here: what it was ahead or behind is forgotten.
    public void begin() {
        hostOrigin = host.nanos() - nanos;
    }

    /// How long it takes until as much of the host's time has gone by as of this one at `atNanos`;
    /// negative if it has already. For those who wait, not for the guest.
    public long hostNanosUntil(long atNanos) {
        return atNanos + hostOrigin - host.nanos();
    }
}
