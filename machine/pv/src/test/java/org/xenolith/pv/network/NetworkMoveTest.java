package org.xenolith.pv.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.xenolith.base.TimerQueue;
import org.xenolith.network.Frame;
import org.xenolith.network.Offloads;
import org.xenolith.pv.network.NetworkFrontend.Options;
import org.xenolith.pv.xenbus.XenbusException;
import org.xenolith.pv.xenbus.XenbusState;
import org.xenolith.state.Bytes;
import org.xenolith.state.StateException;
import org.xenolith.xen.abi.NetifAbi;

import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/// An interface stands still and goes on, here or in the twin of its machine, and its front end
/// does not notice.
@Timeout(120)
class NetworkMoveTest {
    private final NetworkGuest guest = new NetworkGuest();
    private final FakePort port = new FakePort();
    private final FakePort newPort = new FakePort();

    private static List<Frame> announcements(FakePort port) {
        return port.frames.stream().filter(NetworkMoveTest::isAnnouncement).toList();
    }

    private static boolean isAnnouncement(Frame frame) {
        return (frame.bytes()[12] & 0xFF) == 0x80 && (frame.bytes()[13] & 0xFF) == 0x35;
    }

    private static List<Integer> payloads(FakePort port) {
        return port.frames.stream()
                .filter(frame -> !isAnnouncement(frame))
                .map(frame -> frame.length() - Frames.udp(4, 0).length)
                .toList();
    }

    private void standingStill() {
        var backend = guest.attach(port);
        guest.awaitBackend(XenbusState.INIT_WAIT);
        backend.pause();
    }

    private interface Move {
        void check(NetworkGuest twin, NetworkBackend backend) throws Exception;
    }

    /// Has an interface that stands still go on in a twin.
    private void move(NetworkBackend from, NetworkFrontend frontend, Move move) throws Exception {
        var twin = guest.twin();
        frontend.moveTo(twin);
        try (var backend = twin.takeOver(newPort, NetworkGuest.MAC, from.capture())) {
            from.close();
            move.check(twin, backend);
        }
        assertThat(twin.failures).isEmpty();
        assertThat(twin.mappedGrants()).isEmpty();
        assertThat(guest.failures).isEmpty();
        assertThat(guest.mappedGrants()).isEmpty();
    }

    @Test
    void whatTheGuestTransmitsMeanwhileTheTwinTakes() throws Exception {
        var backend = guest.attach(port);
        var frontend = NetworkFrontend.connect(guest);
        var queue = frontend.queue();
        assertThat(queue.perform(Frames.udp(4, 1), 0, 0, 0))
                .containsExactly(NetifAbi.NETIF_RSP_OKAY);
        backend.pause();
        queue.transmit(Frames.udp(4, 2), 0, 0, 0);
        move(
                backend,
                frontend,
                (twin, _) -> {
                    assertThat(queue.statuses(1)).containsExactly(NetifAbi.NETIF_RSP_OKAY);
                    assertThat(queue.perform(Frames.udp(4, 3), 0, 0, 0))
                            .containsExactly(NetifAbi.NETIF_RSP_OKAY);
                    assertThat(payloads(port)).containsExactly(1);
                    assertThat(payloads(newPort)).containsExactly(2, 3);
                    assertThat(twin.backendState()).isEqualTo(XenbusState.CONNECTED);
                });
    }

    @Test
    void buffersThatTheGuestHasPostedServeTheTwin() throws Exception {
        var backend = guest.attach(port);
        var frontend = NetworkFrontend.connect(guest);
        var queue = frontend.queue();
        queue.post(3);
        assertThat(port.guest.offer(0, Frame.plain(Frames.udp(4, 1)))).isTrue();
        backend.pause();
        move(
                backend,
                frontend,
                (_, _) -> {
                    // Dropped by the old one, which is gone; the twin has two buffers.
                    assertThat(port.guest.offer(0, Frame.plain(Frames.udp(4, 9)))).isTrue();
                    assertThat(newPort.guest.offer(0, Frame.plain(Frames.udp(4, 2)))).isTrue();
                    assertThat(newPort.guest.offer(0, Frame.plain(Frames.udp(4, 3)))).isTrue();
                    assertThat(newPort.guest.offer(0, Frame.plain(Frames.udp(4, 4)))).isFalse();
                    for (int payload = 1; payload <= 3; payload++) {
                        assertThat(queue.receive().bytes()).isEqualTo(Frames.udp(4, payload));
                    }
                });
    }

