package org.xenolith.board;

import org.xenolith.device.Worker;
import org.xenolith.device.Workers;

/// Does the work of back ends on the driver's thread, between two slices of a machine that must do
/// the same in every run: disks are read and written while the guest's time stands still.
final class DriverWorkers implements Workers {
    private final Driver driver;

    DriverWorkers(Driver driver) {
        this.driver = driver;
    }

    @Override
    public Worker worker(String name, Runnable step) {
        return new DriverWorker(step);
    }

    /// The host's time is not the machine's: the step runs only when it was woken.
    @Override
    public Worker periodic(String name, long periodNanos, Runnable step) {
        return new DriverWorker(step);
    }

    @Override
    public void execute(String name, Runnable task) {
        task.run();
    }

    @Override
    public boolean mayBeDoneByCaller() {
        return false;
    }

    private final class DriverWorker implements Worker {
        private final Runnable turn = this::run;
        private final Runnable step;
        private boolean closed;

        DriverWorker(Runnable step) {
            this.step = step;
        }

        /// Guarded as a whole: whoever closes the worker waits for the step.
        private synchronized void run() {
            if (!closed) {
                step.run();
            }
        }

        @Override
        public void wake() {
            driver.requestOnce(turn);
        }

        @Override
        public synchronized void close() {
            closed = true;
        }
    }
}
