package org.xenolith.mirror.protocol;

/// The time between checkpoints. It is what was asked for, unless the backup cannot follow, or
/// taking them would cost too much of the guest's time: then it is longer at once, and comes back
/// step by step.
final class Pace {
    /// Of the time the machine stands still for at most one part in so many.
    private static final int PAUSE_SHARE = 8;

    /// The way back is made in so many steps, each a part of what is left.
    private static final int STEPS_BACK = 8;

    private final long leastNanos;
    private final long mostNanos;
    private long interval;
    private long lastPauseNanos;

    Pace(long leastNanos, long mostNanos) {
        this.leastNanos = leastNanos;
        this.mostNanos = mostNanos;
        this.interval = leastNanos;
    }

    long intervalNanos() {
        return interval;
    }

    void paused(long nanos) {
        lastPauseNanos = nanos;
    }

    /// @param lagNanos from the beginning of a checkpoint until it was committed
    void committed(long lagNanos) {
        long follows = lagNanos / MirrorOptions.OUTSTANDING_MAX;
        long wanted = Math.max(leastNanos, Math.max(follows, PAUSE_SHARE * lastPauseNanos));
        wanted = Math.min(wanted, mostNanos);
        long back = (interval - wanted + STEPS_BACK - 1) / STEPS_BACK;
        interval = Math.max(wanted, interval - Math.max(0, back));
    }
}
