package org.xenolith.pv.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.xenolith.xen.abi.NetifAbi.NETRXF_csum_blank;
import static org.xenolith.xen.abi.NetifAbi.NETRXF_data_validated;
import static org.xenolith.xen.abi.NetifAbi.XEN_NETIF_EXTRA_TYPE_GSO;
import static org.xenolith.xen.abi.NetifAbi.XEN_NETIF_EXTRA_TYPE_MCAST_ADD;
import static org.xenolith.xen.abi.NetifAbi.XEN_NETIF_EXTRA_TYPE_MCAST_DEL;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.xenolith.network.Frame;
import org.xenolith.network.Frame.Checksum;
import org.xenolith.network.Frame.Segmentation;
import org.xenolith.network.Packet;
import org.xenolith.pv.network.NetworkFrontend.Options;
import org.xenolith.xen.abi.NetifAbi;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/// What the world has for a guest reaches it in a form that its front end takes, or not at all.
@Timeout(60)
class ReceiveTest {
    private static final int BLANK = NETRXF_csum_blank | NETRXF_data_validated;

    private final NetworkGuest guest = new NetworkGuest();
    private final FakePort port = new FakePort();
    private final NetworkBackend backend = guest.attach(port);
    private NetworkFrontend frontend;

    private NetworkFrontend.Queue connect(Options options) {
        frontend = NetworkFrontend.connect(guest, options);
        return frontend.queue();
    }

    @AfterEach
    void nothingIsLeft() throws IOException {
        backend.close();
        assertThat(guest.failures).isEmpty();
        assertThat(guest.mappedGrants()).isEmpty();
    }

    private boolean offer(Frame frame) {
        return port.guest.offer(0, frame);
    }

    private static Frame partial(byte[] bytes) {
        var packet = Packet.of(bytes, bytes.length).orElseThrow();
        return new Frame(
                Frames.blank(bytes), bytes.length, packet.partialChecksum(), Segmentation.NONE);
    }

    private static Frame segmented(byte[] bytes, int size) {
        var frame = partial(bytes);
        var kind = bytes[12] == 8 ? Segmentation.Kind.TCP_IPV4 : Segmentation.Kind.TCP_IPV6;
        return new Frame(
                frame.bytes(), frame.length(), frame.checksum(), new Segmentation(kind, size));
    }

    @Test
    void framesOfEveryLengthArriveAsTheyAre() {
        var queue = connect(Options.LINUX);
        for (int payload : new int[] {0, 1472, 4096 - 42, 4096 - 41, 40_000, 65_535 - 28}) {
            queue.post(17);
            var frame = Frames.udp(4, payload);
            assertThat(offer(Frame.plain(frame))).isTrue();
            var received = queue.receive();
            assertThat(received.bytes()).isEqualTo(frame);
            assertThat(received.flags() & BLANK).isZero();
            assertThat(received.extras()).isEmpty();
        }
        assertThat(backend.statistics().receivedFrames()).isEqualTo(6);
    }

    @Test
    void aValidChecksumIsSaidToBe() {
        var queue = connect(Options.LINUX);
        queue.post(1);
        var frame = Frames.udp(4, 1);
        offer(new Frame(frame, frame.length, Checksum.VALID, Segmentation.NONE));
        assertThat(queue.receive().flags() & BLANK).isEqualTo(NETRXF_data_validated);
    }

