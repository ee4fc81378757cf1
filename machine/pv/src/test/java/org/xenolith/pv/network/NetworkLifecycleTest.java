package org.xenolith.pv.network;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.xenolith.network.Frame;
import org.xenolith.pv.network.NetworkFrontend.Options;
import org.xenolith.pv.xenbus.XenbusState;
import org.xenolith.xen.abi.NetifAbi;

import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/// How interfaces come and go.
@Timeout(120)
class NetworkLifecycleTest {
    private final NetworkGuest guest = new NetworkGuest();

    @AfterEach
    void nothingIsLeft() {
        assertThat(guest.failures).isEmpty();
        assertThat(guest.mappedGrants()).isEmpty();
    }

    private static void assertWorks(NetworkFrontend frontend, FakePort port) {
        var queue = frontend.queue();
        port.frames.clear();
        assertThat(queue.perform(Frames.udp(4, 1), 0, 0, 0))
                .containsExactly(NetifAbi.NETIF_RSP_OKAY);
        queue.post(1);
        assertThat(port.guest.offer(0, Frame.plain(Frames.udp(4, 2)))).isTrue();
        assertThat(queue.receive().bytes()).isEqualTo(Frames.udp(4, 2));
    }

    /// As libxl writes them (tools/libs/light/libxl_nic.c), and Linux' back end.
    @Test
    void theNodesAreThoseOfXensTools() throws IOException {
        try (var _ = guest.attach(new FakePort(), Optional.of(new RateLimit(62_500, 50_000)))) {
            guest.awaitBackend(XenbusState.INIT_WAIT);
            Map.ofEntries(
                            Map.entry("frontend", NetworkGuest.FRONTEND),
                            Map.entry("frontend-id", "7"),
                            Map.entry("online", "1"),
                            Map.entry("mac", "00:16:3e:01:02:03"),
                            Map.entry("handle", "0"),
                            Map.entry("type", "vif"),
                            Map.entry("bridge", "xenbr0"),
                            Map.entry("rate", "62500,50000"),
                            Map.entry("hotplug-status", "connected"),
                            Map.entry("feature-sg", "1"),
                            Map.entry("feature-gso-tcpv4", "1"),
                            Map.entry("feature-gso-tcpv6", "1"),
                            Map.entry("feature-ipv6-csum-offload", "1"),
                            Map.entry("feature-rx-copy", "1"),
                            Map.entry("feature-rx-flip", "0"),
                            Map.entry("feature-multicast-control", "1"),
                            Map.entry("feature-dynamic-multicast-control", "1"),
                            Map.entry("feature-split-event-channels", "1"),
                            Map.entry("feature-ctrl-ring", "1"),
                            Map.entry("multi-queue-max-queues", "8"),
                            Map.entry("carrier", "1"))
                    .forEach((node, value) ->
                            assertThat(guest.read(NetworkGuest.BACKEND + "/" + node))
                                    .as(node)
                                    .isEqualTo(value));
            Map.of(
                            "backend", NetworkGuest.BACKEND,
                            "backend-id", "0",
                            "state", "1",
                            "handle", "0",
                            "mac", "00:16:3e:01:02:03",
                            "mtu", "1500",
                            "trusted", "1")
                    .forEach((node, value) ->
                            assertThat(guest.read(NetworkGuest.FRONTEND + "/" + node))
                                    .as(node)
                                    .isEqualTo(value));
        }
        assertThat(guest.store.exists(NetworkGuest.FRONTEND)).isFalse();
        assertThat(guest.store.exists(NetworkGuest.BACKEND)).isFalse();
    }

    @Test
    void aFrontEndGoesAndComesBack() throws IOException {
        var port = new FakePort();
        try (var backend = guest.attach(port)) {
            for (int i = 0; i < 3; i++) {
                var frontend = NetworkFrontend.connect(guest, Options.LINUX.withQueues(i + 1));
                assertThat(backend.published("event-channel")).isPositive();
                assertThat(backend.published("tx-ring-ref")).isPositive();
                assertWorks(frontend, port);
                frontend.close();
                assertThat(guest.mappedGrants()).isEmpty();
                assertThat(port.guest.offer(0, Frame.plain(Frames.udp(4, 1)))).isTrue();
                guest.frontendState(XenbusState.INITIALISING);
            }
        }
    }

    /// A kernel that was started by another does not close.
    @Test
    void aFrontEndThatBeginsAnewIsConnectedAgain() throws IOException {
        var port = new FakePort();
        try (var _ = guest.attach(port)) {
            NetworkFrontend.connect(guest);
            guest.frontendState(XenbusState.INITIALISING);
            assertWorks(NetworkFrontend.connect(guest), port);
        }
    }

