package org.xenolith.board;

import org.xenolith.linux.LinuxException;
import org.xenolith.network.Frame;
import org.xenolith.network.FrameSink;
import org.xenolith.network.GuestInterface;
import org.xenolith.network.Offloads;
import org.xenolith.network.Port;
import org.xenolith.state.stream.StreamException;

import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// Lets a copy of a machine run for a moment that nobody sees, and throws it away: what a JVM is
/// slow at when it does it first has been done when the machine itself is to go on, and the host
/// has in memory what is kept of the guest's code.
///
/// Its memory is changed in pages of its own. Nobody hears what it says; it hears on its network
/// interfaces that somebody asks who is there; its disks do not answer.
final class DressRehearsal {
    /// How often a copy is made, of which the last one runs.
    private static final int COPIES = 4;

    private static final int QUESTIONS = 12;
    private static final long BETWEEN_MILLIS = 25;
    private static final int MTU_USUAL = 1500;

    /// An echo request of ICMPv6 (RFC 4443 4.1) from `fe80::1`, whom nobody knows, to all nodes.
    private static final byte[] WHO_IS_THERE =
            HexFormat.of()
                    .parseHex(
                            "333300000001"
                                    + "020000000001"
                                    + "86dd" // to, from, IPv6
                                    + "6000000000083aff" // 8 bytes of ICMPv6
                                    + "fe800000000000000000000000000001"
                                    + "ff020000000000000000000000000001"
                                    + "8000823500010001");

    private DressRehearsal() {}

    /// @param around what the machine itself is to have around it
    /// @param image stays as it is; nobody changes it meanwhile
    /// @throws DomainException if the machine could not go on: it will not be able to in earnest
    ///   either, or the host cannot have two
    static void perform(
            DomainConfig config,
            MachineBuilder.Surroundings around,
            Engines engines,
            MachineImage image)
            throws DomainException {
        try {
            for (int i = 1; i < COPIES; i++) {
                withCopy(config, around, engines, image, (_, _) -> {});
            }
            withCopy(config, around, engines, image, DressRehearsal::run);
        } catch (LinuxException | StreamException e) {
            throw new DomainException(e.getMessage(), e);
        }
    }

    /// What is done with a copy that has been made.
    @FunctionalInterface
    private interface Use {
        void of(Machine machine, List<SilentPort> ports);
    }

    private static void withCopy(
            DomainConfig config,
            MachineBuilder.Surroundings around,
            Engines engines,
            MachineImage image,
            Use use)
            throws DomainException, LinuxException, StreamException {
        var ports = new CopyOnWriteArrayList<SilentPort>();
        try (var copy = image.copyOnWrite();
                var machine = machine(config, apart(around, ports), engines, copy)) {
            copy.taken();
            use.of(machine, ports);
        }
    }

    private static void run(Machine machine, List<SilentPort> ports) {
        machine.start(false);
        for (int i = 0; i < QUESTIONS && goesOn(machine); i++) {
            ports.forEach(SilentPort::ask);
        }
    }

    private static Machine machine(
            DomainConfig config,
            MachineBuilder.Surroundings around,
            Engines engines,
            MachineImage copy)
            throws DomainException, StreamException {
        var wiring = Wiring.begin(config, around, engines, copy);
        try {
            return wiring.restoredWithoutDisks(copy);
        } catch (DomainException | StreamException | RuntimeException | Error e) {
            wiring.abandon();
            throw e;
        }
    }

    private static MachineBuilder.Surroundings apart(
            MachineBuilder.Surroundings around, List<SilentPort> ports) {
        return new MachineBuilder.Surroundings(
                around.id(),
                new Console(),
                new Console(),
                new DomainLog(around.id(), _ -> {}),
                around.clock(),
                around.entropy(),
                around.codeStore(),
                (_, owner) -> {
                    var port = new SilentPort(owner);
                    ports.add(port);
                    return port;
                },
                around.dumps(),
                _ -> {});
    }

    /// Lets time go by. False if the guest has ended meanwhile, of whatever.
    private static boolean goesOn(Machine machine) {
        try {
            machine.ended().orTimeout(BETWEEN_MILLIS, TimeUnit.MILLISECONDS).join();
            return false;
        } catch (RuntimeException e) {
            return e.getCause() instanceof TimeoutException;
        }
    }

    /// A port behind which there is nobody.
    private static final class SilentPort implements Port, FrameSink {
        private final GuestInterface owner;
        private volatile Optional<FrameSink> guest = Optional.empty();

        SilentPort(GuestInterface owner) {
            this.owner = owner;
        }

        void ask() {
            guest.ifPresent(sink -> sink.offer(0, Frame.plain(WHO_IS_THERE)));
        }

        @Override
        public void open(FrameSink sink) {
            guest = Optional.of(sink);
        }

        @Override
        public FrameSink world() {
            return this;
        }

        @Override
        public boolean offer(int queue, Frame frame) {
            return true;
        }

        @Override
        public void onRoom(int queue, Runnable retry) {
            // There always is.
        }

        @Override
        public Offloads offloads() {
            return Offloads.ALL;
        }

        @Override
        public int mtu() {
            return owner.mtu().orElse(MTU_USUAL);
        }

        @Override
        public boolean carrier() {
            return true;
        }

        @Override
        public String description() {
            return "nobody";
        }

        @Override
        public void close() {
            guest = Optional.empty();
        }
    }
}
