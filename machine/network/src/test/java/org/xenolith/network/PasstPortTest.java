package org.xenolith.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.base.Clock;
import org.xenolith.base.DomainId;
import org.xenolith.network.testing.Namespace;

import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// passt between two kernels: that of `host`, where it runs, and that of `guest`, which is plugged
/// into it. `world` is a host that `host` can reach.
class PasstPortTest {
    private static final int QUEUES = 2;
    private static final String GUEST_ADDRESS = "10.8.0.15";
    private static final String GATEWAY = "10.8.0.2";
    private static final List<GuestAddress> ADDRESSES =
            List.of(GuestAddress.parse(GUEST_ADDRESS + "/24", GATEWAY));

    private final List<String> log = new CopyOnWriteArrayList<>();
    private final List<Port> opened = new CopyOnWriteArrayList<>();

    /// What the first port has said of itself at each line of the log.
    private final List<Boolean> carriers = new CopyOnWriteArrayList<>();

    private Namespace world;
    private Namespace host;
    private Namespace guest;
    private Ports ports;

    @TempDir Path directory;

    @BeforeEach
    void makeNamespaces() throws Exception {
        assumeTrue(Namespace.isOnPath("passt"), "passt is not installed (package passt)");
        Namespace.assumePossible();
        world = Namespace.create();
        host = Namespace.create();
        guest = Namespace.create();
        host.connectTo(world, "10.7.0.1", "10.7.0.9");
        host.ip("route add default via 10.7.0.9");
        guest.bridge("eth0", GUEST_ADDRESS + "/24");
        guest.ip("route add default via " + GATEWAY);
        ports = new Ports(directory, Clock.system(), this::log);
    }

    private void log(String line) {
        opened.stream().findFirst().ifPresent(port -> carriers.add(port.carrier()));
        log.add(line);
    }

    @AfterEach
    void removeNamespaces() throws Exception {
        for (var port : opened) {
            port.close();
        }
        if (ports != null) {
            ports.close();
            guest.close();
            host.close();
            world.close();
        }
    }

    private Port passt(PortKind.Passt kind) throws Exception {
        return open(host, kind, 1);
    }

    private Port open(Namespace where, PortKind kind, int domain) throws Exception {
        var owner = new GuestInterface(new DomainId(domain), 0, QUEUES, OptionalInt.empty());
        var port = where.call(() -> ports.open(kind, owner));
        opened.add(port);
        return port;
    }

    /// Plugs the kernel of `guest` in, which leaves checksums and segments to us. passt sends
    /// nothing to a guest that it has not heard.
    private CountingCable plugIn(Port passt) throws Exception {
        var tap = open(guest, new PortKind.Bridge("eth0", Optional.of("port")), 2);
        var cable = CountingCable.between(tap, passt);
        try (var socket = guest.call(() -> new DatagramSocket())) {
            socket.send(packet("hello", new InetSocketAddress(GATEWAY, 9)));
        }
        return cable;
    }

    @Test
    void aGuestReachesTheWorld() throws Exception {
        var passt = passt(new PortKind.Passt(List.of(), ADDRESSES, false));
        assertThat(passt.description()).isEqualTo("passt");
        assertThat(passt.mtu()).isEqualTo(65_520);
        var cable = plugIn(passt);
        Traffic.exchange(guest, world, "10.7.0.9", 3, 4 << 20);
        assertThat(cable.longestFrame()).isGreaterThan(20_000);
        assertThat(cable.partialChecksums()).isPositive();
        assertThat(guest.counter("Tcp", "InCsumErrors")).isZero();
    }

    @Test
    void aGuestOfLargeFramesReachesTheWorld() throws Exception {
        var cable = plugIn(passt(new PortKind.Passt(List.of(), ADDRESSES, false)));
        guest.ip("link set port mtu 65520");
        guest.ip("link set eth0 mtu 65520");
        Traffic.exchange(guest, world, "10.7.0.9", 3, 4 << 20);
        assertThat(cable.longestFrame()).isGreaterThan(30_000);
        assertThat(guest.counter("Tcp", "InCsumErrors")).isZero();
    }

    @Test
    void connectionsAreForwardedToTheGuestAndOnlyWhereItWasSaid() throws Exception {
        plugIn(
                passt(
                        new PortKind.Passt(
                                List.of(
                                        PortForward.parse("tcp:127.0.0.1:2222:22"),
                                        PortForward.parse("tcp:8000-8001:80-81")),
                                ADDRESSES,
                                false)));
        Traffic.exchange(guest, world, "10.7.0.9", 1, 1);
        try (var ssh = guest.call(() -> new ServerSocket(22, 50));
                var web = guest.call(() -> new ServerSocket(81, 50))) {
            Traffic.exchange(host, ssh, new InetSocketAddress("127.0.0.1", 2222), 1, 1 << 20);
            Traffic.exchange(world, web, new InetSocketAddress("10.7.0.1", 8001), 1, 1 << 20);
        }
        assertThat(listening("tcp"))
                .containsExactlyInAnyOrder("0100007F:08AE", "00000000:1F40", "00000000:1F41");
        assertThat(listening("udp")).noneMatch(at -> at.endsWith(":08AE") || at.endsWith(":1F40"));
    }

    /// Addresses and ports at which the host takes what comes, in hexadecimal.
    private List<String> listening(String protocol) throws Exception {
        return Stream.of(protocol, protocol + "6")
                .flatMap(file -> host.proc(file).lines().skip(1))
                .map(line -> line.strip().split("\\s+"))
                .filter(columns -> columns[2].endsWith(":0000"))
                .map(columns -> columns[1])
                .toList();
    }

