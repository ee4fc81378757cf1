package org.xenolith.pv.network;

import org.xenolith.base.DomainId;
import org.xenolith.base.TimerQueue;
import org.xenolith.device.Workers;
import org.xenolith.memory.GuestMemory;
import org.xenolith.network.Port;
import org.xenolith.pv.xenbus.FrontendNodes;
import org.xenolith.pv.xenbus.LimitedLog;
import org.xenolith.pv.xenbus.XenbusBackend;
import org.xenolith.pv.xenbus.XenbusDevice;
import org.xenolith.pv.xenbus.XenbusException;
import org.xenolith.pv.xenbus.XenbusPaths;
import org.xenolith.pv.xenbus.XenbusState;
import org.xenolith.xen.XenDomain;
import org.xenolith.xenstore.StoreWatch;
import org.xenolith.xenstore.XenStore;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/// Back end of one paravirtual network interface (xen/include/public/io/netif.h): several queues,
/// split event channels, scatter-gather, checksums and segmentation left undone both ways, hashes
/// by the control ring, multicast control, a rate, and a link that can be down.
///
/// May be used from any thread.
public final class NetworkBackend implements AutoCloseable {
    private static final String KIND = "vif";

    /// Pairs of rings of one interface.
    public static final int QUEUES_MAX = 8;

    /// MTU of which a front end need not be told.
    public static final int MTU_DEFAULT = 1500;

    private static final String MULTICAST_REQUEST = "request-multicast-control";

    /// The machine that the interface is a part of.
    ///
    /// @param timers of the machine; also has the clock of rates
    /// @param log told of what a front end does wrong, a few lines for each interface
    public record Surroundings(
            DomainId id,
            XenDomain domain,
            GuestMemory memory,
            XenStore store,
            Workers workers,
            TimerQueue timers,
            Consumer<String> log) {}

    /// What the operator says about an interface.
    ///
    /// @param number on the xenbus, 0 or more
    /// @param rate for what the guest transmits
    /// @param queuesMax rings that the front end may have, each way
    /// @param trusted whether the guest need not hide the rest of its pages from us
    /// @param toolNodes what else the back end's directory has for tools: `bridge`, `script`, ...
    public record Settings(
            int number,
            MacAddress mac,
            Optional<RateLimit> rate,
            int queuesMax,
            boolean trusted,
            Map<String, String> toolNodes) {
        public Settings {
            toolNodes = Map.copyOf(toolNodes);
            if (number < 0 || queuesMax < 1 || queuesMax > QUEUES_MAX) {
                throw new IllegalArgumentException(
                        "interface %d, %d queues".formatted(number, queuesMax));
            }
        }
    }

    private final Surroundings around;
    private final Settings settings;
    private final Port port;
    private final HashSteering steering = new HashSteering();
    private final MulticastFilter filter = new MulticastFilter();
    private final NetworkCounters counters = new NetworkCounters();
    private final LimitedLog log;
    private final GuestSink sink;
    private final XenbusBackend xenbus;
    private final StoreWatch multicastWatch;
    private volatile boolean linkUp = true;

    /// The xenbus worker's own, and while that is paused the caller's of [#pause].
    private final List<NetworkQueue> queues = new ArrayList<>();

    private Optional<ControlRing> control = Optional.empty();
    private Optional<Announcement> announcement = Optional.empty();

    /// Publishes the interface; the front end may connect at once. The port is the interface's from
    /// here on.
    public static NetworkBackend publish(Surroundings around, Settings settings, Port port) {
        return new NetworkBackend(
                around,
                settings,
                port,
                backend ->
                        new XenbusBackend(
                                around.store,
                                paths(around, settings.number),
                                backend.toolsNodes(),
                                backend.frontendNodes(),
                                backend.new Device(),
                                around.workers,
                                backend.log));
    }

    /// Goes on with an interface of a machine that has been restored, where a paused back end left
    /// it: the front end does not notice. Where the rings were, they say themselves, for everything
    /// that was taken from them had been answered. The world behind the port learns where the
    /// interface's address is now.
    ///
    /// @param port open to nobody yet; it is to be closed if this throws
    /// @throws XenbusException if the front end's rings are not there as they were, or this is
    ///   another interface than the guest has
    public static NetworkBackend takeOver(
            Surroundings around, Settings settings, Port port, NetworkState state)
            throws XenbusException {
        requireSame(around, settings, port);
        var backend =
                new NetworkBackend(
                        around,
                        settings,
                        port,
                        made -> {
                            made.restore(state);
                            return XenbusBackend.takeOver(
                                    around.store,
                                    paths(around, settings.number),
                                    made.new Device(),
                                    around.workers,
                                    made.log);
                        });
        backend.announce();
        return backend;
    }

