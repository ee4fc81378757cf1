package org.xenolith.pv.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.xenolith.xen.abi.NetifAbi.NETTXF_csum_blank;
import static org.xenolith.xen.abi.NetifAbi.NETTXF_data_validated;
import static org.xenolith.xen.abi.NetifAbi.NETTXF_extra_info;
import static org.xenolith.xen.abi.NetifAbi.NETTXF_more_data;
import static org.xenolith.xen.abi.NetifAbi.XEN_NETIF_EXTRA_TYPE_GSO;
import static org.xenolith.xen.abi.NetifAbi.XEN_NETIF_EXTRA_TYPE_HASH;
import static org.xenolith.xen.abi.NetifAbi.XEN_NETIF_GSO_TYPE_TCPV4;
import static org.xenolith.xen.abi.NetifAbi.XEN_NETIF_GSO_TYPE_TCPV6;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.xenolith.network.Frame;
import org.xenolith.network.Frame.Checksum;
import org.xenolith.network.Frame.Segmentation;
import org.xenolith.network.Offloads;
import org.xenolith.xen.abi.NetifAbi;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// What a guest transmits reaches the world whole, with done what the world cannot do.
@Timeout(60)
class TransmitTest {
    private static final int BLANK = NETTXF_csum_blank | NETTXF_data_validated;

    private final NetworkGuest guest = new NetworkGuest();
    private FakePort port = new FakePort();
    private NetworkBackend backend;
    private NetworkFrontend frontend;

    @BeforeEach
    void connect() {
        use(Offloads.ALL, Optional.empty());
    }

    private void use(Offloads offloads, Optional<RateLimit> rate) {
        port = new FakePort(offloads);
        backend = guest.attach(port, rate);
        frontend = NetworkFrontend.connect(guest);
    }

    private void reconnect(Offloads offloads, Optional<RateLimit> rate) throws IOException {
        backend.close();
        use(offloads, rate);
    }

    @AfterEach
    void nothingIsLeft() throws IOException {
        backend.close();
        assertThat(guest.failures).isEmpty();
        assertThat(guest.mappedGrants()).isEmpty();
        assertThat(port.closed).isTrue();
    }

    private NetworkFrontend.Queue queue() {
        return frontend.queue();
    }

    private static byte[] bytes(Frame frame) {
        return Arrays.copyOf(frame.bytes(), frame.length());
    }

    private Frame sent() {
        guest.await("a frame", () -> !port.frames.isEmpty());
        return port.frames.removeFirst();
    }

    /// That the ring goes on, whatever was before.
    private void assertWorks() {
        port.frames.clear();
        var frame = Frames.udp(4, 100);
        assertThat(queue().perform(frame, 0, 0, 0)).containsExactly(NetifAbi.NETIF_RSP_OKAY);
        assertThat(bytes(sent())).isEqualTo(frame);
    }

    @Test
    void framesOfEveryLengthArriveAsTheyAre() {
        for (int payload : new int[] {0, 1, 1472, 3000, 4096, 9000, 40_000, 65_535 - 42}) {
            var frame = Frames.udp(4, payload);
            assertThat(queue().perform(frame, 0, 0, 0)).containsOnly(NetifAbi.NETIF_RSP_OKAY);
            var sent = sent();
            assertThat(bytes(sent)).isEqualTo(frame);
            assertThat(sent.checksum()).isEqualTo(Checksum.UNKNOWN);
            assertThat(sent.segmentation()).isEqualTo(Segmentation.NONE);
        }
        assertThat(backend.statistics().transmittedFrames()).isEqualTo(8);
    }

    @Test
    void whatTheGuestHasCheckedIsValid() {
        queue().perform(Frames.tcp(4, 10), NETTXF_data_validated, 0, 0);
        assertThat(sent().checksum()).isEqualTo(Checksum.VALID);
    }

    @Test
    void aBlankChecksumStaysSoIfTheWorldFinishesIt() {
        for (int version : new int[] {4, 6}) {
            for (var frame : List.of(Frames.tcp(version, 301), Frames.udp(version, 302))) {
                queue().perform(Frames.blank(frame), BLANK, 0, 0);
                var sent = sent();
                int start = version == 4 ? 34 : 54;
                int offset = frame[version == 4 ? 23 : 20] == Frames.TCP ? 16 : 6;
                assertThat(sent.checksum()).isEqualTo(new Checksum.Partial(start, offset));
                assertThat(bytes(sent)).isEqualTo(Frames.blank(frame));
            }
        }
    }

