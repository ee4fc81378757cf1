package org.xenolith.board;

import org.xenolith.base.Clock;
import org.xenolith.base.DomainId;
import org.xenolith.base.Entropy;
import org.xenolith.network.Ports;
import org.xenolith.state.stream.StreamException;
import org.xenolith.state.stream.StreamInput;
import org.xenolith.state.stream.StreamReader;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Optional;

/// The way in for programs.
///
/// ```java
/// try (var domain = Xenolith.create(config)) {
///     domain.console().send("hello\n");
/// }
/// ```
public final class Xenolith {
    private Xenolith() {}

    /// Builds a domain and starts it, in this process. It is domain 1 of a Xen of its own: domains
    /// made here do not see each other, nor those of `xl`.
    ///
    /// A network of domains alone ([org.xenolith.network.PortKind.Network]) is shared with the
    /// user's other programs on this host, by way of sockets. Domains of one program meet faster by
    /// [#create(DomainConfig, PortOpener)].
    public static Domain create(DomainConfig config) throws DomainException {
        return start(config, machines(), machines());
    }

    /// With networks of the user's.
    private static Domain start(DomainConfig config, MachineBuilder first, MachineBuilder machines)
            throws DomainException {
        var directory = Path.of(System.getProperty("user.home"), ".xenolith", "networks");
        var ports = new Ports(directory, Clock.system(), _ -> {});
        try {
            var domain = Domain.start(config, first, machines, keepingCode(ports::open), false);
            domain.ended().whenComplete((_, _) -> ports.close());
            return domain;
        } catch (DomainException | RuntimeException e) {
            ports.close();
            throw e;
        }
    }

    /// The same, with network interfaces plugged into what `ports` opens: domains that share a
    /// [Ports] meet in this process.
    public static Domain create(DomainConfig config, PortOpener ports) throws DomainException {
        return Domain.start(config, machines(), keepingCode(ports), false);
    }

    /// Of a domain of this process, without network interfaces.
    public static MachineBuilder.Surroundings surroundings() {
        return surroundings(PortOpener.NONE);
    }

    /// Does some times, with a small machine that nobody uses, what a JVM is slow at when it does
    /// it first: saving and restoring. For processes that are about to do it while a guest waits.
    public static void rehearse() throws DomainException {
        var machines = boards();
        Rehearsal.perform(machines, Engines.choose(EngineChoice.SOFT));
    }

    /// What makes small machines to try things with: without a guest, writing to a few pages of
    /// their memory without end. No kernel is read.
    public static MachineBuilder trialMachines() {
        return Rehearsal.writers();
    }

    /// The same, with network interfaces plugged into what `ports` opens.
    public static MachineBuilder.Surroundings surroundings(PortOpener ports) {
        return surroundings(ports, Optional.empty());
    }

    /// The same for a domain whose machine code later ones of this process use.
    private static MachineBuilder.Surroundings keepingCode(PortOpener ports) {
        return surroundings(ports, ProcessCode.file());
    }

    private static MachineBuilder.Surroundings surroundings(
            PortOpener ports, Optional<Path> codeStore) {
        var id = new DomainId(1);
        return new MachineBuilder.Surroundings(
                id,
                new Console(),
                new Console(),
                new DomainLog(id, _ -> {}),
                Clock.system(),
                Entropy.system(),
                codeStore,
                ports,
                dumps(),
                _ -> {});
    }

    /// Goes on with the machine that `input` holds, as [#create] would begin one. `config` must
    /// describe the same machine; what is the host's (disks, name, what happens after a shutdown)
    /// may be different.
    public static Domain restore(DomainConfig config, StreamInput input) throws DomainException {
        return restore(config, input, boards());
    }

    static Domain restore(DomainConfig config, StreamInput input, BoardBuilder machines)
            throws DomainException {
        var first = machines.restoring(input, MachineImage.PageSource.COPY);
        return start(config, first, machines);
    }

    /// The same, with network interfaces plugged into what `ports` opens.
    public static Domain restore(DomainConfig config, StreamInput input, PortOpener ports)
            throws DomainException {
        var machines = boards();
        var first = machines.restoring(input, MachineImage.PageSource.COPY);
        return Domain.start(config, first, machines, keepingCode(ports), false);
    }

    /// What makes the machine that comes over a connection, instead of booting one.
    ///
    /// @param arrivals told of each round of pages when it is in memory, and of rehearsals
    public static MachineBuilder arriving(StreamInput input, Arrivals arrivals) {
        return boards().arriving(input, arrivals);
    }

    /// Begins to keep a copy of a machine that runs elsewhere: reads what machine it is.
    ///
    /// @throws DomainException if this host cannot have it
    public static Standby standby(
            DomainConfig config, MachineBuilder.Surroundings surroundings, StreamReader stream)
            throws IOException, StreamException, DomainException {
        return Standby.begin(config, surroundings, Engines.choose(config.engine()), stream);
    }

    /// Told how far a machine is that arrives.
    public interface Arrivals {
        /// The machine has memory here. Until what this returns is closed, whoever has other
        /// connections gives `pages` what comes by them, from any thread.
        default FurtherPages begin(FurtherPages.Taker pages) {
            return FurtherPages.NONE;
        }

        /// All pages up to the end of a round are in memory.
        void taken(int round) throws IOException;

        /// A rehearsal is over.
        void rehearsed() throws IOException;
    }

    /// What goes on with the machine that `first` makes, in this process, as [#create] would begin
    /// one.
    public static Domain restore(DomainConfig config, MachineBuilder first) throws DomainException {
        return start(config, first, machines());
    }

    /// The same with a file that has nothing else in it, see [#restoring].
    public static Domain restore(DomainConfig config, Path file) throws DomainException {
        var first = restoring(file, _ -> 0);
        return start(config, first, machines());
    }

    /// The same, with network interfaces plugged into what `ports` opens.
    public static Domain restore(DomainConfig config, Path file, PortOpener ports)
            throws DomainException {
        var machines = boards();
        var first = machines.restoring(file, _ -> 0);
        return Domain.start(config, first, machines, keepingCode(ports), false);
    }

    /// What makes the machine that a file holds, instead of booting one. Its memory shows the
    /// file's pages until it writes them, so the file must not be changed while the machine lives;
    /// it may be removed, and replaced by another.
    ///
    /// @param beginning finds where in the file the machine's stream begins
    public static MachineBuilder restoring(Path file, StreamBeginning beginning) {
        return boards().restoring(file, beginning);
    }

    /// Where in a file the stream of a machine begins.
    @FunctionalInterface
    public interface StreamBeginning {
        /// @throws DomainException if the file has none
        long in(MemorySegment file) throws DomainException;
    }

    /// Where core files of this user's domains go.
    public static Path dumps() {
        return Path.of(System.getProperty("user.home"), ".xenolith", "dump");
    }

    /// What builds the machines of this host.
    public static MachineBuilder machines() {
        return boards();
    }

    private static BoardBuilder boards() {
        return new BoardBuilder(System.getenv(), Optional.empty());
    }
}