    /// Has the world behind the port learn where the interface's address is, if the guest uses it.
    public void announce() {
        announcement.ifPresent(Announcement::close);
        announcement =
                linkUp && state() == XenbusState.CONNECTED
                        ? Optional.of(new Announcement(around, name(), settings.mac, port.world()))
                        : Optional.empty();
    }

    /// A guest knows its interfaces by their addresses, and has read how long packets may be: it
    /// cannot be told of others.
    private static void requireSame(Surroundings around, Settings settings, Port port)
            throws XenbusException {
        var path = paths(around, settings.number).backendPath();
        var mac = around.store.read(path + "/mac").orElse("");
        if (!mac.equals(settings.mac.toString())) {
            throw new XenbusException(
                    "the guest knows it as mac=%s, not %s".formatted(mac, settings.mac));
        }
        var mtu = around.store.read(path + "/mtu").orElse(Integer.toString(MTU_DEFAULT));
        if (!mtu.equals(Integer.toString(port.mtu()))) {
            throw new XenbusException(
                    "the guest knows it with mtu=%s, not %d".formatted(mtu, port.mtu()));
        }
    }

    /// Whether the store knows such an interface.
    public static boolean exists(Surroundings around, int number) {
        return XenbusBackend.exists(around.store, paths(around, number));
    }

    /// The numbers of the interfaces that the store knows.
    public static List<String> known(Surroundings around) {
        return XenbusBackend.known(around.store, paths(around, 0));
    }

    private static XenbusPaths paths(Surroundings around, int number) {
        return new XenbusPaths(around.id, KIND, number);
    }

    /// Makes the other half of a back end.
    private interface Bus<E extends Exception> {
        XenbusBackend of(NetworkBackend backend) throws E;
    }

    private <E extends Exception> NetworkBackend(
            Surroundings around, Settings settings, Port port, Bus<E> bus) throws E {
        this.around = around;
        this.settings = settings;
        this.port = port;
        log = new LimitedLog(around.log);
        sink = new GuestSink(steering, filter, counters, this::isLinkUp);
        port.open(sink);
        xenbus = bus.of(this);
        multicastWatch =
                around.store.watch(
                        paths(around, settings.number).frontendPath() + "/" + MULTICAST_REQUEST,
                        _ -> xenbus.deviceChanged());
    }

    private String name() {
        return "vif%s.%d".formatted(around.id, settings.number);
    }

    /// What libxl writes (tools/libs/light/libxl_nic.c in the Xen tree). There is no script to wait
    /// for.
    private Map<String, String> toolsNodes() {
        var nodes = new TreeMap<String, String>(settings.toolNodes);
        nodes.put("mac", settings.mac.toString());
        nodes.put("handle", Integer.toString(settings.number));
        nodes.put("type", KIND);
        nodes.put("hotplug-status", "connected");
        settings.rate.ifPresent(rate -> nodes.put("rate", rate.text()));
        if (port.mtu() != MTU_DEFAULT) {
            nodes.put("mtu", Integer.toString(port.mtu()));
        }
        return nodes;
    }

    private Map<String, String> frontendNodes() {
        return Map.of(
                "mac", settings.mac.toString(),
                "handle", Integer.toString(settings.number),
                "mtu", Integer.toString(port.mtu()),
                "trusted", settings.trusted ? "1" : "0");
    }

    public Settings settings() {
        return settings;
    }

    public XenbusState state() {
        return xenbus.state();
    }

    /// What the front end says of itself.
    public XenbusState frontendState() {
        return XenbusState.of(xenbus.frontend().text("state"));
    }

    public NetworkStatistics statistics() {
        return counters.statistics();
    }

    /// What the front end has published as `event-channel`, `tx-ring-ref` or `rx-ring-ref`, of its
    /// first queue; -1 if it has not.
    public int published(String node) {
        return xenbus.published(node, node + "-tx", "queue-0/" + node, "queue-0/" + node + "-tx");
    }

    /// Whether the cable is in, so to speak.
    public boolean isLinkUp() {
        return linkUp;
    }

    /// Pulls the cable or puts it in; the front end is told. While it is out, frames of both
    /// directions are dropped.
    public void setLinkUp(boolean up) {
        linkUp = up;
        xenbus.deviceChanged();
    }

    /// Asks the front end to let go of the interface, see [XenbusBackend#unplug].
    public CompletableFuture<Void> unplug() {
        return xenbus.unplug();
    }

