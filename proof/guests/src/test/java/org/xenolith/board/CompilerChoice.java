package org.xenolith.board;

import org.xenolith.engine.soft.SoftEngine;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/// How tests with real kernels execute them: `-Dxenolith.compiler=off`, `on` or `forced`. In the
/// package of the board, which lets nobody else choose.
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
        return Xenolith.create(config, machines(), ports);
    }

    /// As [Xenolith#restore(DomainConfig, Path, PortOpener)].
    public Domain restore(DomainConfig config, Path file, PortOpener ports) throws DomainException {
        return Xenolith.restore(config, file, machines(), ports);
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
