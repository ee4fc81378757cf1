package org.xenolith.device;

/// A level-triggered wire from a device to an interrupt controller. May be called from any thread,
/// with no lock held.
@FunctionalInterface
public interface InterruptLine {
    void set(boolean asserted);

    /// Not connected to anything.
    InterruptLine UNCONNECTED = asserted -> {};
}
