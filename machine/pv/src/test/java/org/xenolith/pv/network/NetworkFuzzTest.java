package org.xenolith.pv.network;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.xenolith.network.Frame;
import org.xenolith.network.Offloads;
import org.xenolith.network.Packet;
import org.xenolith.pv.RandomNodes;
import org.xenolith.pv.network.NetworkFrontend.Options;
import org.xenolith.testkit.Fuzz;
import org.xenolith.xen.abi.NetifAbi;

import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;

/// Front ends that do anything: none breaks the back end, which serves a decent one afterwards and
/// gives everything back.
@Tag("fuzz")
class NetworkFuzzTest {
    private static final List<String> NODES =
            List.of(
                    "tx-ring-ref",
                    "rx-ring-ref",
                    "event-channel",
                    "event-channel-tx",
                    "event-channel-rx",
                    "queue-0/tx-ring-ref",
                    "queue-0/rx-ring-ref",
                    "queue-0/event-channel",
                    "queue-1/tx-ring-ref",
                    "queue-1/rx-ring-ref",
                    "queue-1/event-channel-tx",
                    "queue-1/event-channel-rx",
                    "multi-queue-num-queues",
                    "ctrl-ring-ref",
                    "event-channel-ctrl",
                    "request-rx-copy",
                    "feature-rx-notify",
                    "feature-sg",
                    "feature-gso-tcpv4",
                    "request-multicast-control");

    private static void assertServesADecentOne(NetworkGuest guest, FakePort port) {
        guest.replaceFrontend();
        var queue = NetworkFrontend.connect(guest).queue();
        port.room.set(Integer.MAX_VALUE);
        assertThat(queue.perform(Frames.udp(4, 1), 0, 0, 0))
                .containsExactly(NetifAbi.NETIF_RSP_OKAY);
        queue.post(1);
        assertThat(port.guest.offer(0, Frame.plain(Frames.udp(4, 2)))).isTrue();
        assertThat(queue.receive().bytes()).isEqualTo(Frames.udp(4, 2));
    }

    @Test
    @Timeout(value = 10, unit = TimeUnit.MINUTES)
    void aFrontEndThatChangesItsNodesAtRandomBreaksNothing() throws Exception {
        var fuzz = new Fuzz(2024, 60);
        while (fuzz.goesOn()) {
            var random = new SplittableRandom(fuzz.seed());
            var guest = new NetworkGuest();
            var port = new FakePort();
            var backend = guest.attach(port);
            var nodes = new RandomNodes(guest, NetworkGuest.FRONTEND, NODES, random);
            for (int i = 0; i < 300; i++) {
                nodes.change();
                port.guest.offer(random.nextInt(10), Frame.plain(Frames.udp(4, 3)));
            }
            assertServesADecentOne(guest, port);
            backend.close();
            guest.assertNothingIsLeft(fuzz);
        }
    }

    @Test
    @Timeout(value = 10, unit = TimeUnit.MINUTES)
    void randomEntriesAndIndicesBreakNothing() throws Exception {
        var fuzz = new Fuzz(4711, 60);
        while (fuzz.goesOn()) {
            var random = new SplittableRandom(fuzz.seed());
            var guest = new NetworkGuest();
            var port = new FakePort(random.nextBoolean() ? Offloads.ALL : Offloads.NONE);
            var backend = guest.attach(port);
            var options = Options.LINUX.withControl().withQueues(1 + random.nextInt(2));
            var frontend = NetworkFrontend.connect(guest, options);
            for (int i = 0; i < 20; i++) {
                long page = guest.page();
                guest.memory.write(page, packet(random));
                guest.grant(page, random.nextInt(3) == 0 ? 4 : 0);
            }
            for (int i = 0; i < 300; i++) {
                transmit(frontend.queue(), random);
                post(frontend.queue(), random);
                control(frontend.control(), random);
                port.guest.offer(0, frame(random));
                if (random.nextInt(10) == 0) {
                    port.makeRoom(random.nextInt(50));
                }
            }
            guest.send(frontend.control().port);
            for (var frame : port.frames) {
                assertThat(frame.length()).as(fuzz.toString()).isLessThanOrEqualTo(65_535);
            }
            assertServesADecentOne(guest, port);
            backend.close();
            guest.assertNothingIsLeft(fuzz);
        }
    }

    /// A page that often begins with a packet, which is often sound.
    private static byte[] packet(SplittableRandom random) {
        int version = random.nextBoolean() ? 4 : 6;
        var packet = random.nextBoolean() ? Frames.tcp(version, 3000) : Frames.udp(version, 3000);
        for (int i = random.nextInt(3); i > 0; i--) {
            packet[random.nextInt(60)] = (byte) random.nextInt();
        }
        return packet;
    }

    private static Frame frame(SplittableRandom random) {
        var bytes = packet(random);
        var packet = Packet.of(bytes, bytes.length);
        if (packet.isEmpty() || random.nextBoolean()) {
            return Frame.plain(bytes);
        }
        var kinds = Frame.Segmentation.Kind.values();
        var kind = kinds[random.nextInt(kinds.length)];
        int size = kind == Frame.Segmentation.Kind.NONE ? 0 : 1 + random.nextInt(2000);
        return new Frame(
                bytes,
                bytes.length,
                random.nextInt(5) == 0
                        ? new Frame.Checksum.Partial(random.nextInt(5000), random.nextInt(20))
                        : packet.get().partialChecksum(),
                new Frame.Segmentation(kind, size));
    }

    private static void transmit(NetworkFrontend.Queue queue, SplittableRandom random) {
        int before = queue.tx.produced;
        switch (random.nextInt(8)) {
            case 0 ->
                    queue.extra(
                            random.nextInt(7),
                            random.nextInt(4) == 0,
                            random.nextInt(0x1_0000),
                            random.nextInt(4));
            case 1 ->
                    queue.slot(
                            random.nextInt(),
                            random.nextInt(0x1_0000),
                            random.nextInt(0x1_0000),
                            random.nextInt(0x1_0000));
            default -> {
                queue.slot(
                        8 + random.nextInt(24),
                        random.nextInt(50) == 0 ? random.nextInt(5000) : 0,
                        random.nextInt(16),
                        random.nextInt(4) == 0 ? random.nextInt(10_000) : 3060);
                if (random.nextBoolean()) {
                    queue.extra(1, false, random.nextInt(2000), 1 + random.nextInt(2));
                }
            }
        }
        if (random.nextInt(20) == 0) {
            queue.tx.setIndex("req_prod", random.nextInt());
        }
        if (random.nextInt(3) == 0) {
            queue.pushTx(before);
            queue.guest().send(queue.txPort);
        }
    }

    private static void post(NetworkFrontend.Queue queue, SplittableRandom random) {
        queue.put(0, random.nextInt(10) == 0 ? random.nextInt() : 8 + random.nextInt(24));
        if (random.nextInt(30) == 0) {
            queue.rx.setIndex("req_prod", random.nextInt());
        }
        if (random.nextInt(3) == 0) {
            queue.pushRx(queue.rx.produced - 1);
        }
    }

    private static void control(NetworkFrontend.Control control, SplittableRandom random) {
        control.put(
                random.nextInt(12),
                random.nextBoolean() ? 8 + random.nextInt(24) : random.nextInt(16),
                random.nextInt(4) == 0 ? random.nextInt() : random.nextInt(130),
                random.nextInt(4) == 0 ? random.nextInt() : random.nextInt(130));
        control.ring.setIndex(
                "req_prod", random.nextInt(20) == 0 ? random.nextInt() : control.ring.produced);
    }
}