    @Test
    void whoHasFramesForTheGuestWaitsWhileItStandsStillAndIsTold() throws Exception {
        try (var backend = guest.attach(port)) {
            var queue = NetworkFrontend.connect(guest).queue();
            queue.post(2);
            backend.pause();
            var told = new AtomicInteger();
            port.guest.onRoom(0, told::incrementAndGet);
            assertThat(port.guest.offer(0, Frame.plain(Frames.udp(4, 1)))).isFalse();
            int before = queue.transmit(Frames.udp(4, 2), 0, 0, 0);
            assertThat(queue.tx.hasResponse()).isFalse();
            assertThat(queue.rx.hasResponse()).isFalse();
            assertThat(told).hasValue(0);
            backend.resume();
            guest.await("the retry", () -> told.get() > 0);
            assertThat(port.guest.offer(0, Frame.plain(Frames.udp(4, 1)))).isTrue();
            assertThat(queue.receive().bytes()).isEqualTo(Frames.udp(4, 1));
            assertThat(queue.statuses(before)).containsExactly(NetifAbi.NETIF_RSP_OKAY);
        }
    }

    /// The pieces of a long segment that the world takes are in the world when the interface stands
    /// still, and the one that it does not take stays with the original.
    @Test
    void aPausedInterfaceHoldsOnePacketAtMost() throws Exception {
        var slow = new FakePort(new Offloads(true, false, false));
        try (var backend = guest.attach(slow)) {
            var queue = NetworkFrontend.connect(guest).queue();
            slow.room.set(2);
            var segment = Frames.blank(Frames.tcp(4, 10_000));
            int slots =
                    queue.transmit(
                            segment,
                            NetifAbi.NETTXF_csum_blank | NetifAbi.NETTXF_data_validated,
                            NetifAbi.XEN_NETIF_GSO_TYPE_TCPV4,
                            1000);
            guest.await("two pieces", () -> slow.refusals.get() > 0);
            backend.pause();
            assertThat(slow.frames).hasSize(2);
            assertThat(queue.statuses(slots)).contains(NetifAbi.NETIF_RSP_OKAY);
            slow.makeRoom(100);
            assertThat(slow.frames).hasSize(2);
            backend.resume();
            guest.await("the others", () -> slow.frames.size() == 10);
        }
    }

    @Test
    void hashesAndMulticastAddressesGoOn() throws Exception {
        var key = new byte[HashSteering.KEY_BYTES_MAX];
        key[3] = 17;
        var state =
                new NetworkState(
                        true,
                        new NetworkState.Hash(
                                NetifAbi.XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ,
                                NetifAbi.XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP,
                                Bytes.of(key),
                                List.of(1, 1, 0)),
                        List.of(0x0100_5E00_0001L, 0x3333_0000_0001L));
        standingStill();
        var twin = guest.twin();
        try (var backend = twin.takeOver(newPort, NetworkGuest.MAC, state)) {
            backend.pause();
            assertThat(backend.capture()).isEqualTo(state);
            assertThat(NetworkState.CODEC.decode(1, NetworkState.CODEC.encode(state)))
                    .isEqualTo(state);
        }
    }