    @Test
    void unpluggingWaitsForTheGuest() throws IOException {
        var backend = guest.attach(new FakePort());
        var frontend = NetworkFrontend.connect(guest);
        var unplugged = backend.unplug();
        guest.awaitBackend(XenbusState.CLOSING);
        assertThat(unplugged).isNotDone();
        frontend.close();
        unplugged.join();
        backend.close();
    }

    @Test
    void fiftyRoundsUnderLoadLeaveNothing() throws Exception {
        for (int round = 0; round < 50; round++) {
            var port = new FakePort();
            var backend = guest.attach(port);
            var frontend =
                    NetworkFrontend.connect(guest, Options.LINUX.withQueues(2).withControl());
            frontend.queue(0).post(50);
            frontend.queue(1).post(50);
            var stop = new AtomicBoolean();
            var load =
                    Thread.ofVirtual()
                            .start(() -> {
                                for (int i = 0; !stop.get(); i++) {
                                    port.guest.offer(i, Frame.plain(Frames.udp(4, 100)));
                                    Thread.yield();
                                }
                            });
            for (int i = 0; i < 20; i++) {
                frontend.queue(i % 2).transmit(Frames.udp(4, 100), 0, 0, 0);
            }
            if (round % 2 == 0) {
                frontend.close();
            }
            backend.close();
            stop.set(true);
            load.join();
            assertThat(guest.mappedGrants()).isEmpty();
            assertThat(port.closed).isTrue();
            guest.forgetGrants();
            if (round % 2 == 1) {
                frontend.closePorts();
            }
        }
    }

    // ---------------------------------------------------------------- what is refused

    private void assertRefused(String node, Optional<String> value, String reason)
            throws IOException {
        var port = new FakePort();
        try (var _ = guest.attach(port)) {
            guest.awaitBackend(XenbusState.INIT_WAIT);
            var options = Options.LINUX.withQueues(2).withControl();
            NetworkFrontend.publish(guest, options);
            var path = NetworkGuest.FRONTEND + "/" + node;
            value.ifPresentOrElse(
                    text -> guest.store.write(path, text), () -> guest.store.remove(path));
            guest.frontendState(XenbusState.CONNECTED);
            guest.awaitBackend(XenbusState.CLOSING);
            assertThat(guest.log.getLast()).contains(reason);
            assertThat(guest.mappedGrants()).isEmpty();
            guest.store.remove(NetworkGuest.FRONTEND);
            guest.awaitBackend(XenbusState.CLOSED);
            guest.frontendState(XenbusState.INITIALISING);
            assertWorks(NetworkFrontend.connect(guest), port);
        }
        guest.forgetGrants();
    }

    @Test
    void whatCannotBeConnectedIsRefusedWithAReason() throws IOException {
        assertRefused("request-rx-copy", Optional.empty(), "request-rx-copy");
        assertRefused("queue-1/tx-ring-ref", Optional.empty(), "tx-ring-ref is missing");
        assertRefused(
                "queue-1/rx-ring-ref", Optional.of("3000"), "rx-ring-ref 3000 is not granted");
        assertRefused("queue-1/event-channel-rx", Optional.of("1000"), "event-channel 1000");
        assertRefused("queue-0/event-channel-tx", Optional.of("x"), "event-channel-tx must be");
        assertRefused("queue-1/event-channel-rx", Optional.empty(), "event-channel is missing");
        assertRefused("multi-queue-num-queues", Optional.of("9"), "multi-queue-num-queues");
        assertRefused("multi-queue-num-queues", Optional.of("0"), "multi-queue-num-queues");
        assertRefused("ctrl-ring-ref", Optional.of("3000"), "ctrl-ring-ref is not granted");
        assertRefused("event-channel-ctrl", Optional.of("1000"), "event-channel-ctrl does not");
        assertRefused("event-channel-ctrl", Optional.empty(), "event-channel-ctrl is missing");
    }

    @Test
    void oneEventChannelForBothRingsServesBoth() throws IOException {
        var port = new FakePort();
        try (var _ = guest.attach(port)) {
            var options = new Options(1, false, false, Options.LINUX.nodes());
            assertWorks(NetworkFrontend.connect(guest, options), port);
        }
    }

    @Test
    void addressesAreThoseOfXen() {
        assertThat(MacAddress.xen(0xFF12_3456)).hasToString("00:16:3e:12:34:56");
        assertThat(MacAddress.xen(0xFFFF_FFFF)).hasToString("00:16:3e:7f:ff:ff");
        assertThat(MacAddress.parse("0:16:3E:1:2:3").orElseThrow())
                .hasToString("00:16:3e:01:02:03");
        for (var wrong : new String[] {"", "00:16:3e:01:02", "01:00:00:00:00:00", "g:1:2:3:4:5"}) {
            assertThat(MacAddress.parse(wrong)).as(wrong).isEmpty();
        }
    }
}
