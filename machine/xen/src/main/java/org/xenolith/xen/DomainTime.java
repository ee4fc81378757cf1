package org.xenolith.xen;

import org.xenolith.base.Clock;
import org.xenolith.base.TimerQueue;

/// Xen's *system time* of a domain: nanoseconds since it was created. Timers of guests count in it.
final class DomainTime {
    /// No timer is set.
    static final long NEVER = Long.MAX_VALUE;

    /// Beyond any deadline that a machine will live to see: about 73 years.
    private static final long FAR_NANOS = 1L << 61;

    private final TimerQueue timers;
    private final Clock clock;
    private final DomainLock lock;

    /// Clock time at which system time was 0.
    private volatile long origin;

    DomainTime(TimerQueue timers, DomainLock lock) {
        this.timers = timers;
        this.lock = lock;
        this.clock = timers.clock();
        this.origin = clock.nanos();
    }

    /// System time now.
    long now() {
        return clock.nanos() - origin;
    }

    /// Nanoseconds since 1970 at system time 0.
    long wallNanosAtZero() {
        return clock.wallNanos() - now();
    }

    /// Continues from `systemTime`.
    void restore(long systemTime) {
        origin = clock.nanos() - systemTime;
    }

    /// A timer for one purpose; `action` is called without the domain's lock.
    DomainTimer timer(Runnable action) {
        return new DomainTimer(action);
    }

    /// A one-shot timer in system time. Guarded by the domain's lock, but for its firing. The queue
    /// learns of a change when the lock is free: it may call its listener.
    final class DomainTimer {
        private final TimerQueue.Timer timer;
        private volatile long deadline = NEVER;

        private DomainTimer(Runnable action) {
            this.timer = timers.timer(action);
        }

        /// Fires at `systemTime`, at once if that has passed.
        void set(long systemTime) {
            deadline = systemTime == NEVER ? NEVER - 1 : systemTime;
            lock.afterwards(this::tellQueue);
        }

        void stop() {
            if (deadline != NEVER) {
                deadline = NEVER;
                lock.afterwards(this::tellQueue);
            }
        }

        // Another thread may change the deadline meanwhile: whoever is last tells the last one.
        private void tellQueue() {
            long told;
            do {
                told = deadline;
                if (told == NEVER) {
                    timer.cancel();
                } else {
                    long wait = Math.clamp(saturatedDifference(told, now()), 0, FAR_NANOS);
                    timer.arm(clock.nanos() + wait);
                }
            } while (told != deadline);
        }

        /// Whether it is set and due; then it is no longer set. To be asked by the action, under
        /// the lock: what fires late, after it was stopped or set anew, is not due.
        boolean takeDue() {
            if (deadline == NEVER || deadline > now()) {
                return false;
            }
            deadline = NEVER;
            return true;
        }

        /// System time at which it fires, or [#NEVER].
        long deadline() {
            return deadline;
        }

        void restore(long systemTime) {
            if (systemTime == NEVER) {
                stop();
            } else {
                set(systemTime);
            }
        }
    }

    private static long saturatedDifference(long a, long b) {
        long difference = a - b;
        boolean overflow = ((a ^ b) & (a ^ difference)) < 0;
        return overflow ? (a < 0 ? Long.MIN_VALUE : Long.MAX_VALUE) : difference;
    }
}
