package org.xenolith.device;

import java.util.function.Consumer;

/// On which threads back ends do their work. The board chooses: threads of their own, or turns
/// between the slices of a machine that must do the same in every run.
public interface Workers {
    /// A worker that runs `step` whenever it has been woken, one step at a time.
    Worker worker(String name, Runnable step);

    /// The same; where time is the host's it also runs `step` when it was not woken for
    /// `periodNanos`.
    Worker periodic(String name, long periodNanos, Runnable step);

    /// Runs `task`, which may wait: on another thread, or to its end before this returns. Who calls
    /// bounds how many there are.
    void execute(String name, Runnable task);

    /// Whether who has something for a worker may do it himself at once, if that takes no longer
    /// than to wake another: not where the machine decides what is done when, nor while its vCPUs
    /// are to stop.
    boolean mayBeDoneByCaller();

    /// Virtual threads. `onFailure` is told what a step or a task throws, which is a mistake of
    /// ours.
    static Workers virtualThreads(Consumer<Throwable> onFailure) {
        return new ThreadWorkers(onFailure);
    }
}