    @Test
    void whatTheControlRingHasSaidHoldsInTheTwin() throws Exception {
        var backend = guest.attach(port);
        var frontend = NetworkFrontend.connect(guest, Options.LINUX.withQueues(2).withControl());
        var control = frontend.control();
        control.ask(
                NetifAbi.XEN_NETIF_CTRL_TYPE_SET_HASH_ALGORITHM,
                NetifAbi.XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ,
                0,
                0);
        control.ask(
                NetifAbi.XEN_NETIF_CTRL_TYPE_SET_HASH_FLAGS,
                NetifAbi.XEN_NETIF_CTRL_HASH_TYPE_IPV4,
                0,
                0);
        control.ask(NetifAbi.XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING_SIZE, 1, 0, 0);
        long page = guest.page();
        guest.memory.write(page, HexFormat.of().parseHex("01000000"));
        control.ask(NetifAbi.XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING, guest.grant(page), 1, 0);
        backend.pause();
        var hash = backend.capture().hash();
        assertThat(hash.mapping()).containsExactly(1);
        move(
                backend,
                frontend,
                (_, _) -> {
                    frontend.queue(1).post(2); // for the frame and its hash
                    assertThat(newPort.guest.offer(0, Frame.plain(Frames.udp(4, 5)))).isTrue();
                    assertThat(frontend.queue(1).receive().extras()).hasSize(1);
                    assertThat(
                                    control.ask(
                                                    NetifAbi.XEN_NETIF_CTRL_TYPE_SET_HASH_FLAGS,
                                                    0,
                                                    0,
                                                    0)
                                            .status())
                            .isEqualTo(NetifAbi.XEN_NETIF_CTRL_STATUS_SUCCESS);
                });
    }

    /// The frame is the one that QEMU sends (`announce_self_create` in net/announce.c).
    @Test
    void theWorldLearnsWhereTheAddressIs() throws Exception {
        var backend = guest.attach(port);
        var frontend = NetworkFrontend.connect(guest);
        backend.pause();
        move(
                backend,
                frontend,
                (twin, _) -> {
                    for (int round = 1; round <= Announcement.ROUNDS; round++) {
                        int rounds = round;
                        twin.await(
                                "round " + round,
                                () -> {
                                    twin.timers.runDue(); // it may have been armed late
                                    return announcements(newPort).size() == rounds;
                                });
                        twin.clock.advance(350_000_000);
                        twin.timers.runDue();
                    }
                    var mac = "00163e010203";
                    assertThat(announcements(newPort))
                            .allSatisfy(frame ->
                                    assertThat(HexFormat.of().formatHex(frame.bytes()))
                                            .isEqualTo(
                                                    "ffffffffffff"
                                                            + mac
                                                            + "80350001080006040003"
                                                            + mac
                                                            + "00000000"
                                                            + mac
                                                            + "0".repeat(44)));
                    assertThat(announcements(port)).isEmpty();
                });
    }

    /// Whoever closes the port of an interface that stands still knows that nothing comes.
    @Test
    void anInterfaceThatStandsStillAnnouncesItselfLater() throws Exception {
        var backend = guest.attach(port);
        var frontend = NetworkFrontend.connect(guest);
        backend.pause();
        move(
                backend,
                frontend,
                (twin, moved) -> {
                    twin.await("the first", () -> announcements(newPort).size() == 1);
                    moved.pause();
                    for (int i = 0; i < 3; i++) {
                        twin.clock.advance(350_000_000);
                        twin.timers.runDue();
                    }
                    moved.resume();
                    twin.await("the second", () -> announcements(newPort).size() == 2);
                    moved.pause();
                    moved.resume();
                    twin.clock.advance(149_000_000);
                    twin.timers.runDue();
                    assertThat(announcements(newPort)).hasSize(2);
                    twin.clock.advance(1_000_000);
                    twin.timers.runDue();
                    twin.await("the third", () -> announcements(newPort).size() == 3);
                });
    }

    @Test
    void anInterfaceWhoseCableIsOutAnnouncesNothing() throws Exception {
        var backend = guest.attach(port);
        var frontend = NetworkFrontend.connect(guest);
        backend.setLinkUp(false);
        guest.await("the news", () -> guest.read(NetworkGuest.BACKEND + "/carrier").equals("0"));
        backend.pause();
        assertThat(backend.capture()).isEqualTo(down());
        move(
                backend,
                frontend,
                (twin, moved) -> {
                    assertThat(moved.isLinkUp()).isFalse();
                    assertThat(twin.read(NetworkGuest.BACKEND + "/carrier")).isEqualTo("0");
                    assertThat(twin.timers.nextDeadlineNanos()).isEqualTo(TimerQueue.NEVER);
                    assertThat(newPort.frames).isEmpty();
                });
    }

