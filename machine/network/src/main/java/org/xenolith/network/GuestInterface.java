package org.xenolith.network;

import org.xenolith.base.DomainId;

import java.util.OptionalInt;

/// Which network interface of which guest a port is opened for.
///
/// @param device its number on the xenbus
/// @param queues as many as the guest may use, 1 to [#QUEUES_MAX]
/// @param mtu `mtu` of xl.cfg, 68 to 65,535; else the port's own choice
public record GuestInterface(DomainId domain, int device, int queues, OptionalInt mtu) {
    public static final int QUEUES_MAX = 16;
    public static final int MTU_MIN = 68;
    public static final int MTU_MAX = 65_535;

    public GuestInterface {
        if (device < 0) {
            throw new IllegalArgumentException("device " + device);
        }
        if (queues < 1 || queues > QUEUES_MAX) {
            throw new IllegalArgumentException(
                    "%d queues are outside 1..%d".formatted(queues, QUEUES_MAX));
        }
        if (mtu.isPresent() && (mtu.getAsInt() < MTU_MIN || mtu.getAsInt() > MTU_MAX)) {
            throw new IllegalArgumentException(
                    "an MTU of %d is outside %d..%d".formatted(mtu.getAsInt(), MTU_MIN, MTU_MAX));
        }
    }

    /// As Xen names it in the control domain, and we in messages: `vif3.0`.
    public String name() {
        return "vif%s.%d".formatted(domain, device);
    }
}
