package org.xenolith.pv.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.xenolith.xen.abi.NetifAbi.XEN_NETIF_CTRL_HASH_ALGORITHM_NONE;
import static org.xenolith.xen.abi.NetifAbi.XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ;
import static org.xenolith.xen.abi.NetifAbi.XEN_NETIF_CTRL_HASH_TYPE_IPV4;
import static org.xenolith.xen.abi.NetifAbi.XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP;
import static org.xenolith.xen.abi.NetifAbi.XEN_NETIF_CTRL_STATUS_BUFFER_OVERFLOW;
import static org.xenolith.xen.abi.NetifAbi.XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER;
import static org.xenolith.xen.abi.NetifAbi.XEN_NETIF_CTRL_STATUS_NOT_SUPPORTED;
import static org.xenolith.xen.abi.NetifAbi.XEN_NETIF_CTRL_STATUS_SUCCESS;
import static org.xenolith.xen.abi.NetifAbi.XEN_NETIF_CTRL_TYPE_ADD_GREF_MAPPING;
import static org.xenolith.xen.abi.NetifAbi.XEN_NETIF_CTRL_TYPE_GET_HASH_FLAGS;
import static org.xenolith.xen.abi.NetifAbi.XEN_NETIF_CTRL_TYPE_GET_HASH_MAPPING_SIZE;
import static org.xenolith.xen.abi.NetifAbi.XEN_NETIF_CTRL_TYPE_SET_HASH_ALGORITHM;
import static org.xenolith.xen.abi.NetifAbi.XEN_NETIF_CTRL_TYPE_SET_HASH_FLAGS;
import static org.xenolith.xen.abi.NetifAbi.XEN_NETIF_CTRL_TYPE_SET_HASH_KEY;
import static org.xenolith.xen.abi.NetifAbi.XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING;
import static org.xenolith.xen.abi.NetifAbi.XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING_SIZE;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.xenolith.network.Frame;
import org.xenolith.pv.network.NetworkFrontend.Options;
import org.xenolith.xen.abi.NetifAbi;

import java.io.IOException;
import java.util.HexFormat;

/// The control ring, and what a guest says by it about the queues on which it receives.
@Timeout(60)
class HashTest {
    /// From the verification suite of Microsoft's receive side scaling.
    private static final byte[] KEY =
            HexFormat.of()
                    .parseHex(
                            "6d5a56da255b0ec24167253d43a38fb0d0ca2bcb"
                                    + "ae7b30b477cb2da38030f20c6a42b73bbeac01fa");

    private final NetworkGuest guest = new NetworkGuest();
    private final FakePort port = new FakePort();
    private final NetworkBackend backend = guest.attach(port);
    private final NetworkFrontend frontend =
            NetworkFrontend.connect(guest, Options.LINUX.withQueues(4).withControl());

    @AfterEach
    void nothingIsLeft() throws IOException {
        backend.close();
        assertThat(guest.failures).isEmpty();
        assertThat(guest.mappedGrants()).isEmpty();
    }

    private static int toeplitz(String input) {
        return HashSteering.toeplitz(KEY, HexFormat.of().parseHex(input));
    }

    @Test
    void theHashIsToeplitzs() {
        // 66.9.149.187:2794 to 161.142.100.80:1766, and 199.92.111.2:14230 to 65.69.140.83:4739
        assertThat(toeplitz("420995bba18e6450")).isEqualTo(0x323e8fc2);
        assertThat(toeplitz("420995bba18e64500aea06e6")).isEqualTo(0x51ccc178);
        assertThat(toeplitz("c75c6f0241458c53")).isEqualTo(0xd718262a);
        assertThat(toeplitz("c75c6f0241458c5337961283")).isEqualTo(0xc626b0ea);
        // 3ffe:2501:200:1fff::7 port 2794 to 3ffe:2501:200:3::1 port 1766
        var addresses = "3ffe250102001fff0000000000000007" + "3ffe2501020000030000000000000001";
        assertThat(toeplitz(addresses)).isEqualTo(0x2cc18cd5);
        assertThat(toeplitz(addresses + "0aea06e6")).isEqualTo(0x40207d3d);
        assertThat(HashSteering.toeplitz(new byte[40], new byte[] {1, 2, 3})).isZero();
    }

    private int ask(int type, int first, int second, int third) {
        return frontend.control().ask(type, first, second, third).status();
    }

    private int granted(byte[] content) {
        long page = guest.page();
        guest.memory.write(page, content);
        return guest.grant(page, 4);
    }

    private static byte[] table(int... queues) {
        var bytes = new byte[queues.length * 4];
        for (int i = 0; i < queues.length; i++) {
            bytes[i * 4] = (byte) queues[i];
            bytes[i * 4 + 3] = (byte) (queues[i] >>> 24);
        }
        return bytes;
    }

    private void setUp(int types) {
        assertThat(
                        ask(
                                XEN_NETIF_CTRL_TYPE_SET_HASH_ALGORITHM,
                                XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ,
                                0,
                                0))
                .isEqualTo(XEN_NETIF_CTRL_STATUS_SUCCESS);
        assertThat(ask(XEN_NETIF_CTRL_TYPE_SET_HASH_KEY, granted(KEY), KEY.length, 0))
                .isEqualTo(XEN_NETIF_CTRL_STATUS_SUCCESS);
        assertThat(ask(XEN_NETIF_CTRL_TYPE_SET_HASH_FLAGS, types, 0, 0))
                .isEqualTo(XEN_NETIF_CTRL_STATUS_SUCCESS);
    }

