package org.xenolith.board;

import org.xenolith.engine.soft.SoftEngine;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/// How tests with real kernels execute them: `-Dxenolith.compiler=off`, `on` or `forced`, each
/// without code of domains before. In the package of the board, which lets nobody else choose.
public enum CompilerChoice {
    /// What a domain has that says nothing.
    USUAL,
    /// Handlers only.
    OFF,
    /// Machine code and bytecode, as a domain with a process of its own has them.
    ON,
    /// The same, each block from its first execution on.
    FORCED;

    /// What the system property says.
    public static CompilerChoice ofThisRun() {
        return valueOf(System.getProperty("xenolith.compiler", "usual").toUpperCase(Locale.ROOT));
    }

    /// As [Xenolith#create(DomainConfig, PortOpener)].
    public Domain create(DomainConfig config, PortOpener ports) throws DomainException {
        return this == USUAL
                ? Xenolith.create(config, ports)
                : Domain.start(config, machines(), Xenolith.surroundings(ports), false);
    }

    /// As [Xenolith#restore(DomainConfig, Path, PortOpener)].
    public Domain restore(DomainConfig config, Path file, PortOpener ports) throws DomainException {
        if (this == USUAL) {
            return Xenolith.restore(config, file, ports);
        }
        var machines = machines();
        var first = machines.restoring(file, _ -> 0);
        return Domain.start(config, first, machines, Xenolith.surroundings(ports), false);
    }

    /// The machine code that domains of this process keep: of use for processes that a test starts,
    /// which are of the same build.
    public static Path code() {
        return ProcessCode.file().orElseThrow();
    }

    private BoardBuilder machines() {
        return new BoardBuilder(System.getenv(), options().map(Engines::software));
    }

    Optional<SoftEngine.Options> options() {
        return switch (this) {
            case USUAL -> Optional.empty();
            case OFF -> Optional.of(SoftEngine.Options.of(SoftEngine.Tier.HANDLERS));
            case ON -> Optional.of(SoftEngine.Options.unchecked());
            case FORCED -> Optional.of(forced(SoftEngine.Options.unchecked()));
        };
    }

    private static SoftEngine.Options forced(SoftEngine.Options options) {
        return new SoftEngine.Options(
                options.tier(), options.patience(), 0, options.verify(), options.backend());
    }
}
