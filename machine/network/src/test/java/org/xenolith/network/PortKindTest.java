package org.xenolith.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenolith.network.PortForward.Protocol;

import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

class PortKindTest {
    @Test
    void aForwardSaysProtocolAddressAndPorts() {
        assertThat(PortForward.parse("tcp:2222:22"))
                .isEqualTo(new PortForward(Protocol.TCP, Optional.empty(), 2222, 22, 1));
        assertThat(PortForward.parse("udp:53"))
                .isEqualTo(new PortForward(Protocol.UDP, Optional.empty(), 53, 53, 1));
        assertThat(PortForward.parse("tcp:127.0.0.1:8000-8010:80-90"))
                .isEqualTo(new PortForward(Protocol.TCP, address("127.0.0.1"), 8000, 80, 11));
        assertThat(PortForward.parse("tcp:[::1]:1-65535"))
                .isEqualTo(new PortForward(Protocol.TCP, address("::1"), 1, 1, 65_535));
    }

    private static Optional<InetAddress> address(String literal) {
        return Optional.of(InetAddress.ofLiteral(literal));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "tcp",
                "tcp:",
                "22",
                "sctp:22",
                "TCP:22",
                "tcp:0",
                "tcp:65536",
                "tcp:99999999999",
                "tcp:22:",
                "tcp:22:23:24",
                "tcp:22-21",
                "tcp:22-24:80-81",
                "tcp:22:80-81",
                "tcp:1-2:65535-65536",
                "tcp:localhost:22",
                "tcp:1.2.3:22:22",
                "tcp:1.2.3.256:22",
                "tcp:::1:22",
                "tcp:[::g]:22",
                "tcp:[1::2::3]:22",
                "tcp:22,udp:23",
                "tcp:22 --runas root",
                "tcp:-22"
            })
    void whatIsNoForwardIsRefusedWithTheText(String text) {
        assertThatThrownBy(() -> PortForward.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("\"" + text + "\"");
    }

    @ParameterizedTest
    @CsvSource({
        "10.0.2.15/24, 10.0.3.2",
        "10.0.2.15/24, 10.0.2.15",
        "10.0.2.15/32, 10.0.2.2",
        "10.0.2.15/0, 10.0.2.2",
        "10.0.2.15/-1, 10.0.2.2",
        "10.0.2.15/x, 10.0.2.2",
        "10.0.2.15, 10.0.2.2",
        "10.0.2.15/24, fd00::1",
        "guest/24, 10.0.2.2",
        "fd00::2/128, fd00::1",
        "/24, 10.0.2.2"
    })
    void anAddressWithoutAWayOutIsRefused(String address, String gateway) {
        assertThatThrownBy(() -> GuestAddress.parse(address, gateway))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ".",
                "..",
                "a/b",
                "vif 1",
                "eth0:1",
                "sixteen-bytes-xx",
                "a%d",
                "brücke",
                "a\n"
            })
    void whatTheKernelWouldNotHaveAsANameIsRefused(String name) {
        assertThatThrownBy(() -> new PortKind.Bridge(name, Optional.empty()))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new PortKind.Bridge("xenbr0", Optional.of(name)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ".", "..", "../lab", "a/b", "a b", "x.y", "é"})
    void aNetworkIsNoPath(String name) {
        assertThatThrownBy(() -> new PortKind.Network(name))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void passtIsToldEverythingInItsOwnWords() {
        var kind =
                new PortKind.Passt(
                        List.of(
                                PortForward.parse("tcp:127.0.0.1:2222:22"),
                                PortForward.parse("udp:[::1]:5000-5001:53-54")),
                        List.of(
                                GuestAddress.parse("10.0.2.15/24", "10.0.2.2"),
                                GuestAddress.parse("fd00::2/64", "fd00::1")),
                        false);
        assertThat(
                        String.join(
                                " ",
                                PasstCommand.of(
                                        Path.of("/bin/passt"),
                                        Path.of("/s"),
                                        kind,
                                        1500,
                                        List.of(InetAddress.ofLiteral("9.9.9.9")))))
                .isEqualTo(
                        "/bin/passt --foreground --quiet --one-off --socket /s --mtu 1500"
                                + " --no-map-gw --dns 9.9.9.9"
                                + " --address 10.0.2.15 --gateway 10.0.2.2 --netmask 24"
                                + " --address fd00:0:0:0:0:0:0:2 --gateway fd00:0:0:0:0:0:0:1"
                                + " --tcp-ports 127.0.0.1/2222:22"
                                + " --udp-ports 0:0:0:0:0:0:0:1/5000-5001:53-54");
        assertThat(
                        PasstCommand.of(
                                Path.of("p"), Path.of("s"), PortKind.Passt.PLAIN, 1500, List.of()))
                .containsSequence("--tcp-ports", "none")
                .containsSequence("--udp-ports", "none");
    }

    @Test
    void passtTakesOneAddressOfAFamilyAndSoManyForwards() {
        var address = GuestAddress.parse("10.0.2.15/24", "10.0.2.2");
        assertThatThrownBy(() -> new PortKind.Passt(List.of(), List.of(address, address), false))
                .hasMessage("two addresses of one family");
        var forwards =
                Collections.nCopies(PortKind.Passt.FORWARDS_MAX + 1, PortForward.parse("tcp:22"));
        assertThatThrownBy(() -> new PortKind.Passt(forwards, List.of(), false))
                .hasMessage("more than 64 forwards");
    }

    @Test
    void nameServersThatAGuestCannotReachAreReplacedByThoseBehindThem(@TempDir Path directory)
            throws Exception {
        var configured = directory.resolve("resolv.conf");
        var behind = directory.resolve("behind.conf");
        assertThat(Resolvers.hidden(configured, behind)).isEmpty();
        Files.writeString(behind, "nameserver 10.0.0.53\nnameserver fe80::1%eth0\n#\nnameserver\n");
        Files.writeString(configured, "nameserver 127.0.0.53\noptions edns0\n");
        assertThat(Resolvers.hidden(configured, behind))
                .containsExactly(InetAddress.ofLiteral("10.0.0.53"));
        Files.writeString(configured, "nameserver 127.0.0.1\nnameserver 10.0.0.1\n");
        assertThat(Resolvers.hidden(configured, behind)).isEmpty();
        Files.write(configured, new byte[] {(byte) 0xC3, (byte) 0x28});
        assertThat(Resolvers.hidden(configured, behind)).isEmpty();
    }
}
