package org.xenolith.xen;

/// The back end's end of an event channel, of a back end in our process. All methods may be called
/// from any thread.
public interface BackendChannel extends AutoCloseable {
    /// The guest's port at the other end.
    int frontendPort();

    /// Tells the guest. Does nothing once either end has closed.
    void notifyFrontend();

    /// Disconnects. The guest's port waits for a new connection.
    @Override
    void close();
}
