package org.xenolith.board;

import org.xenolith.base.Clock;
import org.xenolith.base.DomainId;
import org.xenolith.base.Entropy;

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
    public static Domain create(DomainConfig config) throws DomainException {
        return create(config, machines());
    }

    static Domain create(DomainConfig config, MachineBuilder machines) throws DomainException {
        var id = new DomainId(1);
        var surroundings =
                new MachineBuilder.Surroundings(
                        id,
                        new Console(),
                        new Console(),
                        new DomainLog(id, _ -> {}),
                        Clock.system(),
                        Entropy.system(),
                        Optional.empty(),
                        _ -> {});
        return Domain.start(config, machines, surroundings, false);
    }

    /// What builds the machines of this host.
    public static MachineBuilder machines() {
        return new BoardBuilder(System.getenv(), Optional.empty());
    }
}
