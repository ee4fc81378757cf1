package org.xenolith.device;

import org.xenolith.base.Bug;
import org.xenolith.base.Clock;
import org.xenolith.base.Threads;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/// Workers on virtual threads: a periodic one has a thread, any other a new one for each time that
/// it is woken. A thread that lives long and sleeps often would keep the frames that it began with,
/// which the JVM interprets for good and is slow to put away and to bring back.
final class ThreadWorkers implements Workers {
    private final Consumer<Throwable> onFailure;
    private final Clock clock = Clock.system();

    ThreadWorkers(Consumer<Throwable> onFailure) {
        this.onFailure = onFailure;
    }

    @Override
    public Worker worker(String name, Runnable step) {
        return new WokenWorker(name, step);
    }

    @Override
    public Worker periodic(String name, long periodNanos, Runnable step) {
        return new PeriodicWorker(name, periodNanos, step);
    }

    @Override
    public void execute(String name, Runnable task) {
        Thread.ofVirtual().name(name).start(() -> guarded(task));
    }

    @Override
    public boolean mayBeDoneByCaller() {
        return true;
    }

    private void guarded(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException | Error e) {
            onFailure.accept(e);
        }
    }

    private final class WokenWorker implements Worker {
        private final String name;
        private final Runnable step;
        private final AtomicReference<Turn> turn = new AtomicReference<>(Turn.NONE);

        /// Held while the step runs.
        private final ReentrantLock running = new ReentrantLock();

        private volatile boolean closing;

        WokenWorker(String name, Runnable step) {
            this.name = name;
            this.step = step;
        }

        /// Always changes the turn, so that what was done before is seen by the step that follows.
        @Override
        public void wake() {
            if (turn.getAndSet(Turn.ANOTHER) == Turn.NONE) {
                start();
            }
        }

        /// One that is always due must not keep others from running: it has a thread for each turn.
        private void start() {
            try {
                Thread.ofVirtual().name(name).start(this::run);
            } catch (OutOfMemoryError e) {
                fail(e);
            }
        }

        private void fail(Throwable failure) {
            closing = true;
            onFailure.accept(failure);
        }

        private void run() {
            turn.getAndSet(Turn.PRESENT);
            running.lock();
            try {
                if (!closing) {
                    step.run();
                }
            } catch (RuntimeException | Error e) {
                fail(e);
            } finally {
                running.unlock();
            }
            if (!turn.compareAndSet(Turn.PRESENT, Turn.NONE)) {
                start();
            }
        }

        @Override
        public void close() {
            Bug.check(!running.isHeldByCurrentThread(), "a worker does not wait for itself");
            closing = true;
            running.lock();
            running.unlock();
        }
    }

    /// What a worker has to do.
    private enum Turn {
        NONE,

        /// A step, which has begun.
        PRESENT,

        /// A step that has not begun; perhaps another runs.
        ANOTHER
    }

    private final class PeriodicWorker implements Worker {
        private final AtomicBoolean due = new AtomicBoolean();
        private final long periodNanos;
        private final Thread thread;
        private volatile boolean closing;

        PeriodicWorker(String name, long periodNanos, Runnable step) {
            this.periodNanos = periodNanos;
            this.thread = Thread.ofVirtual().name(name).unstarted(() -> guarded(() -> run(step)));
            thread.start();
        }

        private void run(Runnable step) {
            while (!closing) {
                awaitDue();
                if (!closing) {
                    step.run();
                }
                if (due.get()) {
                    Thread.yield(); // one that is always due must not keep others from running
                }
            }
        }

        /// Until it is woken, closed, or a period has passed. A wake that was answered without
        /// parking leaves a permit, by which the next park ends at once.
        private void awaitDue() {
            long begin = clock.nanos();
            long left = periodNanos;
            while (!due.getAndSet(false) && !closing && left > 0) {
                LockSupport.parkNanos(this, left);
                left = periodNanos - (clock.nanos() - begin);
            }
        }

        @Override
        public void wake() {
            if (due.compareAndSet(false, true)) {
                LockSupport.unpark(thread);
            }
        }

        @Override
        public void close() {
            Bug.check(Thread.currentThread() != thread, "a worker does not wait for itself");
            closing = true;
            LockSupport.unpark(thread);
            Threads.awaitEnd(thread);
        }
    }
}
