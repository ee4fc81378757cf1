package org.xenolith.board;

import static org.xenolith.board.DomainException.require;

import org.xenolith.base.DomainId;
import org.xenolith.network.GuestInterface;
import org.xenolith.network.NetworkException;
import org.xenolith.network.Port;
import org.xenolith.network.PortKind;
import org.xenolith.pv.network.NetworkBackend;
import org.xenolith.pv.network.NetworkState;
import org.xenolith.pv.xenbus.XenbusException;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.SortedMap;
import java.util.TreeMap;

/// The network interfaces of a machine: a back end for each, and a port of the host or of a switch.
final class MachineInterfaces implements Interfaces, AutoCloseable {
    private final NetworkBackend.Surroundings around;

    /// As the host knows the domain, which is another than the guest knows after a restore.
    private final DomainId host;

    private final PortOpener ports;
    private final int queuesMax;

    /// By number. Guarded by this object.
    private final SortedMap<Integer, Attached> attached = new TreeMap<>();

    /// Guarded by this object.
    private final OpeningPorts opening;

    private boolean closed;

    /// How often something has come or gone. Guarded by this object.
    private long changes;

    /// Whether frames may reach the guest. Guarded by this object.
    private boolean begun;

    private record Attached(VifConfig config, PortSlot port, NetworkBackend backend) {}

    MachineInterfaces(
            NetworkBackend.Surroundings around, DomainId host, PortOpener ports, int vcpus) {
        this.around = around;
        this.host = host;
        this.ports = ports;
        this.opening = new OpeningPorts(ports);
        this.queuesMax = Math.min(vcpus, NetworkBackend.QUEUES_MAX);
    }

    /// @param vif with its number and its address
    @Override
    public synchronized VifConfig attach(VifConfig vif) throws DomainException {
        require(!closed, "the domain is going down");
        require(
                attached.size() < DomainConfig.VIFS_MAX,
                "there are %d network interfaces already".formatted(DomainConfig.VIFS_MAX));
        int devid = vif.devid().orElseThrow();
        require(!attached.containsKey(devid), "vif %d is there already".formatted(devid));
        var port = new PortSlot(open(vif, devid, vif.mtu()));
        var backend = NetworkBackend.publish(around, settings(vif, devid), port);
        attached.put(devid, new Attached(vif, port, backend));
        changes++;
        if (begun) {
            port.begin();
        }
        return vif;
    }

    /// Frames may reach the guest from now on.
    synchronized void begin() {
        begun = true;
        attached.values().forEach(vif -> vif.port.begin());
    }

    private NetworkBackend.Settings settings(VifConfig vif, int devid) {
        return new NetworkBackend.Settings(
                devid,
                vif.mac().orElseThrow(),
                vif.rate(),
                queuesMax,
                vif.trusted(),
                toolNodes(vif, devid));
    }

    /// Begins to open the ports of these, which [#restore] needs: nobody else may have them any
    /// more.
    synchronized void openAhead(List<VifConfig> vifs) {
        for (var vif : vifs) {
            opening.begin(vif.kind(), owner(vif.devid().orElseThrow(), vif.mtu()));
        }
    }

    /// The interfaces of a machine that has been restored: those that the guest has go on where
    /// they were, plugged into ports that are opened anew; others are plugged in. The guest must
    /// not miss one.
    ///
    /// @param states of those that the guest has, by number
    void restore(List<VifConfig> vifs, Map<Integer, NetworkState> states) throws DomainException {
        RestoredStates.requireConfigured(
                "network interfaces",
                NetworkBackend.known(around),
                vifs.stream().map(vif -> vif.devid().orElseThrow()));
        for (var vif : vifs) {
            int devid = vif.devid().orElseThrow();
            if (NetworkBackend.exists(around, devid)) {
                require(states.containsKey(devid), "vif %d has no state".formatted(devid));
                takeOver(vif, states.get(devid));
            } else {
                attach(vif);
            }
        }
    }

    private synchronized void takeOver(VifConfig vif, NetworkState state) throws DomainException {
        int devid = vif.devid().orElseThrow();
        var port = new PortSlot(open(vif, devid, vif.mtu()));
        try {
            var backend = NetworkBackend.takeOver(around, settings(vif, devid), port, state);
            attached.put(devid, new Attached(vif, port, backend));
        } catch (XenbusException e) {
            closeAfter(e, port);
            throw new DomainException(
                    "vif %d cannot go on: %s".formatted(devid, e.getMessage()), e);
        }
    }

    private static void closeAfter(Exception reason, Port port) {
        try {
            port.close();
        } catch (IOException e) {
            reason.addSuppressed(e);
        }
    }

