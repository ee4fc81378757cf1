package org.xenolith.board;

import org.xenolith.device.Worker;
import org.xenolith.device.Workers;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;

/// Workers that do nothing before they are let go: the back ends of a machine that has arrived but
/// may not start yet must not touch its disks, and its memory must stay as it came.
final class HeldWorkers implements Workers {
    private final Workers workers;

    /// Whether somebody waits for the vCPUs to stop: then they do nothing but their own.
    private final BooleanSupplier areVcpusToStop;

    /// Those that may have been woken. Guarded by this object.
    private final List<Worker> waiting = new ArrayList<>();

    private volatile boolean free;

    HeldWorkers(Workers workers, BooleanSupplier areVcpusToStop) {
        this.workers = workers;
        this.areVcpusToStop = areVcpusToStop;
    }

    /// They work from now on.
    void letGo() {
        List<Worker> all;
        synchronized (this) {
            free = true;
            all = List.copyOf(waiting);
            waiting.clear();
        }
        all.forEach(Worker::wake);
    }

    @Override
    public Worker worker(String name, Runnable step) {
        return held(workers.worker(name, () -> run(step)));
    }

    @Override
    public Worker periodic(String name, long periodNanos, Runnable step) {
        return held(workers.periodic(name, periodNanos, () -> run(step)));
    }

    /// Asked for by steps only.
    @Override
    public void execute(String name, Runnable task) {
        workers.execute(name, task);
    }

    @Override
    public boolean mayBeDoneByCaller() {
        return free && !areVcpusToStop.getAsBoolean() && workers.mayBeDoneByCaller();
    }

    private void run(Runnable step) {
        if (free) {
            step.run();
        }
    }

    private synchronized Worker held(Worker worker) {
        if (!free) {
            waiting.add(worker);
        }
        return worker;
    }
}
