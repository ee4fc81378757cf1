package org.xenolith.device;

import org.xenolith.state.StateCodec;
import org.xenolith.state.StateException;

/// A device keeps one state record and nothing else that the guest could notice.
///
/// All calls may come from any vCPU or back-end thread; a device guards itself with its own lock
/// and holds no lock while it calls out.
public interface Device<S extends Record> {
    /// The complete guest-visible state. Called only while paused; must not wait.
    S capture();

    /// Makes this device indistinguishable from the one that produced `state`.
    void restore(S state) throws StateException;

    /// The wire form of its states.
    StateCodec<S> codec();

    /// Whether a machine that holds this device can move.
    Migratability migratability();
}