    private static byte[] frame(boolean tcp) {
        var frame = tcp ? Frames.tcp(4, 10) : Frames.udp(4, 10);
        System.arraycopy(HexFormat.of().parseHex("420995bba18e64500aea06e6"), 0, frame, 26, 12);
        return frame;
    }

    @Test
    void framesGoToTheQueueOfTheirHashAndSayIt() {
        setUp(XEN_NETIF_CTRL_HASH_TYPE_IPV4 | XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP);
        for (int i = 0; i < 4; i++) {
            frontend.queue(i).post(6);
        }
        receive(frame(true), 0x51ccc178, 1, 0x51ccc178 % 4);
        receive(frame(false), 0x323e8fc2, 0, 0x323e8fc2 % 4);
        assertThat(ask(XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING_SIZE, 5, 0, 0)).isZero();
        receive(frame(true), 0x51ccc178, 1, 0);
        int entry = 0x51ccc178 % 5;
        assertThat(ask(XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING, granted(table(3)), 1, entry)).isZero();
        receive(frame(true), 0x51ccc178, 1, 3);
    }

    private void receive(byte[] frame, int hash, int type, int queue) {
        assertThat(port.guest.offer(1, Frame.plain(frame))).isTrue();
        var received = frontend.queue(queue).receive();
        assertThat(received.bytes()).isEqualTo(frame);
        var extra = received.extras().getFirst();
        assertThat(extra.type()).isEqualTo(NetifAbi.XEN_NETIF_EXTRA_TYPE_HASH);
        assertThat(extra.low()).isEqualTo(type | 1 << 8);
        assertThat(extra.high()).isEqualTo(hash);
    }

    @Test
    void whatHasNoHashGoesWhereTheWorldSays() {
        setUp(XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP);
        frontend.queue(1).post(1);
        assertThat(port.guest.offer(1, Frame.plain(frame(false)))).isTrue();
        assertThat(frontend.queue(1).receive().extras()).isEmpty();
    }

    @Test
    void whatCannotBeIsRefused() {
        assertThat(ask(XEN_NETIF_CTRL_TYPE_GET_HASH_FLAGS, 0, 0, 0))
                .isEqualTo(XEN_NETIF_CTRL_STATUS_NOT_SUPPORTED);
        refuse(XEN_NETIF_CTRL_TYPE_SET_HASH_FLAGS, 1, 0, 0); // no algorithm
        refuse(XEN_NETIF_CTRL_TYPE_SET_HASH_ALGORITHM, 2, 0, 0);
        setUp(1);
        var answer = frontend.control().ask(XEN_NETIF_CTRL_TYPE_GET_HASH_FLAGS, 0, 0, 0);
        assertThat(answer.status()).isZero();
        assertThat(answer.data()).isEqualTo(15);
        refuse(XEN_NETIF_CTRL_TYPE_SET_HASH_FLAGS, 16, 0, 0);
        refuse(XEN_NETIF_CTRL_TYPE_SET_HASH_KEY, 3000, 40, 0); // not granted
        assertThat(ask(XEN_NETIF_CTRL_TYPE_SET_HASH_KEY, granted(KEY), 41, 0))
                .isEqualTo(XEN_NETIF_CTRL_STATUS_BUFFER_OVERFLOW);
        assertThat(ask(XEN_NETIF_CTRL_TYPE_SET_HASH_KEY, granted(KEY), -1, 0))
                .isEqualTo(XEN_NETIF_CTRL_STATUS_BUFFER_OVERFLOW);
        assertThat(
                        frontend.control()
                                .ask(XEN_NETIF_CTRL_TYPE_GET_HASH_MAPPING_SIZE, 0, 0, 0)
                                .data())
                .isEqualTo(128);
        refuse(XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING_SIZE, 129, 0, 0);
        refuse(XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING_SIZE, -1, 0, 0);
        assertThat(ask(XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING_SIZE, 4, 0, 0)).isZero();
        int good = granted(table(0, 1, 2, 3));
        refuse(XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING, good, 4, 1);
        refuse(XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING, good, 1, -1);
        refuse(XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING, good, 5, 0);
        refuse(XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING, granted(table(4)), 1, 0);
        refuse(XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING, granted(table(0x8000_0000)), 1, 0);
        assertThat(ask(XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING, good, 129, 0))
                .isEqualTo(XEN_NETIF_CTRL_STATUS_BUFFER_OVERFLOW);
        assertThat(ask(XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING, good, 4, 0)).isZero();
        for (int type : new int[] {0, XEN_NETIF_CTRL_TYPE_ADD_GREF_MAPPING, 0xFFFF}) {
            assertThat(ask(type, 0, 0, 0)).isEqualTo(XEN_NETIF_CTRL_STATUS_NOT_SUPPORTED);
        }
        assertThat(
                        ask(
                                XEN_NETIF_CTRL_TYPE_SET_HASH_ALGORITHM,
                                XEN_NETIF_CTRL_HASH_ALGORITHM_NONE,
                                0,
                                0))
                .isZero();
    }

    private void refuse(int type, int first, int second, int third) {
        assertThat(ask(type, first, second, third))
                .isEqualTo(XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER);
    }

    @Test
    void answersEchoTheirRequests() {
        var answer = frontend.control().ask(0x1234, 0, 0, 0);
        assertThat(answer.id()).isEqualTo(1);
        assertThat(answer.type()).isEqualTo(0x1234);
    }
}
