package org.xenolith.xl.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import org.xenolith.base.Clock;
import org.xenolith.base.Entropy;
import org.xenolith.board.Domain;
import org.xenolith.board.DomainException;
import org.xenolith.migration.Departure;
import org.xenolith.mirror.Arbiter;
import org.xenolith.mirror.DomainMirror;
import org.xenolith.mirror.MirrorException;
import org.xenolith.mirror.Primary;
import org.xenolith.mirror.protocol.Message;
import org.xenolith.xen.XenVersion;
import org.xenolith.xl.config.ConfigWriter;

import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;

/// Requests about the copy of a domain that another host keeps.
///
/// `xl remus` makes the connection to that host, as `xl migrate` does, and stays as long as it is
/// used.
final class MirrorCalls {
    private static final long END_SECONDS_MAX = 30;

    private final Domain domain;

    /// The last session. Guarded by this object.
    private Optional<Running> running = Optional.empty();

    MirrorCalls(Domain domain) {
        this.domain = domain;
    }

    private record Running(DialedLinks links, Primary primary) {}

    /// Has the domain mirrored until that is over; answers with how it was. A client that goes away
    /// takes its connection with it.
    ObjectNode mirror(JsonNode request, SocketChannel client) throws DomainException {
        var primary = begin(request, client);
        try {
            primary.isProtected().join();
            Lines.write(client, Json.object().put("protected", true).toString());
        } catch (CompletionException e) {
            throw new DomainException(e.getCause().getMessage(), e.getCause());
        } catch (IOException _) {
            primary.stop("xl has gone");
        }
        var end = primary.end().join();
        return Json.object().put("fenced", end.fenced()).put("reason", end.reason());
    }

    private Primary begin(JsonNode request, SocketChannel client) throws DomainException {
        var links = new DialedLinks(client);
        var session = new UUID(Entropy.system().nextLong(), Entropy.system().nextLong());
        var address = request.path("arbiter").asText();
        var arbiter = arbiter(address, session);
        synchronized (this) {
            requireNone();
            running = Optional.of(new Running(links, null));
        }
        Primary primary = null;
        try {
            primary = start(request, links, arbiter, new Session(session, address));
            return primary;
        } finally {
            synchronized (this) {
                running =
                        primary == null
                                ? Optional.empty()
                                : Optional.of(new Running(links, primary));
            }
        }
    }

    private record Session(UUID id, String arbiter) {}

    private Primary start(JsonNode request, DialedLinks links, Arbiter arbiter, Session session)
            throws DomainException {
        var options =
                BackupProcess.options(request.path("silence").asInt())
                        .every(request.path("interval").asInt());
        try {
            var link = links.dial();
            var machine = new DomainMirror(domain, () -> config(request), _ -> {});
            return Primary.start(
                    machine,
                    link,
                    new Message.Hello(session.id, session.arbiter, machine.config()),
                    options,
                    new Primary.Surroundings(
                            arbiter,
                            new Departure.Version(XenVersion.MAJOR, XenVersion.MINOR),
                            Clock.system(),
                            domain.log()::add));
        } catch (MirrorException e) {
            throw new DomainException(e.getMessage(), e);
        } catch (IOException e) {
            throw new DomainException("cannot reach the backup: " + e.getMessage(), e);
        }
    }

    private String config(JsonNode request) {
        return request.has("config")
                ? request.path("config").asText()
                : ConfigWriter.text(domain.config());
    }

    /// One that answers.
    private static Arbiter arbiter(String address, UUID session) throws DomainException {
        try {
            var arbiter = Arbiter.at(address);
            arbiter.read(session);
            return arbiter;
        } catch (IOException e) {
            throw new DomainException(
                    "the arbiter %s does not answer: %s".formatted(address, e.getMessage()), e);
        }
    }

    /// @throws DomainException if the domain is being mirrored
    synchronized void requireNone() throws DomainException {
        boolean mirrored =
                running.filter(now -> now.primary == null || !now.primary.end().isDone())
                        .isPresent();
        if (mirrored) {
            throw new DomainException("the domain is being mirrored");
        }
    }

    /// `client` carries the octets of the connection to the other host. Returns when it is done
    /// with.
    void link(SocketChannel client) throws InterruptedException {
        Optional<Running> now;
        synchronized (this) {
            now = running;
        }
        if (now.isPresent()) {
            now.get().links.carry(client);
        }
    }

    private synchronized Primary primary() throws DomainException {
        return running.map(Running::primary)
                .orElseThrow(() -> new DomainException("the domain is not being mirrored"));
    }

    ObjectNode status() throws DomainException {
        var status = primary().status();
        return Json.object()
                .put("phase", status.phase().name().toLowerCase(Locale.ROOT))
                .put("epoch", status.epoch())
                .put("committed", status.committed())
                .put("epochs-per-second", status.epochsPerSecond())
                .put("pages-per-epoch", status.pagesPerEpoch())
                .put("bytes-per-epoch", status.bytesPerEpoch())
                .put("lag", status.lagNanos())
                .put("pause", status.pauseNanos())
                .put("pause-max", status.pauseNanosMax())
                .put("interval", status.intervalNanos());
    }

    /// Ends the mirror, if there is one, since the domain is to go: its copy would go on otherwise.
    ///
    /// @throws DomainException if nobody says that it has ended
    void endForGood() throws DomainException {
        Optional<Primary> primary;
        synchronized (this) {
            primary = running.map(Running::primary);
        }
        if (primary.isEmpty()) {
            return;
        }
        primary.get().stop("the domain is to be destroyed");
        try {
            primary.get().end().copy().orTimeout(END_SECONDS_MAX, TimeUnit.SECONDS).join();
        } catch (CompletionException e) {
            throw new DomainException(
                    "its mirror does not end: neither the other host nor the arbiter answers, so the"
                            + " copy may be running",
                    e);
        }
    }

    void stop() throws DomainException {
        primary().stop("the operator does not want it any more");
    }
}
