package org.xenolith.device;

import org.xenolith.base.Clock;

/// Whether what a guest asks of a back end takes less time than to have another thread do it: then
/// whoever hears of it does it, which is the vCPU that asks.
///
/// Judged by a moving mean of what it has taken, whoever has done it. What waits for a disk
/// outweighs dozens of requests that do not. May be used from any thread; what two threads say at
/// once may count as one.
public final class Promptness {
    /// To wake a thread, and to hear of its answer, takes two processors about as long.
    public static final long PROMPT_NANOS = 100_000;

    /// For how many nanoseconds a vCPU is kept from the guest's program at a time, but for the
    /// request that it is at.
    public static final long TURN_NANOS = 250_000;

    /// What takes longer counts as this long.
    private static final long LONGEST_NANOS = 10_000_000;

    /// The last request counts for one part in so many.
    private static final int WEIGHT = 8;

    private final Clock clock;

    /// Nothing is prompt before it has been seen to be.
    private volatile long meanNanos = 2 * PROMPT_NANOS;

    public Promptness(Clock clock) {
        this.clock = clock;
    }

    /// Whether the next request is likely to take no longer than [#PROMPT_NANOS].
    public boolean isExpected() {
        return meanNanos < PROMPT_NANOS;
    }

    /// Whether who has begun at `begin` to perform requests may perform one more.
    public boolean allowsMore(long begin) {
        return isExpected() && clock.nanos() - begin < TURN_NANOS;
    }

    /// The time now.
    public long begin() {
        return clock.nanos();
    }

    /// A request has been performed since `begin`, or if not `done` would have had to wait.
    public void ended(long begin, boolean done) {
        long nanos = done ? Math.min(clock.nanos() - begin, LONGEST_NANOS) : LONGEST_NANOS;
        meanNanos += (nanos - meanNanos) / WEIGHT;
    }
}
