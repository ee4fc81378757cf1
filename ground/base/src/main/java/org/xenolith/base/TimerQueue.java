package org.xenolith.base;

import java.util.Comparator;
import java.util.PriorityQueue;

/// One-shot timers of one machine, in nanoseconds of its [Clock]. Timers may be armed from any
/// thread; they fire on the thread that calls [#runDue], outside the queue's lock.
public final class TimerQueue {
    /// No timer is armed.
    public static final long NEVER = Long.MAX_VALUE;

    private final Clock clock;
    private final PriorityQueue<Timer> armed =
            new PriorityQueue<>(
                    Comparator.comparingLong((Timer timer) -> timer.deadlineNanos)
                            .thenComparingLong(timer -> timer.sequence));
    private Runnable onEarlier = () -> {};
    private long sequence;

    public TimerQueue(Clock clock) {
        this.clock = clock;
    }

    public Clock clock() {
        return clock;
    }

    /// `action` is called whenever the earliest deadline moves forward, so that a sleeping driver
    /// can wake up. Called outside the lock, on the arming thread.
    public synchronized void onEarlier(Runnable action) {
        onEarlier = action;
    }

    /// A timer that is not armed yet. There is one for each device purpose; it is never discarded,
    /// so the queue is bounded by the number of devices.
    public Timer timer(Runnable action) {
        return new Timer(action);
    }

    /// The earliest deadline, or [#NEVER].
    public synchronized long nextDeadlineNanos() {
        var first = armed.peek();
        return first == null ? NEVER : first.deadlineNanos;
    }

    /// Fires every timer whose deadline is not after now. Returns how many fired.
    public int runDue() {
        int fired = 0;
        long now = clock.nanos();
        while (true) {
            Timer due;
            synchronized (this) {
                due = armed.peek();
                if (due == null || due.deadlineNanos - now > 0) {
                    return fired;
                }
                armed.poll();
                due.queued = false;
            }
            due.action.run();
            fired++;
        }
    }

    /// A one-shot timer of this queue.
    public final class Timer {
        private final Runnable action;
        private long deadlineNanos;
        private long sequence;
        private boolean queued;

        private Timer(Runnable action) {
            this.action = action;
        }

        /// Fires once `clock.nanos()` reaches `deadlineNanos`; replaces an earlier arming.
        public void arm(long deadlineNanos) {
            Runnable notify = null;
            synchronized (TimerQueue.this) {
                if (queued) {
                    armed.remove(this);
                }
                this.deadlineNanos = deadlineNanos;
                this.sequence = TimerQueue.this.sequence++;
                queued = true;
                armed.add(this);
                if (armed.peek() == this) {
                    notify = onEarlier;
                }
            }
            if (notify != null) {
                notify.run();
            }
        }

        public void cancel() {
            synchronized (TimerQueue.this) {
                if (queued) {
                    armed.remove(this);
                    queued = false;
                }
            }
        }
    }
}