    private static NetworkState down() {
        return new NetworkState(
                false,
                new NetworkState.Hash(
                        0, 0, Bytes.of(new byte[HashSteering.KEY_BYTES_MAX]), List.of()),
                List.of());
    }

    @Test
    void anotherInterfaceIsRefused() throws Exception {
        standingStill();
        var twin = guest.twin();
        assertThatThrownBy(() -> twin.takeOver(newPort, MacAddress.xen(1), down()))
                .isInstanceOf(XenbusException.class)
                .hasMessage("the guest knows it as mac=00:16:3e:01:02:03, not 00:16:3e:00:00:01");
        twin.store.write(NetworkGuest.BACKEND + "/mtu", "9000");
        assertThatThrownBy(() -> twin.takeOver(newPort, NetworkGuest.MAC, down()))
                .isInstanceOf(XenbusException.class)
                .hasMessage("the guest knows it with mtu=9000, not 1500");
    }

    @Test
    void impossibleStatesAreRefused() {
        var key = Bytes.of(new byte[HashSteering.KEY_BYTES_MAX]);
        for (var wrong :
                List.<Runnable>of(
                        () -> new NetworkState.Hash(2, 0, key, List.of()),
                        () -> new NetworkState.Hash(1, 16, key, List.of()),
                        () -> new NetworkState.Hash(1, 0, Bytes.EMPTY, List.of()),
                        () -> new NetworkState.Hash(1, 0, key, List.of(8)),
                        () -> new NetworkState.Hash(1, 0, key, List.of(-1)),
                        () -> new NetworkState.Hash(1, 0, key, Collections.nCopies(129, 0)),
                        () -> new NetworkState(true, down().hash(), List.of(1L, 1L)),
                        () -> new NetworkState(true, down().hash(), List.of(1L << 48)))) {
            assertThatThrownBy(wrong::run).isInstanceOf(StateException.class);
        }
    }

    // ---------------------------------------------------------------- under load

    /// Every frame that was given to a ring comes out of it, every packet is answered, whatever the
    /// moment at which the interface stands still.
    @Test
    void nothingIsLostOrTwiceAtAnyMoment() throws Exception {
        var backend = guest.attach(port);
        var frontend = NetworkFrontend.connect(guest);
        var queue = frontend.queue();
        var given = new AtomicInteger();
        var stop = new AtomicBoolean();
        var sender =
                Thread.ofVirtual()
                        .start(() -> {
                            while (!stop.get()) {
                                if (port.guest.offer(
                                        0, Frame.plain(Frames.udp(4, given.get() % 500)))) {
                                    given.incrementAndGet();
                                }
                                Thread.yield();
                            }
                        });
        int received = 0;
        for (int round = 0; round < 200; round++) {
            queue.post(10);
            queue.transmit(Frames.udp(4, round), 0, 0, 0);
            backend.pause();
            int index = queue.rx.index("rsp_prod");
            int answered = queue.tx.index("rsp_prod");
            Thread.yield();
            assertThat(queue.rx.index("rsp_prod")).isEqualTo(index);
            assertThat(queue.tx.index("rsp_prod")).isEqualTo(answered);
            backend.resume();
            assertThat(queue.statuses(1)).containsExactly(NetifAbi.NETIF_RSP_OKAY);
            for (int i = 0; i < 10; i++) {
                assertThat(queue.receive().bytes()).isEqualTo(Frames.udp(4, received++ % 500));
            }
        }
        stop.set(true);
        sender.join();
        assertThat(given).hasValue(received);
        assertThat(payloads(port)).hasSize(200);
        backend.close();
    }
}
