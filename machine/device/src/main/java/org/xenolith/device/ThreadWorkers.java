package org.xenolith.device;

import org.xenolith.base.Bug;
import org.xenolith.base.Threads;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/// Workers with a virtual thread each.
final class ThreadWorkers implements Workers {
    private final Consumer<Throwable> onFailure;

    ThreadWorkers(Consumer<Throwable> onFailure) {
        this.onFailure = onFailure;
    }

    @Override
    public Worker worker(String name, Runnable step) {
        return new ThreadWorker(name, 0, step);
    }

    @Override
    public Worker periodic(String name, long periodNanos, Runnable step) {
        return new ThreadWorker(name, periodNanos, step);
    }

    @Override
    public void execute(String name, Runnable task) {
        Thread.ofVirtual().name(name).start(() -> guarded(task));
    }

    private void guarded(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException | Error e) {
            onFailure.accept(e);
        }
    }

    private final class ThreadWorker implements Worker {
        private final AtomicBoolean due = new AtomicBoolean();
        private final long periodNanos;
        private final Thread thread;
        private volatile boolean closing;

        /// `periodNanos` is 0 for a step that runs only when it is due.
        ThreadWorker(String name, long periodNanos, Runnable step) {
            this.periodNanos = periodNanos;
            this.thread = Thread.ofVirtual().name(name).unstarted(() -> guarded(() -> run(step)));
            thread.start();
        }

        private void run(Runnable step) {
            while (!closing) {
                boolean waited = false;
                while (!due.getAndSet(false) && !closing && !(waited && periodNanos > 0)) {
                    if (periodNanos > 0) {
                        LockSupport.parkNanos(this, periodNanos);
                    } else {
                        LockSupport.park(this);
                    }
                    waited = true;
                }
                if (!closing) {
                    step.run();
                }
                if (due.get()) {
                    Thread.yield(); // one that is always due must not keep others from running
                }
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
