package org.xenolith.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.base.Clock;
import org.xenolith.base.DomainId;
import org.xenolith.network.testing.Namespace;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CopyOnWriteArrayList;

/// A tap between two kernels: that of `host`, whose bridge it is on, and that of `guest`, which is
/// plugged into it. Both are this host's own, so they say whether checksums and segments are right.
class TapPortTest {
    private final List<String> log = new CopyOnWriteArrayList<>();
    private final List<Port> opened = new ArrayList<>();
    private Namespace host;
    private Namespace guest;
    private Ports ports;

    @TempDir Path directory;

    @BeforeEach
    void makeNamespaces() {
        Namespace.assumePossible();
        host = Namespace.create();
        guest = Namespace.create();
        host.bridge("xenbr0", "10.9.0.1/24");
        guest.bridge("eth0", "10.9.0.2/24");
        ports = new Ports(directory, Clock.system(), log::add);
    }

    @AfterEach
    void removeNamespaces() throws Exception {
        for (var port : opened) {
            port.close();
        }
        if (host != null) {
            ports.close();
            host.close();
            guest.close();
        }
    }

    private Port open(Namespace where, PortKind kind, int domain, int queues) throws Exception {
        var owner = new GuestInterface(new DomainId(domain), 0, queues, OptionalInt.empty());
        var port = where.call(() -> ports.open(kind, owner));
        opened.add(port);
        return port;
    }

    private CountingCable connect(int queues) throws Exception {
        var tap = open(host, PortKind.DEFAULT, 7, queues);
        var kernel = open(guest, new PortKind.Bridge("eth0", Optional.of("eth0-port")), 8, queues);
        return CountingCable.between(kernel, tap);
    }

    @Test
    void twoKernelsExchangeStreamsWithoutAnErrorAndWithoutCuttingSegments() throws Exception {
        for (int queues : new int[] {1, 2}) {
            var cable = connect(queues);
            Traffic.exchangeAtOnce(guest, host, "10.9.0.1", 3, 8 << 20);
            assertThat(cable.longestFrame()).isGreaterThan(20_000);
            assertThat(cable.partialChecksums()).isPositive();
            for (var kernel : List.of(host, guest)) {
                assertThat(kernel.counter("Tcp", "InCsumErrors")).isZero();
                assertThat(kernel.counter("Tcp", "InErrs")).isZero();
            }
            for (var port : opened) {
                port.close();
            }
            opened.clear();
        }
    }

    @Test
    void theTapIsAsXenMakesIt() throws Exception {
        var port = open(host, PortKind.DEFAULT, 7, 2);
        var link =
                host.call(() ->
                        new String(
                                new ProcessBuilder("ip", "-d", "link", "show", "vif7.0")
                                        .start()
                                        .getInputStream()
                                        .readAllBytes()));
        assertThat(link)
                .contains("master xenbr0", "fe:ff:ff:ff:ff:ff", "mtu 1500", "NOARP", "UP")
                .contains("multi_queue", "vnet_hdr on")
                .doesNotContain("persist on");
        assertThat(port.description()).isEqualTo("bridge xenbr0");
        assertThat(port.mtu()).isEqualTo(1500);
        port.close();
        assertThat(host.proc("dev")).doesNotContain("vif7.0");
    }

    /// It is in no other's way, and nobody is in its: not even one of the same name in the
    /// namespace of whoever closes it.
    @Test
    void aTapThatIsVacatedHasNeitherItsNameNorItsPlace() throws Exception {
        var port = open(host, PortKind.DEFAULT, 7, 2);
        var namesake = new PortKind.Bridge("eth0", Optional.of("vif7.0"));
        open(guest, namesake, 9, 1);
        port.open(new FakeGuest(8));
        var rest = guest.call(port::vacate);
        assertThat(host.proc("dev")).doesNotContain("vif7.0").contains("retired");
        assertThat(guest.proc("dev")).contains("vif7.0").doesNotContain("retired");

        open(host, PortKind.DEFAULT, 7, 2);
        assertThat(host.proc("dev")).contains("vif7.0");
        assertThat(port.world().offer(0, HostileFrames.all(1).getFirst())).isTrue();
        rest.close();
        assertThat(host.proc("dev")).doesNotContain("retired");
    }

    /// Nothing is left of it, and whoever may not make taps does not notice.
    @Test
    void aRehearsalLeavesNothing() throws Exception {
        host.call(() -> {
            Ports.rehearse(List.of(PortKind.DEFAULT));
            return null;
        });
        assertThat(host.proc("dev")).doesNotContain("trial").doesNotContain("retired");
    }

    @Test
    void whatIsInTheWayIsSaid() throws Exception {
        assertThatThrownBy(() -> open(host, new PortKind.Bridge("br9", Optional.empty()), 1, 1))
                .isInstanceOf(NetworkException.Refused.class)
                .hasMessage("there is no bridge br9 on this host");
        assertThatThrownBy(() -> open(host, new PortKind.Bridge("lo", Optional.empty()), 1, 1))
                .isInstanceOf(NetworkException.Refused.class)
                .hasMessage("lo is not a bridge");
        open(host, PortKind.DEFAULT, 1, 1);
        assertThatThrownBy(() -> open(host, PortKind.DEFAULT, 1, 1))
                .isInstanceOf(NetworkException.Refused.class)
                .hasMessage("there is a network interface vif1.0 already");
        assertThat(host.proc("dev")).contains("vif1.0");
    }

    @Test
    void aGuestThatTakesNothingHoldsNobodyUp() throws Exception {
        var deaf = open(host, PortKind.DEFAULT, 5, 1);
        var sink = new FakeGuest(0);
        deaf.open(sink);
        connect(1);
        Traffic.exchangeAtOnce(guest, host, "10.9.0.1", 1, 1 << 20);
        sink.awaitOffered();
        deaf.close();
        assertThat(sink.taken()).isEmpty();
    }

    @Test
    void whatAGuestMakesUpIsRefusedByTheKernelAndTheRestGoesOn() throws Exception {
        var cable = connect(1);
        var tap = opened.get(0);
        for (var frame : HostileFrames.all(5_000)) {
            assertThat(tap.world().offer(0, frame)).isTrue();
        }
        Traffic.exchangeAtOnce(guest, host, "10.9.0.1", 1, 1 << 20);
        assertThat(cable.partialChecksums()).isPositive();
    }

    @Test
    void aTapThatSomebodyRemovesIsALossOfCarrier() throws Exception {
        var port = open(host, PortKind.DEFAULT, 7, 1);
        port.open(new FakeGuest(1_000));
        assertThat(port.carrier()).isTrue();
        host.ip("link del vif7.0");
        Waiting.until(() -> !port.carrier());
        assertThat(log).singleElement().asString().startsWith("vif7.0 has lost its tap");
        assertThat(port.world().offer(0, HostileFrames.plain())).isTrue();
    }
}
