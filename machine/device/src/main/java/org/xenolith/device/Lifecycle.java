package org.xenolith.device;

import java.util.concurrent.CompletableFuture;

/// The life of a device that has threads or work of its own. `board` calls it, in this order:
/// `start`, then any number of `pause` and `resume` pairs, or `reset` while paused, then `halt`.
public interface Lifecycle {
    /// Called once, before the first vCPU runs.
    void start();

    /// Stop making work for others. Until [#resume] the device accepts and holds what it is given.
    void pause();

    /// Completes when nothing more will come from the device.
    CompletableFuture<Void> paused();

    void resume();

    /// Back to the state after `start`; only while paused.
    void reset();

    /// For good: threads end, host resources are given back. May be called in any state.
    void halt();
}
