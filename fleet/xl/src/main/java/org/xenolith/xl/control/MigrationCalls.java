package org.xenolith.xl.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import org.xenolith.base.Clock;
import org.xenolith.base.Entropy;
import org.xenolith.board.Domain;
import org.xenolith.board.DomainException;
import org.xenolith.migration.Departure;
import org.xenolith.migration.DomainMachine;
import org.xenolith.migration.Doubt;
import org.xenolith.migration.Link;
import org.xenolith.migration.MigrationException;
import org.xenolith.migration.MigrationOptions;
import org.xenolith.migration.MigrationProgress;
import org.xenolith.migration.MigrationReport;
import org.xenolith.xen.XenVersion;
import org.xenolith.xl.config.ConfigWriter;

import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;

/// Requests about the migration of a domain.
///
/// `xl migrate` reaches the other host: it is asked for each connection by a line `dial` in the
/// answer to its request, and brings it by a request of its own, `migrate-link`.
final class MigrationCalls {
    private final Domain domain;

    /// The one that is under way. Guarded by this object.
    private Optional<Running> running = Optional.empty();

    MigrationCalls(Domain domain) {
        this.domain = domain;
    }

    /// One migration.
    private final class Running {
        private final Doubt doubt = new Doubt(domain.log()::add);
        private volatile SocketChannel client;
        private volatile DialedLinks links;
        private CompletableFuture<MigrationReport> report;

        Running(SocketChannel client) {
            serve(client);
        }

        /// Who is asked for connections and told of progress.
        void serve(SocketChannel next) {
            client = next;
            links = new DialedLinks(next);
        }

        private Link dial() throws IOException {
            return links.dial();
        }

        private void tell(ObjectNode line) throws IOException {
            Lines.write(client, line.toString());
        }

        private void progressed(MigrationProgress progress) {
            try {
                tell(Json.object().set("progress", MigrationJson.of(progress)));
            } catch (IOException _) {
                return; // who typed `xl migrate` has gone; its connections have too
            }
        }

        private void start(MigrationOptions options, DomainMachine machine) {
            var departure =
                    new Departure(
                            machine,
                            new UUID(Entropy.system().nextLong(), Entropy.system().nextLong()),
                            options,
                            new Departure.Version(XenVersion.MAJOR, XenVersion.MINOR),
                            Clock.system(),
                            this::progressed,
                            doubt);
            report =
                    CompletableFuture.supplyAsync(
                            () -> run(departure),
                            task -> Thread.ofPlatform().daemon().name("migration").start(task));
        }

        private MigrationReport run(Departure departure) {
            try {
                ProcessSurroundings.rehearse(domain.config());
                return departure.run(this::dial);
            } catch (MigrationException | DomainException e) {
                throw new CompletionException(e);
            } catch (InterruptedException e) {
                throw new CompletionException(
                        new MigrationException("the domain's process ends", e));
            } finally {
                ended();
            }
        }
    }

    private synchronized void ended() {
        running = Optional.empty();
    }

    /// Moves the domain, or, if that is in doubt, finds out what has become of it.
    ObjectNode migrate(JsonNode request, SocketChannel client) throws DomainException {
        var config =
                request.has("config")
                        ? Optional.of(request.path("config").asText())
                        : Optional.<String>empty();
        var migration =
                begin(
                        MigrationJson.options(request),
                        () -> config.orElseGet(() -> ConfigWriter.text(domain.config())),
                        request.path("paused").asBoolean(),
                        client);
        try {
            return MigrationJson.of(migration.report.join());
        } catch (CompletionException e) {
            switch (e.getCause()) {
                case MigrationException reason ->
                        throw new DomainException(reason.getMessage(), reason);
                case DomainException reason -> throw reason;
                default -> throw e;
            }
        }
    }

    private synchronized Running begin(
            MigrationOptions options,
            Supplier<String> config,
            boolean staysPaused,
            SocketChannel client)
            throws DomainException {
        if (running.isPresent()) {
            if (!running.get().doubt.isOpen()) {
                throw new DomainException("the domain is being migrated already");
            }
            running.get().serve(client);
            return running.get();
        }
        var migration = new Running(client);
        running = Optional.of(migration);
        migration.start(options, new DomainMachine(domain, config, staysPaused));
        return migration;
    }

    /// `client` carries the octets of a connection to the other host. Returns when it is done with.
    void link(SocketChannel client) throws InterruptedException {
        Optional<Running> migration;
        synchronized (this) {
            migration = running;
        }
        if (migration.isPresent()) {
            migration.get().links.carry(client);
        }
    }

    /// The operator says what has become of a machine that is in doubt.
    synchronized void settle(JsonNode request) throws DomainException {
        if (running.isEmpty() || !running.get().doubt.isOpen()) {
            throw new DomainException("the domain is not in doubt");
        }
        running.get().doubt.decide(request.path("there").asBoolean());
    }
}
