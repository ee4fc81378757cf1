package org.xenolith.guests;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.base.Clock;
import org.xenolith.board.CompilerChoice;
import org.xenolith.board.VifConfig;
import org.xenolith.network.GuestAddress;
import org.xenolith.network.PortForward;
import org.xenolith.network.PortKind;
import org.xenolith.network.Ports;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/// A guest on passt: it gets its address by DHCP, reaches the host and is reached by it.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(value = 8, unit = TimeUnit.MINUTES)
class PasstTest {
    private static final int MILLIS_MAX = 120_000;

    /// What a DHCP client does with the answer.
    private static final String SCRIPT =
            "printf '#!/bin/sh\\n[ \"$1\" = bound ] || exit 0\\nip addr add $ip/$mask dev $interface\\n"
                    + "ip link set $interface mtu $mtu\\nip route add default via $router\\n'"
                    + " > /tmp/bound; chmod +x /tmp/bound";

    @TempDir private static Path root;

    private final List<String> log = new CopyOnWriteArrayList<>();
    private HostPeer peer;
    private int forwarded;
    private Ports ports;
    private Guest guest;

    @BeforeAll
    void boot() throws Exception {
        var kernel = DebianKernel.CLOUD;
        var missing = kernel.missing();
        Assumptions.assumeTrue(missing.isEmpty(), () -> missing.orElse(""));
        HostTool.assumePasst();
        peer = HostPeer.at("127.0.0.1");
        forwarded = HostTool.freePort();
        ports = new Ports(root.resolve("networks"), Clock.system(), log::add);
        var passt =
                new PortKind.Passt(
                        List.of(PortForward.parse("tcp:127.0.0.1:%d:5000".formatted(forwarded))),
                        List.of(GuestAddress.parse("10.8.0.15/24", "10.8.0.2")),
                        true);
        guest =
                Guest.boot(
                        kernel.config(2).memoryMib(256).vifs(List.of(VifConfig.of(passt))).build(),
                        CompilerChoice.ofThisRun(),
                        ports::open);
    }

    @AfterAll
    void destroy() throws Exception {
        if (peer != null) {
            peer.close();
        }
        if (guest != null) {
            guest.close();
        }
        if (ports != null) {
            ports.close();
        }
    }

    @Test
    @Order(1)
    void theGuestGetsItsAddressByDhcp() throws Exception {
        guest.run("ip link set lo up; ip link set eth0 up; " + SCRIPT);
        guest.run("udhcpc -i eth0 -n -q -f -O mtu -s /tmp/bound");
        assertThat(guest.run("ip addr show eth0")).contains("inet 10.8.0.15/24", "mtu 65520");
        assertThat(guest.run("ip route")).contains("default via 10.8.0.2 dev eth0");
    }

    @Test
    @Order(2)
    void filesArriveAsTheyWereWithAnyMtu() throws Exception {
        for (int mtu : new int[] {65_520, 1_500}) {
            guest.run("ip link set eth0 mtu " + mtu);
            peer.exchange(guest, "10.8.0.2");
        }
    }

    @Test
    @Order(3)
    void theGuestIsReachedAtTheForwardedPort() throws Exception {
        // What is typed must not be read by nc, which would be stopped for that; nor may its input
        // end, since passt of Debian 12 sends nothing more to a guest that has half closed.
        guest.run(
                "mkfifo /tmp/silence; (nc -l -p 5000 <> /tmp/silence | sha256sum > /tmp/sum) &"
                        + " until grep -q :1388 /proc/net/tcp /proc/net/tcp6; do sleep 0.1; done");
        try (var socket = new Socket()) {
            socket.connect(
                    new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), forwarded),
                    MILLIS_MAX);
            socket.getOutputStream().write(peer.content());
        }
        assertThat(guest.run("wait; cat /tmp/sum")).startsWith(peer.hash());
    }

    @Test
    @Order(4)
    void theKernelHasNothingToComplainAbout() throws Exception {
        assertThat(guest.run("grep ^Tcp: /proc/net/snmp | awk '{print $NF}'"))
                .isEqualTo("InCsumErrors\n0");
        assertThat(
                        guest.run(
                                "dmesg | grep -E 'BUG|WARNING|Call Trace|hung|xennet|vif vif|bad gso|csum'"))
                .isEmpty();
        assertThat(log).isEmpty();
    }
}