    /// Returns when all that was taken has been answered; no more is taken.
    synchronized void pause() {
        attached.values().forEach(vif -> vif.backend.pause());
    }

    /// Only when paused.
    synchronized void resume() {
        attached.values().forEach(vif -> vif.backend.resume());
    }

    /// The state of each interface. Only when paused.
    synchronized List<CapturedState<NetworkState>> capture() {
        return attached.entrySet().stream()
                .map(vif ->
                        new CapturedState<>(
                                NetworkState.CODEC, vif.getKey(), vif.getValue().backend.capture()))
                .toList();
    }

    /// How often one has come or gone. One that goes and comes again is another.
    synchronized long changes() {
        return changes;
    }

    /// Gives up the ports, so that another machine may have what they have of the host; what is
    /// left of them is closed later. Only when paused.
    synchronized void release() throws IOException {
        for (var vif : attached.values()) {
            vif.port.release();
        }
    }

    /// Opens what [#release] has closed; the world learns where the addresses are. Only when
    /// paused.
    synchronized void takeBack() throws DomainException {
        for (var entry : attached.entrySet()) {
            var vif = entry.getValue();
            if (vif.port.isReleased()) {
                int mtu = vif.port.mtu();
                vif.port.plug(open(vif.config, entry.getKey(), OptionalInt.of(mtu)));
                vif.backend.announce();
                closeVacated(entry.getKey(), vif.port);
            }
        }
    }

    private void closeVacated(int devid, PortSlot port) {
        try {
            port.closeVacated();
        } catch (IOException e) {
            logUnclosed(devid, e);
        }
    }

    private void logUnclosed(int devid, IOException e) {
        around.log().accept("vif %d: cannot close: %s".formatted(devid, e.getMessage()));
    }

    private Port open(VifConfig vif, int devid, OptionalInt mtu) throws DomainException {
        try {
            var ahead = opening.take(devid);
            return ahead.isPresent() ? ahead.get() : ports.open(vif.kind(), owner(devid, mtu));
        } catch (NetworkException e) {
            throw new DomainException("vif %d: %s".formatted(devid, e.getMessage()), e);
        }
    }

    private GuestInterface owner(int devid, OptionalInt mtu) {
        return new GuestInterface(host, devid, queuesMax, mtu);
    }

    /// Nodes that libxl writes for its scripts and its own use.
    private Map<String, String> toolNodes(VifConfig vif, int devid) {
        var nodes = new TreeMap<String, String>();
        vif.ip().ifPresent(ip -> nodes.put("ip", ip));
        switch (vif.kind()) {
            case PortKind.Bridge bridge -> {
                nodes.put("bridge", bridge.name());
                nodes.put("script", "/etc/xen/scripts/vif-bridge");
                nodes.put(
                        "vifname",
                        bridge.interfaceName().orElse("vif%s.%d".formatted(host, devid)));
            }
            case PortKind.Network _, PortKind.Passt _ -> {}
        }
        return nodes;
    }

    private synchronized Attached find(int devid) throws DomainException {
        var found = attached.get(devid);
        require(found != null, "there is no vif " + devid);
        return found;
    }

    @Override
    public void detach(int devid, boolean force) throws DomainException, InterruptedException {
        var found = find(devid);
        if (!force) {
            Unplugging.await("vif " + devid, found.backend.unplug());
        }
        synchronized (this) {
            // Of two who detach the same interface, one does it.
            if (attached.get(devid) != found) {
                return;
            }
            attached.remove(devid);
            changes++;
        }
        try {
            found.backend.close();
        } catch (IOException e) {
            throw new DomainException(
                    "vif %d: cannot close: %s".formatted(devid, e.getMessage()), e);
        }
    }

    @Override
    public void setLink(int devid, boolean up) throws DomainException {
        find(devid).backend.setLinkUp(up);
    }

    @Override
    public synchronized List<InterfaceInfo> list() {
        return attached.values().stream().map(MachineInterfaces::info).toList();
    }

    private static InterfaceInfo info(Attached vif) {
        var backend = vif.backend;
        return new InterfaceInfo(
                vif.config,
                vif.port.description(),
                backend.frontendState().number(),
                backend.published("event-channel"),
                backend.published("tx-ring-ref"),
                backend.published("rx-ring-ref"),
                backend.isLinkUp(),
                backend.statistics());
    }

    /// Ends what is under way and closes all ports; nothing is attached any more.
    @Override
    public void close() {
        List<Attached> all;
        synchronized (this) {
            closed = true;
            opening.close(this::logUnclosed);
            all = List.copyOf(attached.values());
            attached.clear();
        }
        for (var vif : all) {
            try {
                vif.backend.release();
            } catch (IOException e) {
                logUnclosed(vif.config.devid().orElseThrow(), e);
            }
        }
    }
}
