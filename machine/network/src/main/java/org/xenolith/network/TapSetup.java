package org.xenolith.network;

import org.xenolith.linux.LinuxException;
import org.xenolith.linux.TapInterface;

/// Makes a tap a port of a bridge, as Xen's script `vif-bridge` does, and says in the operator's
/// words what is in the way.
final class TapSetup {
    /// As high as can be: a bridge takes the lowest address of its ports as its own.
    private static final byte[] ADDRESS = {(byte) 0xFE, -1, -1, -1, -1, -1};

    /// drivers/net/tun.c: `MAX_MTU` less an Ethernet header. A bridge without ports may have more.
    private static final int MTU_MAX = 65_521;

    // asm-generic/errno-base.h
    private static final int EPERM = 1;
    private static final int ENOENT = 2;
    private static final int EACCES = 13;
    private static final int EBUSY = 16;
    private static final int ENODEV = 19;
    private static final int EINVAL = 22;
    private static final int EOPNOTSUPP = 95;

    /// Before the process' id.
    private static final String REHEARSAL_NAME = "trial";

    private final PortKind.Bridge kind;
    private final GuestInterface owner;
    private final String name;

    TapSetup(PortKind.Bridge kind, GuestInterface owner) {
        this.kind = kind;
        this.owner = owner;
        this.name = kind.interfaceName().orElseGet(owner::name);
    }

    /// What was asked for, or else the bridge's.
    int mtu() throws NetworkException {
        try {
            var bridge = TapInterface.mtuOf(kind.name());
            if (bridge.isEmpty()) {
                throw new NetworkException.Refused(noBridge());
            }
            return owner.mtu().orElse(Math.min(bridge.getAsInt(), MTU_MAX));
        } catch (LinuxException e) {
            throw new NetworkException.HostFailed("cannot look at bridge " + kind.name(), e);
        }
    }

    private String noBridge() {
        return "there is no bridge %s on this host".formatted(kind.name());
    }

    TapInterface create(int mtu) throws NetworkException {
        TapInterface tap = make();
        try {
            tap.setMtu(mtu);
            tap.setAddress(ADDRESS);
            tap.joinBridge(kind.name());
            tap.up();
            return tap;
        } catch (LinuxException e) {
            var refusal = explain(e, mtu);
            close(tap, refusal);
            throw refusal;
        }
    }

    /// Makes a tap that is plugged in nowhere, and removes it.
    static void rehearse() {
        try (var tap = TapInterface.create(REHEARSAL_NAME + ProcessHandle.current().pid(), 1)) {
            tap.setMtu(TapInterface.mtuOf(tap.name()).orElseThrow());
            tap.setAddress(ADDRESS);
            tap.retire();
        } catch (LinuxException e) {
            return; // whoever opens a port will be told
        }
    }

    private TapInterface make() throws NetworkException {
        try {
            return TapInterface.create(name, owner.queues());
        } catch (LinuxException e) {
            throw switch (e.errno()) {
                case EPERM, EACCES ->
                        new NetworkException.NotPermitted(
                                "only root may make the tap %s; type=passt needs no rights"
                                        .formatted(name),
                                e);
                case EBUSY, EINVAL ->
                        new NetworkException.Refused(
                                "there is a network interface %s already".formatted(name), e);
                case ENOENT, ENODEV ->
                        new NetworkException.Refused(
                                "this host has no /dev/net/tun (kernel module tun)", e);
                case 0 -> new NetworkException.Refused("taps are for Linux on x86-64 or arm64", e);
                default -> new NetworkException.HostFailed("cannot make the tap " + name, e);
            };
        }
    }

    private NetworkException explain(LinuxException e, int mtu) {
        return switch (e.call()) {
            case "SIOCBRADDIF" ->
                    switch (e.errno()) {
                        case EPERM ->
                                new NetworkException.NotPermitted(
                                        "only root may add %s to bridge %s"
                                                .formatted(name, kind.name()),
                                        e);
                        case EOPNOTSUPP ->
                                new NetworkException.Refused(kind.name() + " is not a bridge", e);
                        case ENODEV -> new NetworkException.Refused(noBridge(), e);
                        default ->
                                new NetworkException.HostFailed(
                                        "cannot add %s to bridge %s".formatted(name, kind.name()),
                                        e);
                    };
            case "SIOCSIFMTU" ->
                    new NetworkException.Refused(
                            "%s cannot have an MTU of %d".formatted(name, mtu), e);
            default -> new NetworkException.HostFailed("cannot set up the tap " + name, e);
        };
    }

    private static void close(TapInterface tap, NetworkException reason) {
        try {
            tap.close();
        } catch (LinuxException e) {
            reason.addSuppressed(e);
        }
    }
}
