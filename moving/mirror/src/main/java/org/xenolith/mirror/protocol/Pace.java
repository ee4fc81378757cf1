package org.xenolith.mirror.protocol;

import java.util.Arrays;

/// When the next checkpoint is due.
///
/// - *Regularly* so long after the one before as was asked for; later if the backup cannot follow,
///   at once, and back step by step.
/// - *Settled*, if output waits and the guest has nothing more to do: soon, for nothing would be
///   gained by waiting.
/// - *Not before it can be paid for.* In the mean the machine stands still for at most one part in
///   [#PAUSE_SHARE] of the time. What is not used is saved, up to [#SAVED_EPOCHS]' worth, so that a
///   few checkpoints may follow each other at once after a while in which they did not.
///
/// Of pauses and lags the middle one of the last three counts: one that is long once is the host's
/// doing (a collection of garbage, another process), and to take fewer checkpoints would not make
/// it shorter.
final class Pace {
    /// Of the time the machine stands still for at most one part in so many.
    static final int PAUSE_SHARE = 8;

    /// What is saved for later is at most what so many regular epochs may stand still for.
    private static final int SAVED_EPOCHS = 4;

    /// An epoch that is settled ends after one part in so many of the regular time at the earliest.
    private static final int SETTLED_PART = 8;

    /// The way back is made in so many steps, each a part of what is left.
    private static final int STEPS_BACK = 2;

    /// The middle one of the last three.
    private static final class Usual {
        private final long[] last = new long[3];
        private int place;

        long with(long value) {
            last[place] = value;
            place = (place + 1) % last.length;
            var sorted = last.clone();
            Arrays.sort(sorted);
            return sorted[last.length / 2];
        }
    }

    private final long leastNanos;
    private final long mostNanos;
    private final Usual pauses = new Usual();
    private final Usual lags = new Usual();
    private long interval;

    /// For how long the machine may stand still at once; less than nothing if it has for too long.
    private long saved;

    private long savedAt;

    Pace(long leastNanos, long mostNanos) {
        this.leastNanos = leastNanos;
        this.mostNanos = mostNanos;
        this.interval = leastNanos;
        this.saved = savedMax();
    }

    private long savedMax() {
        return SAVED_EPOCHS * leastNanos / PAUSE_SHARE;
    }

    /// From one regular checkpoint to the next.
    long intervalNanos() {
        return interval;
    }

    /// When the checkpoint is due that follows the one begun at `begunNanos`.
    ///
    /// @param settled output waits for it, and the guest has nothing more to do
    long dueNanos(long begunNanos, boolean settled) {
        long wanted = begunNanos + (settled ? leastNanos / SETTLED_PART : interval);
        long paid = savedAt - Math.min(0, saved) * PAUSE_SHARE;
        return Math.min(Math.max(wanted, paid), begunNanos + mostNanos);
    }

    /// A checkpoint has been taken.
    ///
    /// @param pauseNanos for how long the machine stood still
    void paused(long nowNanos, long pauseNanos) {
        long more = (nowNanos - savedAt) / PAUSE_SHARE;
        saved = Math.min(saved + more, savedMax()) - pauses.with(pauseNanos);
        saved = Math.max(saved, -mostNanos / PAUSE_SHARE);
        savedAt = nowNanos;
    }

    /// @param lagNanos from the beginning of a checkpoint until it was committed
    void committed(long lagNanos) {
        long follows = lags.with(lagNanos) / MirrorOptions.OUTSTANDING_MAX;
        long wanted = Math.clamp(follows, leastNanos, mostNanos);
        long back = (interval - wanted + STEPS_BACK - 1) / STEPS_BACK;
        interval = Math.max(wanted, interval - Math.max(0, back));
    }
}
