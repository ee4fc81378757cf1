package org.xenolith.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.base.Clock;
import org.xenolith.base.DomainId;
import org.xenolith.network.Frame.Checksum;
import org.xenolith.network.Frame.Segmentation;

import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/// A network across processes. Two `Ports` that share nothing but the directory are as two
/// processes; where it must be a real one, it is.
class LocalNetworkTest {
    private static final PortKind LAB = new PortKind.Network("lab");
    private static final int PLENTY = 1_000_000;

    private final List<String> log = new CopyOnWriteArrayList<>();
    private final List<Ports> processes = new ArrayList<>();
    private final Map<Ports, List<Port>> opened = new HashMap<>();

    @TempDir Path directory;

    @AfterEach
    void closeAll() throws Exception {
        for (var process : List.copyOf(processes)) {
            end(process);
        }
    }

    private Ports process() {
        var ports = new Ports(directory, Clock.system(), log::add);
        processes.add(ports);
        opened.put(ports, new ArrayList<>());
        return ports;
    }

    private void end(Ports process) throws Exception {
        for (var port : opened.get(process)) {
            port.close();
        }
        process.close();
        processes.remove(process);
    }

    /// An interface of an address, and what it has received.
    private record Guest(Port port, FakeGuest sink, int address) {
        void send(int to, String text) {
            assertThat(port.world().offer(0, Frames.of(address, to, text))).isTrue();
        }

        List<String> received() {
            return sink.taken().stream().map(Frames::text).toList();
        }
    }

    private Guest guest(Ports process, int address) throws Exception {
        return guest(process, address, PLENTY);
    }

    private Guest guest(Ports process, int address, int room) throws Exception {
        var owner = new GuestInterface(new DomainId(1), 0, 2, OptionalInt.empty());
        var port = process.open(LAB, owner);
        opened.get(process).add(port);
        var sink = new FakeGuest(room);
        port.open(sink);
        return new Guest(port, sink, address);
    }

    /// Waits until everybody hears everybody, which takes a moment after the last has come.
    private static void meet(List<Guest> guests) throws Exception {
        for (var sender : guests) {
            for (var receiver : guests) {
                Waiting.until(() -> {
                    sender.send(Frames.BROADCAST, "hello from " + sender.address());
                    return sender == receiver
                            || receiver.received().contains("hello from " + sender.address());
                });
            }
        }
        for (var guest : guests) {
            guest.send(Frames.BROADCAST, "that was all");
        }
        for (var guest : guests) {
            Waiting.until(() ->
                    Collections.frequency(guest.received(), "that was all") == guests.size() - 1);
            guest.sink().forget();
        }
    }

    @Test
    void eachHearsABroadcastOnceWhereverItIs() throws Exception {
        var guests = new ArrayList<Guest>();
        for (int i = 0; i < 4; i++) {
            var process = process();
            guests.add(guest(process, 2 * i + 1));
            guests.add(guest(process, 2 * i + 2));
        }
        meet(guests);
        for (var sender : guests) {
            sender.send(Frames.BROADCAST, "from " + sender.address());
        }
        for (var receiver : guests) {
            Waiting.until(() -> receiver.received().size() >= guests.size() - 1);
            assertThat(receiver.received())
                    .containsExactlyInAnyOrderElementsOf(
                            guests.stream()
                                    .filter(sender -> sender != receiver)
                                    .map(sender -> "from " + sender.address())
                                    .toList());
        }
    }

    @Test
    void aFrameGoesOnlyWhereItsAddressIsOnceThatIsKnown() throws Exception {
        var here = process();
        var one = guest(here, 1);
        var two = guest(here, 2);
        var three = guest(process(), 3);
        var four = guest(process(), 4);
        meet(List.of(one, two, three, four));
        one.send(3, "a");
        three.send(4, "b");
        four.send(1, "c");
        one.send(2, "d");
        Waiting.until(() -> three.received().contains("a") && four.received().contains("b"));
        Waiting.until(() -> one.received().contains("c") && two.received().contains("d"));
        assertThat(one.received()).containsExactly("c");
        assertThat(two.received()).containsExactly("d");
        assertThat(three.received()).containsExactly("a");
        assertThat(four.received()).containsExactly("b");
    }

