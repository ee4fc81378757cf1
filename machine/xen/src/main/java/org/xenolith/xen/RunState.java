package org.xenolith.xen;

/// What a vCPU is doing, as its runstate area shows it (`RUNSTATE_*`, xen/include/public/vcpu.h).
/// The order is that of the numbers.
public enum RunState {
    /// It executes instructions.
    RUNNING,
    /// It could, but has no processor.
    RUNNABLE,
    /// It waits for an event.
    BLOCKED,
    /// It is down, or its domain is paused.
    OFFLINE
}
