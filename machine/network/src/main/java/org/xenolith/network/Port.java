package org.xenolith.network;

import java.io.Closeable;
import java.io.IOException;

/// What a guest's network interface is plugged into: a switch of ours, a tap of the host, passt.
///
/// A port that loses the world (the program at the other end has ended) keeps taking frames and
/// drops them. May be used from any thread.
public interface Port extends AutoCloseable {
    /// Frames for the guest go to `guest` from now on, until [#close]. Called once. They may have
    /// anything left undone; what the guest cannot do itself is done by its back end.
    void open(FrameSink guest);

    /// Takes the guest's frames.
    FrameSink world();

    /// What frames may leave undone when they are offered to [#world]. Whatever the guest may not
    /// leave undone is done by its back end before.
    Offloads offloads();

    /// Bytes of the longest packet behind the Ethernet header, 68 to 65,535, segmentation aside.
    int mtu();

    /// Whether there is a world at the other end now.
    boolean carrier();

    /// For people and for xenstore: `bridge xenbr0`, `passt`, `network lab`.
    String description();

    /// Closes the port as far as another one, of the same name or in the same place, needs it. No
    /// frame passes after this returns.
    ///
    /// @return the rest, which nobody needs to wait for: to be closed once, instead of this
    default Closeable vacate() throws IOException {
        close();
        return () -> {};
    }

    /// Gives back what the port holds of the host. No frame reaches the guest after this returns.
    @Override
    void close() throws IOException;
}