    /// Whatever a front end says it can, it gets every kind of frame whole and in its own form.
    @Test
    void everyCombinationOfFeaturesGetsEveryFrame() {
        for (int features = 0; features < 32; features++) {
            var guests = new NetworkGuest();
            var world = new FakePort();
            var interface0 = guests.attach(world);
            var options = new Options(1, (features & 1) != 0, false, nodes(features));
            var queue = NetworkFrontend.connect(guests, options).queue();
            for (int version : new int[] {4, 6}) {
                check(guests, world, queue, features, version);
            }
            assertThat(guests.failures).isEmpty();
            try {
                interface0.close();
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }
    }

    private static java.util.Map<String, String> nodes(int features) {
        return java.util.Map.of(
                "request-rx-copy", "1",
                "feature-rx-notify", "1",
                "feature-sg", flag(features & 1),
                "feature-no-csum-offload", flag(features & 2),
                "feature-ipv6-csum-offload", flag(features & 4),
                "feature-gso-tcpv4", flag(features & 8),
                "feature-gso-tcpv6", flag(features & 16));
    }

    private static String flag(int bit) {
        return bit == 0 ? "0" : "1";
    }

    private static void check(
            NetworkGuest guest,
            FakePort world,
            NetworkFrontend.Queue queue,
            int features,
            int version) {
        boolean checksums = version == 4 ? (features & 2) == 0 : (features & 4) != 0;
        boolean segments =
                checksums && (features & 1) != 0 && (features & (version == 4 ? 8 : 16)) != 0;
        queue.post(1);
        var udp = Frames.udp(version, 777);
        assertThat(world.guest.offer(0, partial(udp))).isTrue();
        var received = queue.receive();
        assertThat(received.flags() & BLANK).isEqualTo(checksums ? BLANK : NETRXF_data_validated);
        assertThat(received.bytes()).isEqualTo(checksums ? Frames.blank(udp) : udp);

        queue.post(17);
        var tcp = Frames.tcp(version, 20_000);
        assertThat(world.guest.offer(0, segmented(tcp, 1300))).isTrue();
        if (segments) {
            received = queue.receive();
            assertThat(received.bytes()).isEqualTo(Frames.blank(tcp));
            assertThat(received.flags() & BLANK).isEqualTo(BLANK);
            var extra = received.extras().getFirst();
            assertThat(extra.type()).isEqualTo(XEN_NETIF_EXTRA_TYPE_GSO);
            assertThat(extra.gsoSize()).isEqualTo(1300);
            assertThat(extra.gsoType()).isEqualTo(version == 4 ? 1 : 2);
            // The rest of the buffers is for the next one.
            int left = queue.rx.produced - queue.rx.consumed;
            for (int i = 0; i < left; i++) {
                world.guest.offer(0, Frame.plain(Frames.udp(4, 1)));
                queue.receive();
            }
        } else {
            var payload = new ByteArrayOutputStream();
            for (int i = 0; i < 16; i++) {
                var piece = queue.receive().bytes();
                assertThat(Frames.isRight(piece)).isTrue();
                payload.writeBytes(Frames.payload(piece));
            }
            assertThat(payload.toByteArray()).isEqualTo(Frames.payload(tcp));
            world.guest.offer(0, Frame.plain(Frames.udp(4, 1)));
            queue.receive();
        }
    }

    @Test
    void aFrameThatNeedsSeveralPagesIsNothingForAGuestWithoutThem() {
        var queue = connect(Options.LINUX.with("feature-sg", "0"));
        queue.post(10);
        assertThat(offer(Frame.plain(Frames.udp(4, 5000)))).isTrue();
        assertThat(queue.rx.hasResponse()).isFalse();
        assertThat(backend.statistics().receiveDropped()).isEqualTo(1);
    }

    @Test
    void aChecksumWhereTheGuestWouldNotLookIsFinished() {
        var queue = connect(Options.LINUX);
        queue.post(1);
        var bytes = new byte[100];
        bytes[99] = 1;
        offer(new Frame(bytes, 100, new Checksum.Partial(50, 2), Segmentation.NONE));
        var received = queue.receive();
        assertThat(received.flags() & BLANK).isEqualTo(NETRXF_data_validated);
        assertThat(received.bytes()[52]).isEqualTo((byte) 0xFF);
        assertThat(received.bytes()[53]).isEqualTo((byte) 0xFE);
        assertThat(bytes[52]).as("others may have this frame too").isZero();
    }

    /// Linux' front end finds no checksum behind a tag, and drops what it was told has one.
    @Test
    void whatIsTaggedIsFinished() {
        var queue = connect(Options.LINUX);
        queue.post(17);
        for (int size : new int[] {0, 3000}) {
            var tcp = Frames.tcp(4, 4500);
            var frame = size == 0 ? partial(tcp) : segmented(tcp, size);
            var bytes = tagged(frame.bytes());
            assertThat(
                            offer(
                                    new Frame(
                                            bytes,
                                            bytes.length,
                                            new Checksum.Partial(38, 16),
                                            frame.segmentation())))
                    .isTrue();
            var payload = new ByteArrayOutputStream();
            for (int i = 0; i < (size == 0 ? 1 : 2); i++) {
                var received = queue.receive();
                assertThat(received.flags() & BLANK).isEqualTo(NETRXF_data_validated);
                assertThat(received.extras()).isEmpty();
                var untagged = untagged(received.bytes());
                assertThat(Frames.isRight(untagged)).isTrue();
                payload.writeBytes(Frames.payload(untagged));
            }
            assertThat(payload.toByteArray()).isEqualTo(Frames.payload(tcp));
        }
    }

    private static byte[] tagged(byte[] frame) {
        var bytes = new byte[frame.length + 4];
        System.arraycopy(frame, 0, bytes, 0, 12);
        bytes[12] = (byte) 0x81;
        bytes[15] = 5;
        System.arraycopy(frame, 12, bytes, 16, frame.length - 12);
        return bytes;
    }

    private static byte[] untagged(byte[] frame) {
        var bytes = new byte[frame.length - 4];
        System.arraycopy(frame, 0, bytes, 0, 12);
        System.arraycopy(frame, 16, bytes, 12, bytes.length - 12);
        return bytes;
    }

    @Test
    void framesThatLieAreDropped() {
        var queue = connect(Options.LINUX);
        queue.post(20);
        var lies =
                List.of(
                        new Frame(new byte[60], 60, new Checksum.Partial(59, 1), Segmentation.NONE),
                        new Frame(
                                new byte[6000],
                                6000,
                                new Checksum.Partial(34, 16),
                                new Segmentation(Segmentation.Kind.TCP_IPV4, 100)));
        lies.forEach(frame -> assertThat(offer(frame)).isTrue());
        assertThat(queue.rx.hasResponse()).isFalse();
        assertThat(backend.statistics().receiveDropped()).isEqualTo(2);
    }

    // ---------------------------------------------------------------- room

    @Test
    void aFrameIsTakenWhenThereAreBuffersForAllOfIt() {
        var queue = connect(Options.LINUX);
        var retries = new AtomicInteger();
        port.guest.onRoom(0, retries::incrementAndGet);
        var frame = Frame.plain(Frames.udp(4, 10_000));
        assertThat(offer(frame)).isFalse();
        queue.post(2);
        assertThat(offer(frame)).isFalse();
        assertThat(retries).hasValue(0);
        queue.post(1);
        guest.await("word of room", () -> retries.get() == 1);
        assertThat(offer(frame)).isTrue();
        assertThat(queue.receive().bytes()).isEqualTo(frame.bytes());
    }

    @Test
    void aGuestThatPostsNothingHoldsNothing() {
        connect(Options.LINUX);
        for (int i = 0; i < 10_000; i++) {
            assertThat(offer(Frame.plain(Frames.udp(4, 1)))).isFalse();
        }
        assertThat(backend.statistics().receivedFrames()).isZero();
    }

    @Test
    void aGuestThatDoesNotSayWhenItHasBuffersIsNotWaitedFor() {
        var queue = connect(Options.LINUX.with("feature-rx-notify", "0"));
        assertThat(offer(Frame.plain(Frames.udp(4, 1)))).isTrue();
        assertThat(backend.statistics().receiveDropped()).isEqualTo(1);
        queue.post(1);
        assertThat(offer(Frame.plain(Frames.udp(4, 2)))).isTrue();
        assertThat(queue.receive().bytes()).isEqualTo(Frames.udp(4, 2));
    }

    @Test
    void whoWaitsIsToldWhenTheFrontEndGoes() {
        connect(Options.LINUX);
        var retries = new AtomicInteger();
        port.guest.onRoom(3, retries::incrementAndGet);
        assertThat(port.guest.offer(3, Frame.plain(Frames.udp(4, 1)))).isFalse();
        frontend.close();
        guest.await("word", () -> retries.get() == 1);
        assertThat(port.guest.offer(3, Frame.plain(Frames.udp(4, 1)))).as("dropped").isTrue();
    }

    @Test
    void anImpossibleIndexGivesNothing() {
        var queue = connect(Options.LINUX);
        queue.post(1);
        queue.rx.setIndex("req_prod", queue.rx.produced + 1000);
        assertThat(offer(Frame.plain(Frames.udp(4, 1)))).isFalse();
        assertThat(queue.rx.hasResponse()).isFalse();
        queue.rx.setIndex("req_prod", queue.rx.produced);
        assertThat(offer(Frame.plain(Frames.udp(4, 1)))).isTrue();
        queue.receive();
    }

    @Test
    void buffersThatCannotBeWrittenGetErrorsAndTheRingGoesOn() {
        var queue = connect(Options.LINUX);
        long page = guest.page();
        queue.put(page, 3000); // not granted
        queue.put(page, guest.grant(page, 4)); // only for reading
        queue.pushRx(queue.rx.produced - 2);
        for (int i = 0; i < 2; i++) {
            assertThat(offer(Frame.plain(Frames.udp(4, 1)))).isTrue();
            assertThat(queue.receive()).isNull();
        }
        queue.post(1);
        queue.put(page, 3000);
        queue.pushRx(queue.rx.produced - 1);
        assertThat(offer(Frame.plain(Frames.udp(4, 5000)))).isTrue();
        assertThat(queue.receive()).isNull();
        assertThat(queue.receive()).isNull();
        queue.post(1);
        assertThat(offer(Frame.plain(Frames.udp(4, 1)))).isTrue();
        assertThat(queue.receive().bytes()).isEqualTo(Frames.udp(4, 1));
    }

    @Test
    void framesTakeOneNotificationUntilTheGuestAsksAgain() {
        var queue = connect(Options.LINUX);
        queue.post(100);
        guest.takePending(queue.rxPort);
        for (int i = 0; i < 100; i++) {
            offer(Frame.plain(Frames.udp(4, i)));
            assertThat(guest.takePending(queue.rxPort)).isEqualTo(i == 0);
        }
    }

    // ---------------------------------------------------------------- which queue, which frames

    @Test
    void theWorldsQueuesAreSpreadOverTheGuests() {
        connect(Options.LINUX.withQueues(3));
        for (int i = 0; i < 3; i++) {
            frontend.queue(i).post(4);
        }
        for (int queue = 0; queue < 8; queue++) {
            assertThat(port.guest.offer(queue, Frame.plain(Frames.udp(4, queue)))).isTrue();
        }
        for (int queue = 0; queue < 8; queue++) {
            assertThat(frontend.queue(queue % 3).receive().bytes()).isEqualTo(Frames.udp(4, queue));
        }
    }

    private static byte[] to(String address) {
        var frame = Frames.udp(4, 1);
        var bytes = java.util.HexFormat.ofDelimiter(":").parseHex(address);
        System.arraycopy(bytes, 0, frame, 0, 6);
        return frame;
    }

    private void changeFilter(int type, String address) {
        var bytes = java.util.HexFormat.ofDelimiter(":").parseHex(address);
        int low = bytes[0] & 0xFF | (bytes[1] & 0xFF) << 8;
        int high = 0;
        for (int i = 5; i >= 2; i--) {
            high = high << 8 | bytes[i] & 0xFF;
        }
        var queue = frontend.queue();
        int before = queue.tx.produced;
        queue.slot(0, 0, NetifAbi.NETTXF_extra_info, 0);
        queue.extra(type, false, low, high);
        queue.pushTx(before);
        assertThat(queue.statuses(2))
                .containsExactly(NetifAbi.NETIF_RSP_OKAY, NetifAbi.NETIF_RSP_NULL);
    }

    private List<String> thatPass() {
        var passed = new ArrayList<String>();
        for (var address :
                List.of(
                        "00:16:3e:01:02:03",
                        "ff:ff:ff:ff:ff:ff",
                        "33:33:00:00:00:01",
                        "01:00:5e:00:00:fb")) {
            var queue = frontend.queue();
            long before = backend.statistics().receivedFrames();
            if (queue.rx.produced == queue.rx.consumed) {
                queue.post(1);
            }
            offer(Frame.plain(to(address)));
            if (backend.statistics().receivedFrames() > before) {
                queue.receive();
                passed.add(address.substring(0, 2));
            }
        }
        return passed;
    }

    @Test
    void multicastFramesAreFilteredIfTheGuestWantsThat() {
        connect(Options.LINUX);
        changeFilter(XEN_NETIF_EXTRA_TYPE_MCAST_ADD, "33:33:00:00:00:01");
        assertThat(thatPass()).as("not asked for").containsExactly("00", "ff", "33", "01");
        var node = NetworkGuest.FRONTEND + "/request-multicast-control";
        guest.store.write(node, "1");
        guest.await("the filter", () -> !thatPass().contains("01"));
        assertThat(thatPass()).containsExactly("00", "ff", "33");
        changeFilter(XEN_NETIF_EXTRA_TYPE_MCAST_DEL, "33:33:00:00:00:01");
        assertThat(thatPass()).containsExactly("00", "ff");
        guest.store.write(node, "0");
        guest.await("no filter", () -> thatPass().size() == 4);
    }

    @Test
    void theFilterHasABound() {
        var filter = new MulticastFilter();
        for (int i = 0; i < MulticastFilter.ADDRESSES_MAX; i++) {
            assertThat(filter.add(i)).isTrue();
        }
        assertThat(filter.add(MulticastFilter.ADDRESSES_MAX)).isFalse();
        assertThat(filter.add(0)).as("is there").isTrue();
        filter.remove(1);
        assertThat(filter.add(MulticastFilter.ADDRESSES_MAX)).isTrue();
    }
}
