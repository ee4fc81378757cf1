package org.xenolith.board;

import org.xenolith.base.Clock;
import org.xenolith.base.DomainId;
import org.xenolith.base.Entropy;
import org.xenolith.network.Ports;

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
        var directory = Path.of(System.getProperty("user.home"), ".xenolith", "networks");
        var ports = new Ports(directory, Clock.system(), _ -> {});
        try {
            var domain = create(config, machines(), ports::open);
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
        return create(config, machines(), ports);
    }

    static Domain create(DomainConfig config, MachineBuilder machines, PortOpener ports)
            throws DomainException {
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
                        ports,
                        dumps(),
                        _ -> {});
        return Domain.start(config, machines, surroundings, false);
    }

    /// Where core files of this user's domains go.
    public static Path dumps() {
        return Path.of(System.getProperty("user.home"), ".xenolith", "dump");
    }

    /// What builds the machines of this host.
    public static MachineBuilder machines() {
        return new BoardBuilder(System.getenv(), Optional.empty());
    }
}
