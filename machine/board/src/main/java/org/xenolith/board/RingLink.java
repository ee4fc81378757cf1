package org.xenolith.board;

import org.xenolith.base.Bug;
import org.xenolith.base.DomainId;
import org.xenolith.xen.BackendChannel;
import org.xenolith.xen.XenDomain;

/// The event channel between a back end of this process and the guest.
final class RingLink {
    private final XenDomain xen;
    private final int port;
    private volatile BackendChannel channel;

    /// A port that waits for [#connect].
    RingLink(XenDomain xen) {
        this.xen = xen;
        this.port =
                xen.offerPort(DomainId.CONTROL)
                        .orElseThrow(() -> new Bug("a new domain has free ports"));
    }

    int port() {
        return port;
    }

    void connect(Runnable onNotify) {
        channel =
                xen.connectBackend(port, onNotify)
                        .orElseThrow(() -> new Bug("a new port waits for its back end"));
    }

    void notifyGuest() {
        var connected = channel;
        if (connected != null) {
            connected.notifyFrontend();
        }
    }
}