    @Test
    void aBlankChecksumIsFinishedIfTheWorldCannot() throws IOException {
        reconnect(Offloads.NONE, Optional.empty());
        for (int version : new int[] {4, 6}) {
            for (var frame : List.of(Frames.tcp(version, 301), Frames.udp(version, 302))) {
                queue().perform(Frames.blank(frame), BLANK, 0, 0);
                var sent = sent();
                assertThat(bytes(sent)).isEqualTo(frame);
                assertThat(sent.checksum()).isEqualTo(Checksum.VALID);
            }
        }
    }

    @Test
    void aLongSegmentStaysWholeIfTheWorldCutsIt() {
        var frame = Frames.blank(Frames.tcp(6, 60_000));
        var statuses = queue().perform(frame, BLANK, XEN_NETIF_GSO_TYPE_TCPV6, 1428);
        assertThat(statuses).hasSize(16);
        assertThat(statuses.get(1)).as("the extra info's").isEqualTo(NetifAbi.NETIF_RSP_NULL);
        assertThat(statuses.stream().filter(status -> status == NetifAbi.NETIF_RSP_OKAY))
                .hasSize(15);
        var sent = sent();
        assertThat(sent.segmentation())
                .isEqualTo(new Segmentation(Segmentation.Kind.TCP_IPV6, 1428));
        assertThat(bytes(sent)).isEqualTo(frame);
    }

    @Test
    void aLongSegmentIsCutIfTheWorldCannot() throws IOException {
        reconnect(new Offloads(true, true, false), Optional.empty());
        for (int version : new int[] {4, 6}) {
            var frame = Frames.tcp(version, 60_000);
            int type = version == 4 ? XEN_NETIF_GSO_TYPE_TCPV4 : XEN_NETIF_GSO_TYPE_TCPV6;
            queue().perform(Frames.blank(frame), BLANK, type, 1400);
            if (version == 4) {
                assertThat(sent().segmentation().size()).isEqualTo(1400);
            } else {
                assertIsCut(frame, 43);
            }
        }
    }

    private void assertIsCut(byte[] frame, int pieces) {
        guest.await("the pieces", () -> port.frames.size() == pieces);
        var payload = new ByteArrayOutputStream();
        for (var piece : port.frames) {
            assertThat(Frames.isRight(bytes(piece))).isTrue();
            payload.writeBytes(Frames.payload(bytes(piece)));
        }
        assertThat(payload.toByteArray()).isEqualTo(Frames.payload(frame));
        port.frames.clear();
    }

    /// Front ends that forget to say that the checksum of a long segment is blank exist.
    @Test
    void aLongSegmentHasABlankChecksumWhateverItSays() {
        var frame = Frames.tcp(4, 5000);
        queue().perform(frame, 0, XEN_NETIF_GSO_TYPE_TCPV4, 1000);
        var sent = sent();
        assertThat(sent.checksum()).isEqualTo(new Checksum.Partial(34, 16));
        assertThat(bytes(sent)).isEqualTo(Frames.blank(frame));
    }

    @Test
    void aSegmentThatIsOnePieceIsNotCut() {
        queue().perform(Frames.blank(Frames.tcp(4, 1000)), BLANK, XEN_NETIF_GSO_TYPE_TCPV4, 1000);
        assertThat(sent().segmentation()).isEqualTo(Segmentation.NONE);
    }

    /// 65,000 frames of one byte out of one packet take no more memory than the packet, and others
    /// get their turn.
    @Test
    void piecesOfOneByteAreMadeOneByOne() throws IOException {
        reconnect(Offloads.NONE, Optional.empty());
        port.room.set(100);
        queue().transmit(Frames.blank(Frames.tcp(4, 60_000)), BLANK, XEN_NETIF_GSO_TYPE_TCPV4, 1);
        guest.await("a refusal", () -> port.refusals.get() > 0);
        assertThat(port.frames).hasSize(100);
        port.makeRoom(Integer.MAX_VALUE);
        guest.await("the rest", () -> port.frames.size() == 60_000);
        assertWorks();
    }