    @Test
    void whatIsLeftToDoOnAFrameIsToldToTheOtherProcess() throws Exception {
        var one = guest(process(), 1);
        var two = guest(process(), 2);
        meet(List.of(one, two));
        var bytes = Frames.of(1, 2, "x".repeat(60_000)).bytes();
        var frames =
                List.of(
                        new Frame(bytes, bytes.length, Checksum.VALID, Segmentation.NONE),
                        new Frame(
                                bytes,
                                bytes.length,
                                new Checksum.Partial(34, 16),
                                new Segmentation(Segmentation.Kind.TCP_IPV4, 1448)),
                        new Frame(
                                bytes,
                                bytes.length,
                                new Checksum.Partial(54, 16),
                                new Segmentation(Segmentation.Kind.TCP_IPV6, 65_535)),
                        new Frame(
                                bytes, 60, new Checksum.Partial(65_535, 65_534), Segmentation.NONE),
                        Frame.plain(new byte[] {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0}),
                        new Frame(
                                new byte[Frame.BYTES_MAX],
                                Frame.BYTES_MAX,
                                Checksum.UNKNOWN,
                                Segmentation.NONE));
        System.arraycopy(bytes, 0, frames.getLast().bytes(), 0, Frame.HEADER_BYTES);
        for (int i = 0; i < frames.size(); i++) {
            assertThat(one.port().world().offer(i % 2, frames.get(i))).isTrue();
        }
        Waiting.until(() -> two.sink().taken().size() == frames.size());
        for (int i = 0; i < frames.size(); i++) {
            Frames.assertSame(two.sink().taken().get(i), frames.get(i));
            assertThat(two.sink().queues().get(i)).isEqualTo(i % 2);
        }
    }

    @Test
    void aGuestThatTakesNothingHoldsNobodyUpAndGetsWhatHadRoom() throws Exception {
        var here = process();
        var sender = guest(here, 1);
        var receiver = guest(process(), 2);
        var deaf = guest(here, 3, 0);
        meet(List.of(sender, receiver));
        deaf.send(1, "hello");
        int count = 3 * WaitingFrames.FRAMES_MAX;
        for (int i = 0; i < count; i++) {
            sender.send(3, "to the deaf " + i);
            sender.send(2, "to the other " + i);
            if (i % 500 == 0) {
                int sent = i + 1;
                Waiting.until(() -> receiver.received().size() == sent);
            }
        }
        Waiting.until(() -> receiver.received().size() == count);
        deaf.sink().makeRoom(PLENTY);
        assertThat(deaf.received()).hasSize(WaitingFrames.FRAMES_MAX).contains("to the deaf 0");
        sender.send(3, "later");
        assertThat(deaf.received()).endsWith("later");
    }

    @Test
    void aProcessThatDoesNotReadHoldsNobodyUp() throws Exception {
        var sender = guest(process(), 1);
        var receiver = guest(process(), 2);
        meet(List.of(sender, receiver));
        try (var _ = SocketChannel.open(socket(0))) {
            for (int i = 0; i < 2_000; i++) {
                sender.send(Frames.BROADCAST, "x".repeat(1000));
                int sent = i + 1;
                if (i % 100 == 0) {
                    Waiting.until(() -> receiver.received().size() == sent);
                }
            }
            Waiting.until(() -> receiver.received().size() == 2_000);
        }
    }

