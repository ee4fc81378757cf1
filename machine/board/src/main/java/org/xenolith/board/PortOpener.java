package org.xenolith.board;

import org.xenolith.network.GuestInterface;
import org.xenolith.network.NetworkException;
import org.xenolith.network.Port;
import org.xenolith.network.PortKind;

/// Opens what network interfaces are plugged into, as [org.xenolith.network.Ports#open] does. May
/// be used from any thread.
@FunctionalInterface
public interface PortOpener {
    /// For domains without network interfaces.
    PortOpener NONE =
            (kind, owner) -> {
                throw new NetworkException.Refused(
                        "there is no %s for %s".formatted(kind, owner.name()));
            };

    Port open(PortKind kind, GuestInterface owner) throws NetworkException;
}
