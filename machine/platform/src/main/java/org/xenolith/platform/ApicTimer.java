package org.xenolith.platform;

import org.xenolith.base.TimerQueue;

/// The timer of a local APIC (SDM vol. 3A, 11.5.4), as arithmetic on given times. It counts at
/// [LocalApic#BUS_HERTZ], one tick a nanosecond, divided. Not safe for threads: its owner holds a
/// lock.
///
/// `counting` says whether it will expire, at `expiryNanos` of the clock. In periodic mode that is
/// a point of the grid of whole periods; the next one, unless periods are shorter than
/// [#PERIOD_NANOS_MIN].
final class ApicTimer {
    /// A periodic timer interrupts no more often than this, so that a guest cannot keep the host
    /// busy with its timer alone. The count that the guest reads is not affected.
    static final long PERIOD_NANOS_MIN = 100_000;

    /// How long to wait at least if the clock says that a TSC deadline has come and the time-stamp
    /// counter disagrees.
    private static final long DEADLINE_RETRY_NANOS = 1_000;

    /// Timer mode, in the order of its encoding.
    enum Mode {
        ONE_SHOT,
        PERIODIC,
        TSC_DEADLINE,
        RESERVED;

        boolean counts() {
            return this == ONE_SHOT || this == PERIODIC;
        }
    }

    private Mode mode = Mode.ONE_SHOT;
    private int initialCount;
    private int divideConfiguration;
    private boolean counting;
    private long expiryNanos;
    private long tscDeadline;

    int initialCount() {
        return initialCount;
    }

    int divideConfiguration() {
        return divideConfiguration;
    }

    long tscDeadline() {
        return tscDeadline;
    }

    /// When [#expire] wants to be called, or [TimerQueue#NEVER].
    long expiryNanos() {
        return counting ? expiryNanos : TimerQueue.NEVER;
    }

    /// Sets the initial count: counts from there, or stops if it is 0.
    void start(int count, long now) {
        if (mode.counts()) {
            initialCount = count;
            counting = count != 0;
            expiryNanos = now;
            if (mode == Mode.ONE_SHOT) {
                expiryNanos += periodNanos();
            } else if (counting) {
                advancePeriods(now);
            }
        }
    }

    /// The count that is left.
    int currentCount(long now) {
        if (!counting || !mode.counts()) {
            return 0;
        }
        return (int) Math.ceilDiv(remainingNanos(now), divisor());
    }

    /// Sets the divisor; the count that is left stays.
    void divideBy(int configuration, long now) {
        int before = divisor();
        long remaining = counting ? remainingNanos(now) : 0;
        divideConfiguration = configuration;
        if (counting && mode.counts()) {
            expiryNanos = now + remaining / before * divisor();
        }
    }

    /// Switches the mode. To and from TSC-deadline mode the timer stops (SDM vol. 3A, 11.5.4.1).
    void mode(Mode next, long now) {
        if (next == mode) {
            return;
        }
        if (mode.counts() && next.counts()) {
            expiryNanos = counting ? now + remainingNanos(now) : 0;
        } else {
            stop();
        }
        mode = next;
    }

    /// Writes IA32_TSC_DEADLINE; 0 disarms.
    void deadline(long deadline, long now, GuestTsc tsc) {
        if (mode == Mode.TSC_DEADLINE) {
            tscDeadline = deadline;
            rearmDeadline(now, tsc);
        }
    }

    /// The relation of the time-stamp counter to the clock has changed.
    void rearmDeadline(long now, GuestTsc tsc) {
        if (mode == Mode.TSC_DEADLINE) {
            counting = tscDeadline != 0;
            expiryNanos = counting ? now + nanosToDeadline(tsc) : 0;
        }
    }

    private long nanosToDeadline(GuestTsc tsc) {
        return GuestTsc.nanosBetween(tsc.ticks().getAsLong(), tscDeadline, tsc.hertz());
    }

    /// Whether the timer has expired by `now`, once however often that was; moves it on.
    boolean expire(long now, GuestTsc tsc) {
        if (!counting || now < expiryNanos) {
            return false;
        }
        switch (mode) {
            case ONE_SHOT -> counting = false;
            case PERIODIC -> advancePeriods(now);
            case TSC_DEADLINE -> {
                long nanos = nanosToDeadline(tsc);
                if (nanos > 0) {
                    expiryNanos = now + Math.max(nanos, DEADLINE_RETRY_NANOS);
                    return false;
                }
                counting = false;
                tscDeadline = 0;
            }
            case RESERVED -> {
                return false;
            }
        }
        return true;
    }

    /// To the first point of the grid that is behind `now` and not too near.
    private void advancePeriods(long now) {
        long period = periodNanos();
        long earliest = period < PERIOD_NANOS_MIN ? now + PERIOD_NANOS_MIN : now + 1;
        expiryNanos += Math.ceilDiv(earliest - expiryNanos, period) * period;
    }

    /// Until the count is 0: in periodic mode from 1 to a period, in one-shot mode from 0.
    private long remainingNanos(long now) {
        return mode == Mode.PERIODIC
                ? Math.floorMod(expiryNanos - now - 1, periodNanos()) + 1
                : Math.max(0, expiryNanos - now);
    }

    private long periodNanos() {
        return Integer.toUnsignedLong(initialCount) * divisor();
    }

    /// Bits 3, 1 and 0 of the divide configuration register: 2 to 128, and 1 for 111B.
    private int divisor() {
        int encoded = divideConfiguration & 3 | divideConfiguration >>> 1 & 4;
        return encoded == 7 ? 1 : 2 << encoded;
    }

    private void stop() {
        initialCount = 0;
        counting = false;
        expiryNanos = 0;
        tscDeadline = 0;
    }

    void reset() {
        stop();
        mode = Mode.ONE_SHOT;
        divideConfiguration = 0;
    }

    /// A TSC deadline needs no remaining time: the counter's state travels with the vCPU. What is
    /// overdue by more than a period is shown as overdue at the same point of the grid.
    LocalApicState.Timer capture(long now) {
        boolean counts = counting && mode.counts();
        long remaining = counts ? expiryNanos - now : 0;
        if (counts && remaining < 0) {
            remaining = mode == Mode.PERIODIC ? -(-remaining % periodNanos()) : 0;
        }
        return new LocalApicState.Timer(
                initialCount, divideConfiguration, counts, remaining, tscDeadline);
    }

    void restore(LocalApicState.Timer state, Mode restoredMode, long now, GuestTsc tsc) {
        mode = restoredMode;
        initialCount = state.initialCount();
        divideConfiguration = state.divideConfiguration();
        counting = state.counting();
        expiryNanos = counting ? now + state.remainingNanos() : 0;
        tscDeadline = state.tscDeadline();
        rearmDeadline(now, tsc);
    }
}