    /// Takes no more frames from either side, and returns when all that was taken has been
    /// answered; who has frames for the guest waits.
    public void pause() {
        xenbus.pause();
        control.ifPresent(ControlRing::pause);
        queues.forEach(NetworkQueue::pause);
        announcement.ifPresent(Announcement::pause);
    }

    /// Only when paused.
    public void resume() {
        announcement.ifPresent(Announcement::resume);
        queues.forEach(NetworkQueue::resume);
        control.ifPresent(ControlRing::resume);
        xenbus.resume();
    }

    /// What [#takeOver] is to be told. Only when paused.
    public NetworkState capture() {
        return new NetworkState(linkUp, steering.capture(), filter.addresses());
    }

    private void restore(NetworkState state) {
        linkUp = state.linkUp();
        steering.restore(state.hash());
        filter.restore(state.multicast());
    }

    /// Takes the interface away, whatever the front end does, and closes the port.
    @Override
    public void close() throws IOException {
        announcement.ifPresent(Announcement::close);
        multicastWatch.close();
        xenbus.close();
        port.close();
    }

    /// The same when the whole machine goes: the nodes stay.
    public void release() throws IOException {
        announcement.ifPresent(Announcement::close);
        multicastWatch.close();
        xenbus.release();
        port.close();
    }

    // ---------------------------------------------------------------- the xenbus

    private final class Device implements XenbusDevice {
        /// Of the front end that is connected.
        private Optional<FrontendNodes> nodes = Optional.empty();

        private Map<String, String> told = Map.of();

        @Override
        public Map<String, String> offer() {
            var nodes = new TreeMap<String, String>();
            nodes.put("feature-sg", "1");
            nodes.put("feature-gso-tcpv4", "1");
            nodes.put("feature-gso-tcpv6", "1");
            nodes.put("feature-ipv6-csum-offload", "1");
            nodes.put("feature-rx-copy", "1");
            nodes.put("feature-rx-flip", "0");
            nodes.put("feature-multicast-control", "1");
            nodes.put("feature-dynamic-multicast-control", "1");
            nodes.put("feature-split-event-channels", "1");
            nodes.put("feature-ctrl-ring", "1");
            nodes.put("multi-queue-max-queues", Integer.toString(settings.queuesMax));
            nodes.putAll(properties());
            return nodes;
        }

        @Override
        public Map<String, String> connect(FrontendNodes frontend) throws XenbusException {
            try {
                connectRings(frontend);
            } catch (XenbusException e) {
                disconnect();
                throw e;
            }
            nodes = Optional.of(frontend);
            readMulticastRequest(frontend);
            queues.forEach(NetworkQueue::start);
            sink.connect(queues);
            told = properties();
            return told;
        }

        private void connectRings(FrontendNodes frontend) throws XenbusException {
            var shared =
                    new NetworkQueue.Shared(
                            around,
                            name(),
                            port.world(),
                            port.offloads(),
                            FrontendFeatures.read(frontend),
                            filter,
                            settings.rate.map(rate -> new TokenBucket(around.timers.clock(), rate)),
                            counters,
                            log,
                            NetworkBackend.this::isLinkUp,
                            sink::retry);
            var published = new FrontendQueues(frontend);
            for (var queue : published.queues(settings.queuesMax)) {
                queues.add(NetworkQueue.connect(shared, queues.size(), queue));
            }
            var ring = published.control();
            if (ring.isPresent()) {
                control =
                        Optional.of(
                                ControlRing.connect(
                                        around, name(), steering, queues.size(), ring.get()));
            }
        }

        private void readMulticastRequest(FrontendNodes frontend) {
            try {
                filter.request(frontend.flag(MULTICAST_REQUEST));
            } catch (XenbusException e) {
                log.accept("vif " + settings.number + ": " + e.getMessage());
            }
        }

        private Map<String, String> properties() {
            return Map.of("carrier", linkUp && port.carrier() ? "1" : "0");
        }

        @Override
        public Map<String, String> changes() {
            nodes.ifPresent(this::readMulticastRequest);
            var now = properties();
            if (now.equals(told)) {
                return Map.of();
            }
            told = now;
            return now;
        }

        @Override
        public void disconnect() {
            sink.connect(List.of());
            control.ifPresent(ControlRing::close);
            control = Optional.empty();
            queues.forEach(NetworkQueue::close);
            queues.clear();
            nodes = Optional.empty();
            steering.clear();
            filter.clear();
        }
    }
}
