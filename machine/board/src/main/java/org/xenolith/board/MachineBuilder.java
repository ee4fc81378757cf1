package org.xenolith.board;

import org.xenolith.base.Clock;
import org.xenolith.base.DomainId;
import org.xenolith.base.Entropy;

import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;

/// Makes a machine, ready to start.
@FunctionalInterface
public interface MachineBuilder {
    /// What outlives one boot of a domain, and the ports of chance.
    ///
    /// `progress` is told, in a few words, what a long build is doing. `codeStore` is a file of
    /// machine code that earlier guests have needed, for domains whose process makes such code; who
    /// can write to it decides what the process executes. `ports` opens what network interfaces are
    /// plugged into. `dumps` is the directory of the core files that `coredump-destroy` and
    /// `coredump-restart` ask for, made when there is one.
    record Surroundings(
            DomainId id,
            Console console,
            Console serial,
            DomainLog log,
            Clock clock,
            Entropy entropy,
            Optional<Path> codeStore,
            PortOpener ports,
            Path dumps,
            Consumer<String> progress) {}

    /// Loads the kernel and wires the devices. Nothing is left behind if it throws.
    Machine build(DomainConfig config, Surroundings surroundings) throws DomainException;
}
