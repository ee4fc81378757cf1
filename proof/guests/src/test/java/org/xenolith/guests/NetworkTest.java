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
import org.xenolith.board.InterfaceInfo;
import org.xenolith.board.VifConfig;
import org.xenolith.network.PortKind;
import org.xenolith.network.Ports;
import org.xenolith.pv.network.MacAddress;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/// Linux' own network front end on our back end: two guests with different kernels, one of two
/// vCPUs and so two queues, on a network of this process.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(value = 8, unit = TimeUnit.MINUTES)
class NetworkTest {
    private static final int LAST = Integer.MAX_VALUE;

    @TempDir private static Path root;

    private final List<String> log = new CopyOnWriteArrayList<>();
    private Ports ports;
    private Guest first;
    private Guest second;

    @BeforeAll
    void boot() throws Exception {
        for (var kernel : List.of(DebianKernel.CLOUD, DebianKernel.CLOUD_6_12)) {
            var missing = kernel.missing();
            Assumptions.assumeTrue(missing.isEmpty(), () -> missing.orElse(""));
        }
        ports = new Ports(root.resolve("networks"), Clock.system(), log::add);
        first = boot(DebianKernel.CLOUD, 2, "00:16:3e:00:00:01");
        second = boot(DebianKernel.CLOUD_6_12, 1, "00:16:3e:00:00:02");
        setUp(first, 1);
        setUp(second, 2);
    }

    private Guest boot(DebianKernel kernel, int vcpus, String mac) throws Exception {
        var vif =
                VifConfig.of(new PortKind.Network("lab"))
                        .withMac(MacAddress.parse(mac).orElseThrow());
        return Guest.boot(
                kernel.config(vcpus).memoryMib(256).vifs(List.of(vif)).build(),
                CompilerChoice.ofThisRun(),
                ports::open);
    }

    private static void setUp(Guest guest, int number) throws InterruptedException {
        var command =
                "n=0; until [ -e /sys/class/net/eth0 ]; do n=$((n + 1)); [ $n -gt 100 ] && break;"
                        + " sleep 0.1; done; echo 0 > /proc/sys/net/ipv6/conf/eth0/accept_dad;"
                        + " ip link set lo up; ip link set eth0 up;"
                        + " ip addr add 10.0.0.%d/24 dev eth0;"
                        + " ip -6 addr add fd00::%d/64 dev eth0; mkdir /tmp/www;"
                        + " (for i in 1 2; do cat /bin/busybox; done) > /tmp/www/file;"
                        + " httpd -p 5000 -h /tmp/www; echo done";
        assertThat(guest.run(command.formatted(number, number))).isEqualTo("done");
    }

    @AfterAll
    void destroy() {
        for (var guest : new Guest[] {first, second}) {
            if (guest != null) {
                guest.close();
            }
        }
        if (ports != null) {
            ports.close();
        }
    }

    private static InterfaceInfo info(Guest guest) {
        return guest.domain().interfaces().list().getFirst();
    }

    private static void assertReaches(Guest guest, String address) throws InterruptedException {
        assertThat(guest.run("ping -c 3 -W 5 " + address)).contains(" 0% packet loss");
    }

    @Test
    @Order(1)
    void theFrontEndUsesWhatTheBackEndOffers() throws Exception {
        assertThat(first.run("cat /sys/class/net/eth0/address")).isEqualTo("00:16:3e:00:00:01");
        assertThat(first.run("ls /sys/class/net/eth0/queues | tr '\\n' ' '").strip())
                .isEqualTo("rx-0 rx-1 tx-0 tx-1");
        assertThat(second.run("ls /sys/class/net/eth0/queues | tr '\\n' ' '").strip())
                .isEqualTo("rx-0 tx-0");
        // One event channel for each direction of each queue.
        assertThat(first.run("grep -c -e '-q[01]-[rt]x' /proc/interrupts")).isEqualTo("4");
        assertThat(info(first).frontendState()).isEqualTo(4);
    }

    @Test
    @Order(2)
    void theGuestsReachEachOther() throws Exception {
        assertReaches(first, "10.0.0.2");
        assertReaches(second, "10.0.0.1");
        assertReaches(first, "fd00::2");
        assertThat(first.run("ping -c 2 -s 20000 -W 5 10.0.0.2")).contains(" 0% packet loss");
    }

    @Test
    @Order(3)
    void filesArriveAsTheyWere() throws Exception {
        for (var address : List.of("10.0.0.1", "[fd00::1]")) {
            transfer(first, second, address);
        }
        for (var address : List.of("10.0.0.2", "[fd00::2]")) {
            transfer(second, first, address);
        }
    }

    private static void transfer(Guest from, Guest to, String address) throws Exception {
        var sent = from.run("sha256sum < /tmp/www/file");
        var frames = SentFrames.from(from);
        assertThat(to.run("wget -q -O - http://" + address + ":5000/file | sha256sum"))
                .isEqualTo(sent);
        frames.assertLong();
    }

    @Test
    @Order(4)
    void aPulledCableStopsEverythingUntilItIsBack() throws Exception {
        first.domain().interfaces().setLink(0, false);
        assertThat(first.run("ping -c 1 -W 1 10.0.0.2")).contains("100% packet loss");
        assertThat(second.run("ping -c 1 -W 1 10.0.0.1")).contains("100% packet loss");
        first.domain().interfaces().setLink(0, true);
        assertReaches(first, "10.0.0.2");
    }

    @Test
    @Order(5)
    void interfacesComeAndGo() throws Exception {
        for (int round = 0; round < 3; round++) {
            var attached =
                    first.domain().interfaces().attach(VifConfig.of(new PortKind.Network("other")));
            assertThat(attached.devid()).hasValue(1);
            var mac = attached.mac().orElseThrow().toString();
            assertThat(mac).startsWith("00:16:3e:");
            assertThat(
                            first.run(
                                    "n=0; until [ -e /sys/class/net/eth1 ]; do n=$((n + 1));"
                                            + " [ $n -gt 100 ] && break; sleep 0.1; done;"
                                            + " cat /sys/class/net/eth1/address;"
                                            + " ip link set eth1 up"))
                    .isEqualTo(mac);
            first.domain().interfaces().detach(1, round == 2);
            assertThat(
                            first.run(
                                    "n=0; while [ -e /sys/class/net/eth1 ]; do n=$((n + 1));"
                                            + " [ $n -gt 100 ] && break; sleep 0.1; done;"
                                            + " ls /sys/class/net/eth1"))
                    .contains("No such file");
        }
        assertThat(first.domain().interfaces().list()).hasSize(1);
        assertReaches(first, "10.0.0.2");
    }

    @Test
    @Order(LAST)
    void theKernelsHaveNothingToComplainAbout() throws Exception {
        for (var guest : List.of(first, second)) {
            assertThat(
                            guest.run(
                                    "dmesg | grep -E 'BUG|WARNING|Oops|Call Trace|hung|xennet|"
                                            + "vif vif|deferring|bad gso|csum'"))
                    .isEmpty();
        }
        assertThat(first.domain().log().lines()).noneMatch(line -> line.contains("vif"));
    }
}
