package org.xenolith.pv.block;

import org.xenolith.base.Clock;

/// Whether the requests of a ring take less time than to have another thread perform them: then
/// whoever hears of a request performs it. That is so while the host has the disk in its memory.
///
/// Judged by a moving mean of what requests have taken, whoever has performed them. One that waits
/// for a disk outweighs dozens that do not. May be used from any thread; what two threads say at
/// once may count as one.
final class Promptness {
    /// To wake a thread, and to hear of its answer, takes two processors about as long.
    static final long PROMPT_NANOS = 100_000;

    /// For how long a vCPU is kept from the guest's program at a time, but for the request that it
    /// is at.
    static final long TURN_NANOS = 250_000;

    /// Requests that take longer count as this long.
    private static final long LONGEST_NANOS = 10_000_000;

    /// The last request counts for one part in so many.
    private static final int WEIGHT = 8;

    private final Clock clock;

    /// Requests are not prompt before they have been seen to be.
    private volatile long meanNanos = 2 * PROMPT_NANOS;

    Promptness(Clock clock) {
        this.clock = clock;
    }

    /// Whether the next request is likely to be prompt.
    boolean isExpected() {
        return meanNanos < PROMPT_NANOS;
    }

    /// Whether who has begun at `begin` to perform requests may perform one more.
    boolean allowsMore(long begin) {
        return isExpected() && clock.nanos() - begin < TURN_NANOS;
    }

    /// The time now.
    long begin() {
        return clock.nanos();
    }

    /// A request has been performed since `begin`, or if not `done` would have had to wait.
    void ended(long begin, boolean done) {
        long nanos = done ? Math.min(clock.nanos() - begin, LONGEST_NANOS) : LONGEST_NANOS;
        meanNanos += (nanos - meanNanos) / WEIGHT;
    }
}
