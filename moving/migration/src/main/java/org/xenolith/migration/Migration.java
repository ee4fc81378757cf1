package org.xenolith.migration;

import org.xenolith.base.Clock;
import org.xenolith.base.Entropy;
import org.xenolith.board.Domain;
import org.xenolith.board.DomainConfig;
import org.xenolith.board.PortOpener;
import org.xenolith.board.Xenolith;
import org.xenolith.xen.XenVersion;

import java.io.IOException;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;

/// The way in for programs.
///
/// ```java
/// var report = Migration.send(domain, () -> connectTo(host), MigrationOptions.DEFAULT, _ -> {});
/// // and there
/// var domain = Migration.receive(link, claims, config);
/// ```
public final class Migration {
    private Migration() {}

    /// Moves a domain of this process. When this returns, `domain` is gone here.
    ///
    /// @param target makes connections to whoever calls [#receive]
    /// @param progress told after each round, and now and then within one
    /// @throws MigrationException if it could not be moved: it runs here, as before
    public static MigrationReport send(
            Domain domain,
            Link.Dialer target,
            MigrationOptions options,
            Consumer<MigrationProgress> progress)
            throws MigrationException, InterruptedException {
        var entropy = Entropy.system();
        var departure =
                new Departure(
                        new DomainMachine(domain, () -> domain.config().toString()),
                        new UUID(entropy.nextLong(), entropy.nextLong()),
                        options,
                        new Departure.Version(XenVersion.MAJOR, XenVersion.MINOR),
                        Clock.system(),
                        progress,
                        new Doubt(domain.log()::add));
        return departure.run(target);
    }

    /// Serves a connection that a source has made, and closes it. The domain that has come, in this
    /// process; empty if the source has only asked what has become of one, or the connection was a
    /// further one of a migration. While a domain comes by several connections each is served so,
    /// on a thread of its own.
    ///
    /// @param claims the same for all connections to this host
    /// @param joins the same
    /// @param config of the domain as it is to be here: the same machine, its disks by the paths
    ///   that they have here
    /// @param ports open what its network interfaces are plugged into
    /// @throws MigrationException if none has come, with the reason
    /// @throws IOException if the connection is cut
    public static Optional<Domain> receive(
            Link link, Claims claims, Joins joins, DomainConfig config, PortOpener ports)
            throws MigrationException, IOException {
        var landing =
                new DomainLanding(
                        _ -> new DomainLanding.Destination(config, Xenolith.surroundings(ports)),
                        (destination, first, paused) ->
                                Domain.start(
                                        destination.config(),
                                        first,
                                        Xenolith.machines(),
                                        destination.surroundings(),
                                        paused));
        try (link) {
            var outcome = new Arrival(link, claims, joins, landing).serve();
            return outcome == Arrival.Outcome.RUNNING
                    ? Optional.of(landing.arrived().join())
                    : Optional.empty();
        }
    }

    /// The same for a domain without network interfaces that comes by one connection.
    public static Optional<Domain> receive(Link link, Claims claims, DomainConfig config)
            throws MigrationException, IOException {
        return receive(link, claims, Joins.inMemory(), config, PortOpener.NONE);
    }
}
