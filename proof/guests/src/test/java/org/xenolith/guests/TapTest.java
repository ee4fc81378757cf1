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
import org.xenolith.network.NetworkException;
import org.xenolith.network.Port;
import org.xenolith.network.PortKind;
import org.xenolith.network.Ports;
import org.xenolith.network.testing.Namespace;

import java.io.IOException;
import java.net.URI;
import java.net.URL;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/// A guest on a bridge of the host, by a tap: the host is a network namespace that the test has
/// made.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(value = 8, unit = TimeUnit.MINUTES)
class TapTest {
    @TempDir private static Path root;

    private final List<String> log = new CopyOnWriteArrayList<>();
    private Namespace host;
    private Ports ports;
    private HostPeer peer;
    private Guest guest;

    @BeforeAll
    void boot() throws Exception {
        Namespace.assumePossible();
        var missing = DebianKernel.CLOUD.missing();
        Assumptions.assumeTrue(missing.isEmpty(), () -> missing.orElse(""));
        host = Namespace.create();
        host.bridge("xenbr0", "10.9.0.1/24");
        host.ip("addr add fd09::1/64 dev xenbr0 nodad");
        ports = new Ports(root.resolve("networks"), Clock.system(), log::add);
        peer = host.call(() -> HostPeer.at("::"));
        guest =
                Guest.boot(
                        DebianKernel.CLOUD
                                .config(2)
                                .memoryMib(256)
                                .vifs(List.of(VifConfig.of(PortKind.DEFAULT)))
                                .build(),
                        CompilerChoice.ofThisRun(),
                        (kind, owner) -> inHost(() -> ports.open(kind, owner)));
    }

    @FunctionalInterface
    private interface Opening {
        Port open() throws NetworkException;
    }

    /// A tap is where the thread is that makes it.
    private Port inHost(Opening opening) throws NetworkException {
        try {
            return host.call(opening::open);
        } catch (NetworkException e) {
            throw e;
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    @AfterAll
    void destroy() throws Exception {
        if (guest != null) {
            guest.close();
        }
        if (peer != null) {
            peer.close();
        }
        if (ports != null) {
            ports.close();
        }
        if (host != null) {
            host.close();
        }
    }

    @Test
    @Order(1)
    void guestAndHostReachEachOther() throws Exception {
        guest.run(
                "ip link set lo up; echo 0 > /proc/sys/net/ipv6/conf/eth0/accept_dad; ip link set"
                        + " eth0 up; ip addr add 10.9.0.2/24 dev eth0; ip -6 addr add fd09::2/64 dev"
                        + " eth0");
        assertThat(guest.run("ls /sys/class/net/eth0/queues | tr '\\n' ' '").strip())
                .isEqualTo("rx-0 rx-1 tx-0 tx-1");
        for (var address : List.of("10.9.0.1", "fd09::1")) {
            assertThat(guest.run("ping -c 3 -W 10 " + address)).contains(" 0% packet loss");
        }
        assertThat(host.proc("dev")).contains("vif1.0");
    }

    @Test
    @Order(2)
    void filesArriveAsTheyWere() throws Exception {
        for (var address : List.of("10.9.0.1", "fd09::1")) {
            peer.exchange(guest, address);
        }
        assertThat(host.counter("Tcp", "InCsumErrors")).isZero();
        assertThat(host.counter("Tcp", "InErrs")).isZero();
        assertThat(guest.run("grep ^Tcp: /proc/net/snmp | awk '{print $NF}'"))
                .isEqualTo("InCsumErrors\n0");
    }

    @Test
    @Order(3)
    void longSegmentsAreLeftToTheHostsKernel() throws Exception {
        guest.run("httpd -p 5000 -h /tmp");
        for (var address : List.of("10.9.0.2", "[fd09::2]")) {
            var sent = SentFrames.from(guest);
            var file = URI.create("http://" + address + ":5000/file").toURL();
            assertThat(host.call(() -> read(file))).isEqualTo(peer.content());
            sent.assertLong();
        }
    }

    private static byte[] read(URL file) throws IOException {
        try (var body = file.openStream()) {
            return body.readAllBytes();
        }
    }

    @Test
    @Order(4)
    void aTapComesAndGoesWithItsInterface() throws Exception {
        var vif = guest.domain().interfaces().attach(VifConfig.of(PortKind.DEFAULT));
        assertThat(vif.devid()).hasValue(1);
        assertThat(host.proc("dev")).contains("vif1.0", "vif1.1");
        guest.run("until [ -e /sys/class/net/eth1 ]; do sleep 0.1; done");
        guest.domain().interfaces().detach(1, false);
        assertThat(host.proc("dev")).contains("vif1.0").doesNotContain("vif1.1");
        assertThat(guest.run("ping -c 1 -W 10 10.9.0.1")).contains(" 0% packet loss");
    }

    @Test
    @Order(5)
    void theKernelHasNothingToComplainAbout() throws Exception {
        assertThat(
                        guest.run(
                                "dmesg | grep -E 'BUG|WARNING|Call Trace|hung|xennet|vif vif|bad"
                                        + " gso|csum'"))
                .isEmpty();
        assertThat(log).isEmpty();
        guest.close();
        assertThat(host.proc("dev")).doesNotContain("vif1.0");
    }
}
