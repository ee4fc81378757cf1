package org.xenolith.board;

import org.xenolith.base.Bug;
import org.xenolith.base.DomainId;
import org.xenolith.xen.BackendChannel;
import org.xenolith.xen.XenDomain;

import java.util.function.IntSupplier;

/// The event channel between a back end of this process and the guest.
final class RingLink {
    private final XenDomain xen;

    /// Of the guest; told when it is needed, since a restored guest says it itself.
    private final IntSupplier port;

    private volatile BackendChannel channel;

    private RingLink(XenDomain xen, IntSupplier port) {
        this.xen = xen;
        this.port = port;
    }

    /// With a new port, that waits for [#connect].
    static RingLink offer(XenDomain xen) {
        int port =
                xen.offerPort(DomainId.CONTROL)
                        .orElseThrow(() -> new Bug("a new domain has free ports"));
        return new RingLink(xen, () -> port);
    }

    /// With the port that a parameter of a restored guest names (`HVM_PARAM_*_EVTCHN`).
    static RingLink at(XenDomain xen, int param) {
        return new RingLink(xen, () -> (int) xen.hvmParam(param));
    }

    int port() {
        return port.getAsInt();
    }

    void connect(Runnable onNotify) {
        Bug.check(tryConnect(onNotify), "a new port waits for its back end");
    }

    /// False if the guest has closed the port.
    boolean tryConnect(Runnable onNotify) {
        var connected = xen.connectBackend(port(), onNotify);
        channel = connected.orElse(null);
        return connected.isPresent();
    }

    void notifyGuest() {
        var connected = channel;
        if (connected != null) {
            connected.notifyFrontend();
        }
    }
}