    @Test
    void whoeverSpeaksAnotherLanguageIsShownTheDoor() throws Exception {
        var one = guest(process(), 1);
        var two = guest(process(), 2);
        var greeting = "XENOLITH-NET-01\n";
        var attempts =
                List.of(
                        "GET / HTTP/1.1\r\n\r\n",
                        "XENOLITH-NET-02\n",
                        greeting + "\377\377\377\377" + "x".repeat(20),
                        greeting + "\0\0\0\1" + "x".repeat(20),
                        greeting + "\0\1\0\22" + "x".repeat(20),
                        // segments of a protocol that is none
                        greeting + "\0\0\0\16" + "\0\0" + "\1\7" + "x".repeat(40),
                        // segments without a checksum to make, and of no size
                        greeting + "\0\0\0\16" + "\0\0" + "\0\1" + "x".repeat(40),
                        greeting + "\0\0\0\16" + "\0\0" + "\1\1" + "\0\0\0\0" + "x".repeat(40));
        for (var attempt : attempts) {
            try (var channel = SocketChannel.open(socket(0))) {
                channel.write(ByteBuffer.wrap(attempt.getBytes(StandardCharsets.ISO_8859_1)));
                var answer = ByteBuffer.allocate(1000);
                while (channel.read(answer) >= 0) {
                    assertThat(answer.position()).isLessThan(1000);
                }
            }
        }
        Waiting.until(() -> log.size() == attempts.size());
        meet(List.of(one, two));
        one.send(2, "still here");
        Waiting.until(() -> two.received().equals(List.of("still here")));
    }

    @Test
    void theOthersStayTogetherWhenAnyOneOfThemEndsAndNewOnesCome() throws Exception {
        var first = process();
        guest(first, 1);
        var second = process();
        var two = guest(second, 2);
        var three = guest(process(), 3);
        meet(List.of(two, three));
        end(first);
        two.send(3, "without the first");
        Waiting.until(() -> three.received().contains("without the first"));
        var four = guest(process(), 4);
        meet(List.of(three, four));
        end(second);
        four.send(3, "without the second");
        Waiting.until(() -> three.received().contains("without the second"));
        three.send(4, "back");
        Waiting.until(() -> four.received().contains("back"));
    }

    @Test
    void whatAKilledProcessHasLeftBehindIsInNobodysWay() throws Exception {
        var java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        var child =
                new ProcessBuilder(
                                java,
                                "-Xmx64m",
                                "-XX:TieredStopAtLevel=1",
                                "-cp",
                                System.getProperty("java.class.path"),
                                LoneMember.class.getName(),
                                directory.toString(),
                                LAB instanceof PortKind.Network(var name) ? name : "")
                        .redirectErrorStream(true)
                        .start();
        try {
            assertThat(child.inputReader().readLine()).isEqualTo("joined");
            var one = guest(process(), 1);
            Waiting.until(() -> one.received().contains("here I am"));
            one.send(LoneMember.ADDRESS, "echo");
            Waiting.until(() -> one.received().contains("echo"));
            child.destroyForcibly();
            assertThat(child.waitFor(10, TimeUnit.SECONDS)).isTrue();
            assertThat(directory.resolve("lab/0.socket")).exists();
            Waiting.until(() -> log.size() == 1);
            meet(List.of(one, guest(process(), 2)));
        } finally {
            child.destroyForcibly();
        }
    }

    @Test
    void nothingIsLeftBehind() throws Exception {
        var process = process();
        guest(process, 1);
        var lab = directory.resolve("lab");
        assertThat(lab.resolve("0.socket")).exists();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(lab)))
                .isEqualTo("rwx------");
        end(process);
        assertThat(lab.resolve("0.socket")).doesNotExist();
    }

    @Test
    void whoComesTooLateIsTold() throws Exception {
        var others = new ArrayList<ServerSocketChannel>();
        Files.createDirectories(directory.resolve("lab"));
        try {
            for (int i = 0; i < MeetingPlace.PROCESSES_MAX; i++) {
                others.add(ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(socket(i)));
            }
            assertThatThrownBy(() -> guest(process(), 1))
                    .isInstanceOf(NetworkException.HostFailed.class)
                    .hasMessageContaining("there are 64 processes");
        } finally {
            for (var other : others) {
                other.close();
            }
        }
        guest(process(), 1);
    }

    @Test
    void aPortThatIsClosedGivesNothingToItsGuest() throws Exception {
        var process = process();
        var one = guest(process, 1);
        var two = guest(process, 2);
        two.port().close();
        one.send(2, "too late");
        one.send(Frames.BROADCAST, "too late");
        assertThat(two.received()).isEmpty();
        two.send(1, "from beyond");
        opened.get(process).remove(two.port());
    }

    private UnixDomainSocketAddress socket(int number) {
        return UnixDomainSocketAddress.of(directory.resolve("lab", number + ".socket"));
    }
}