    @Test
    void datagramsAreForwardedBothWays() throws Exception {
        plugIn(
                passt(
                        new PortKind.Passt(
                                List.of(PortForward.parse("udp:5353:53")), ADDRESSES, false)));
        Traffic.exchange(guest, world, "10.7.0.9", 1, 1); // now passt has heard the guest
        try (var inside = guest.call(() -> new DatagramSocket(53));
                var outside = world.call(() -> new DatagramSocket())) {
            inside.setSoTimeout(10_000);
            outside.setSoTimeout(10_000);
            outside.send(packet("question", new InetSocketAddress("10.7.0.1", 5353)));
            var question = new DatagramPacket(new byte[100], 100);
            inside.receive(question);
            inside.send(packet("answer", (InetSocketAddress) question.getSocketAddress()));
            var answer = new DatagramPacket(new byte[100], 100);
            outside.receive(answer);
            assertThat(new String(answer.getData(), 0, answer.getLength())).isEqualTo("answer");
        }
    }

    private static DatagramPacket packet(String text, InetSocketAddress to) {
        return new DatagramPacket(text.getBytes(), text.length(), to);
    }

    @Test
    void aGuestReachesTheHostsLoopbackOnlyIfItMay() throws Exception {
        for (boolean may : new boolean[] {true, false}) {
            var port = passt(new PortKind.Passt(List.of(), ADDRESSES, may));
            plugIn(port);
            try (var listener =
                    host.call(
                            () -> new ServerSocket(9999, 5, InetAddress.ofLiteral("127.0.0.1")))) {
                listener.setSoTimeout(3_000);
                var target = new InetSocketAddress(GATEWAY, 9999);
                if (may) {
                    Traffic.exchange(guest, listener, target, 1, 1 << 16);
                } else {
                    assertThatThrownBy(() ->
                                    guest.call(() -> {
                                        var socket = new java.net.Socket();
                                        socket.connect(target, 1_000);
                                        return socket;
                                    }))
                            .isInstanceOf(java.io.IOException.class);
                    assertThatThrownBy(listener::accept)
                            .isInstanceOf(java.net.SocketTimeoutException.class);
                }
            }
            for (var each : opened) {
                each.close();
            }
            opened.clear();
        }
    }

    @Test
    void passtEndsWithItsPort() throws Exception {
        var port = passt(PortKind.Passt.PLAIN);
        var process = child();
        assertThat(process.isAlive()).isTrue();
        port.close();
        assertThat(process.isAlive()).isFalse();
        assertThat(log).isEmpty();
    }

    @Test
    void passtThatDiesIsReplacedAndConnectionsCanBeMadeAgain() throws Exception {
        var port = passt(new PortKind.Passt(List.of(), ADDRESSES, false));
        plugIn(port);
        Traffic.exchange(guest, world, "10.7.0.9", 1, 1 << 16);
        child().destroyForcibly();
        Waiting.until(() -> !log.isEmpty());
        assertThat(carriers.getFirst()).isFalse();
        assertThat(port.world().offer(0, HostileFrames.plain())).isTrue();
        try {
            Waiting.until(() -> log.size() > 1 && port.carrier());
        } catch (AssertionError e) {
            throw new AssertionError(log.toString(), e);
        }
        Traffic.exchange(guest, world, "10.7.0.9", 1, 1 << 16);
        assertThat(log.getFirst()).startsWith("vif1.0 has lost its passt");
        assertThat(log.getLast()).isEqualTo("vif1.0 has a new passt");
    }

    @Test
    void passtEndsWhenOurProcessIsKilled() throws Exception {
        var child =
                host.call(() ->
                        new ProcessBuilder(
                                        Path.of(System.getProperty("java.home"), "bin", "java")
                                                .toString(),
                                        "-Xmx64m",
                                        "-cp",
                                        System.getProperty("java.class.path"),
                                        LonePasst.class.getName())
                                .redirectErrorStream(true)
                                .start());
        try {
            assertThat(child.inputReader().readLine()).isEqualTo("started");
            var passt = child.descendants().toList();
            assertThat(passt).hasSize(1);
            child.destroyForcibly();
            assertThat(child.waitFor(10, TimeUnit.SECONDS)).isTrue();
            Waiting.until(() -> !passt.getFirst().isAlive());
        } finally {
            child.destroyForcibly();
        }
    }

    private static ProcessHandle child() {
        var children =
                ProcessHandle.current()
                        .children()
                        .filter(child ->
                                child.info()
                                        .command()
                                        .filter(command -> command.contains("passt"))
                                        .isPresent())
                        .toList();
        assertThat(children).hasSize(1);
        return children.getFirst();
    }

    @Test
    void whatPasstDoesNotWantIsSaidInItsWords() throws Exception {
        try (var _ = host.call(() -> new ServerSocket(2222))) {
            var kind =
                    new PortKind.Passt(List.of(PortForward.parse("tcp:2222:22")), ADDRESSES, false);
            assertThatThrownBy(() -> passt(kind))
                    .isInstanceOf(NetworkException.class)
                    .hasMessageContaining("2222");
        }
        host.ip("route del default");
        assertThatThrownBy(() -> passt(PortKind.Passt.PLAIN))
                .isInstanceOf(NetworkException.Refused.class)
                .hasMessageStartingWith("passt has ended at once: ");
        assertThat(
                        ProcessHandle.current()
                                .children()
                                .filter(process ->
                                        process.info().command().orElse("").contains("passt")))
                .isEmpty();
    }

    @Test
    void whatAGuestMakesUpEndsNothing() throws Exception {
        var port = passt(new PortKind.Passt(List.of(), ADDRESSES, false));
        plugIn(port);
        for (var frame : HostileFrames.all(5_000)) {
            Waiting.until(() -> port.world().offer(0, frame));
        }
        Traffic.exchange(guest, world, "10.7.0.9", 1, 1 << 16);
    }
}