    @Test
    void whatTheWorldHasNoRoomForStaysInTheRing() {
        port.room.set(3);
        for (int i = 0; i < 10; i++) {
            queue().transmit(Frames.udp(4, i), 0, 0, 0);
        }
        guest.await("a refusal", () -> port.refusals.get() > 0);
        queue().statuses(4); // the fourth is copied, and waits
        assertThat(queue().tx.hasResponse()).isFalse();
        port.makeRoom(Integer.MAX_VALUE);
        queue().statuses(6);
        guest.await("all", () -> port.frames.size() == 10);
        for (int i = 0; i < 10; i++) {
            assertThat(bytes(sent())).isEqualTo(Frames.udp(4, i));
        }
    }

    @Test
    void aRateIsKept() throws IOException {
        reconnect(Offloads.ALL, Optional.of(new RateLimit(100_000, 1_000_000)));
        for (int i = 0; i < 20; i++) {
            queue().transmit(Frames.udp(4, 9958), 0, 0, 0);
        }
        // What has been saved for one interval, and one that may go into debt.
        guest.await("the first", () -> port.frames.size() == 10);
        guest.await("the timer", () -> guest.timers.nextDeadlineNanos() != Long.MAX_VALUE);
        guest.clock.advance(guest.timers.nextDeadlineNanos() - guest.clock.nanos());
        guest.timers.runDue();
        guest.await("one more", () -> port.frames.size() == 11);
        for (int seconds = 0; seconds < 2; seconds++) {
            guest.clock.advance(500_000_000L);
            guest.await(
                    "the timer",
                    () -> {
                        guest.timers.runDue();
                        return guest.timers.nextDeadlineNanos() > guest.clock.nanos();
                    });
        }
        guest.await(
                "as many",
                () -> {
                    guest.timers.runDue(); // the worker may have armed the timer late
                    return port.frames.size() >= 19;
                });
        assertThat(port.frames.size()).isLessThanOrEqualTo(20);
    }

    @Test
    void whileTheLinkIsDownFramesGoNowhere() {
        backend.setLinkUp(false);
        guest.await("the node", () -> guest.read(NetworkGuest.BACKEND + "/carrier").equals("0"));
        assertThat(queue().perform(Frames.udp(4, 1), 0, 0, 0))
                .containsExactly(NetifAbi.NETIF_RSP_DROPPED);
        assertThat(backend.statistics().transmitDropped()).isEqualTo(1);
        backend.setLinkUp(true);
        guest.await("the node", () -> guest.read(NetworkGuest.BACKEND + "/carrier").equals("1"));
        assertWorks();
    }

    /// It is looked at once a second.
    @Test
    void theFrontEndIsToldThatTheWorldIsGone() {
        port.carrier = false;
        guest.await("the node", () -> guest.read(NetworkGuest.BACKEND + "/carrier").equals("0"));
        port.carrier = true;
        guest.await("the node", () -> guest.read(NetworkGuest.BACKEND + "/carrier").equals("1"));
    }

    @Test
    void eachQueueIsAQueueOfTheWorld() throws IOException {
        backend.close();
        port = new FakePort();
        backend = guest.attach(port);
        frontend = NetworkFrontend.connect(guest, NetworkFrontend.Options.LINUX.withQueues(4));
        for (int i = 0; i < 4; i++) {
            frontend.queue(i).perform(Frames.udp(4, i), 0, 0, 0);
        }
        guest.await("all", () -> port.frames.size() == 4);
        for (int i = 0; i < 4; i++) {
            assertThat(bytes(port.frames.get(i))).isEqualTo(Frames.udp(4, port.queues.get(i)));
        }
        assertThat(port.queues).containsExactly(0, 1, 2, 3);
    }

    /// The guest asks with `rsp_event`, and is told once.
    @Test
    void manyPacketsTakeOneNotification() {
        guest.await("the first notification is over", () -> !guest.takePending(queue().txPort));
        port.room.set(0);
        queue().tx.setIndex("rsp_event", queue().tx.consumed + 20);
        for (int i = 0; i < 20; i++) {
            queue().transmit(Frames.udp(4, i), 0, 0, 0);
        }
        guest.await("a refusal", () -> port.refusals.get() > 0);
        assertThat(guest.takePending(queue().txPort)).isFalse();
        port.makeRoom(Integer.MAX_VALUE);
        guest.await("all", () -> port.frames.size() == 20);
        guest.await("a notification", () -> guest.takePending(queue().txPort));
    }

    // ---------------------------------------------------------------- what is wrong

    private void assertRefused(int slots) {
        assertThat(queue().statuses(slots))
                .contains(NetifAbi.NETIF_RSP_ERROR)
                .doesNotContain(NetifAbi.NETIF_RSP_OKAY);
        assertThat(port.frames).isEmpty();
        assertWorks();
    }

    private int granted() {
        return guest.grant(guest.page(), 4);
    }

    @Test
    void badEntriesGetErrorsAndTheRingGoesOn() {
        int before = queue().tx.produced;
        queue().slot(3000, 0, 0, 60); // not granted
        queue().pushTx(before);
        assertRefused(1);
        for (int size : new int[] {0, 13}) {
            before = queue().tx.produced;
            queue().slot(granted(), 0, 0, size);
            queue().pushTx(before);
            assertRefused(1);
        }
        before = queue().tx.produced;
        queue().slot(granted(), 4000, 0, 97); // beyond the page
        queue().pushTx(before);
        assertRefused(1);
        before = queue().tx.produced;
        queue().slot(granted(), 0xFFFF, 0, 0xFFFF);
        queue().pushTx(before);
        assertRefused(1);
        before = queue().tx.produced;
        queue().slot(granted(), 0, NETTXF_more_data, 100);
        queue().slot(granted(), 0, 0, 101); // more than the whole
        queue().pushTx(before);
        assertRefused(2);
    }

    @Test
    void aPacketWithoutItsEndIsRefused() {
        int before = queue().tx.produced;
        queue().slot(granted(), 0, NETTXF_more_data, 100);
        queue().pushTx(before);
        assertRefused(1);
        before = queue().tx.produced;
        queue().slot(granted(), 0, NETTXF_extra_info, 100);
        queue().pushTx(before);
        assertRefused(1);
        before = queue().tx.produced;
        queue().slot(granted(), 0, NETTXF_extra_info, 100);
        queue().extra(XEN_NETIF_EXTRA_TYPE_HASH, true, 0, 0);
        queue().pushTx(before);
        assertRefused(2);
    }

    @Test
    void aPacketOfTooManyPiecesIsRefusedAsAWhole() {
        for (int pieces : new int[] {19, 200}) {
            int before = queue().tx.produced;
            int reference = granted();
            for (int i = 0; i < pieces; i++) {
                int more = i < pieces - 1 ? NETTXF_more_data : 0;
                queue().slot(reference, 0, more, i == 0 ? 20 * pieces : 20);
            }
            queue().pushTx(before);
            assertRefused(pieces);
        }
    }

    @Test
    void unknownExtraInfosAreRefused() {
        int[][] infos = {
            {0, 0, 0},
            {5, 0, 0},
            {XEN_NETIF_EXTRA_TYPE_GSO, 0, XEN_NETIF_GSO_TYPE_TCPV4},
            {XEN_NETIF_EXTRA_TYPE_GSO, 1000, 3},
            {XEN_NETIF_EXTRA_TYPE_GSO, 1000, XEN_NETIF_GSO_TYPE_TCPV4} // of zeros
        };
        for (var info : infos) {
            int before = queue().tx.produced;
            queue().slot(granted(), 0, NETTXF_extra_info, 100);
            queue().extra(info[0], false, info[1], info[2]);
            queue().pushTx(before);
            assertRefused(2);
        }
    }

    @Test
    void aBlankChecksumOfWhatHasNoneIsRefused() {
        int before = queue().tx.produced;
        queue().slot(granted(), 0, NETTXF_csum_blank, 100);
        queue().pushTx(before);
        assertRefused(1);
    }

    @Test
    void anImpossibleIndexTakesNothing() {
        for (int far : new int[] {257, 1 << 30, -1, Integer.MIN_VALUE}) {
            queue().tx.setIndex("req_prod", queue().tx.produced + far);
            guest.send(queue().txPort);
            guest.await("a word", () -> !guest.log.isEmpty());
            assertThat(queue().tx.hasResponse()).isFalse();
            queue().tx.setIndex("req_prod", queue().tx.produced);
            assertWorks();
            guest.log.clear();
        }
    }

    @Test
    void aFrontEndThatIsAlwaysWrongDoesNotFillTheLog() {
        for (int i = 0; i < 100; i++) {
            int before = queue().tx.produced;
            queue().slot(3000, 0, 0, 60);
            queue().pushTx(before);
            queue().statuses(1);
        }
        assertThat(guest.log).hasSize(10);
        assertThat(backend.statistics().transmitErrors()).isEqualTo(100);
    }
}
