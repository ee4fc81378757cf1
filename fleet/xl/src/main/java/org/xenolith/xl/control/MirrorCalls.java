package org.xenolith.xl.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import org.xenolith.base.Clock;
import org.xenolith.base.Entropy;
import org.xenolith.board.Domain;
import org.xenolith.board.DomainException;
import org.xenolith.migration.Departure;
import org.xenolith.migration.Link;
import org.xenolith.mirror.Arbiter;
import org.xenolith.mirror.DomainMirror;
import org.xenolith.mirror.MirrorException;
import org.xenolith.mirror.Primary;
import org.xenolith.mirror.protocol.Message;
import org.xenolith.mirror.protocol.MirrorStatus;
import org.xenolith.xen.XenVersion;
import org.xenolith.xl.config.ConfigWriter;

import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// Requests about the copy of a domain that another host keeps.
///
/// `xl remus` makes the connection to that host, as `xl migrate` does, and stays as long as it is
/// used.
final class MirrorCalls {
    private static final long END_SECONDS_MAX = 30;
    private static final String NOT_WANTED = "the operator does not want it any more";

    private final Domain domain;

    /// What has been asked for last. Guarded by this object.
    private Optional<Wish> wish = Optional.empty();

    MirrorCalls(Domain domain) {
        this.domain = domain;
    }

    /// Protection that a client wants, in one session or in one after the other.
    private static final class Wish {
        private final JsonNode request;
        private final SocketChannel client;
        private final DialedLinks links;
        private final CompletableFuture<Void> stopped = new CompletableFuture<>();

        /// The last session. Guarded by the calls' object, as is what follows.
        private Optional<Primary> primary = Optional.empty();

        private boolean starting;
        private boolean over;

        Wish(JsonNode request, SocketChannel client) {
            this.request = request;
            this.client = client;
            this.links = new DialedLinks(client);
        }

        String arbiter() {
            return request.path("arbiter").asText();
        }

        /// There is a session.
        boolean isMirroring() {
            return starting || primary.filter(it -> !it.end().isDone()).isPresent();
        }
    }

    /// How a session has been.
    private record Attempt(boolean wasProtected, boolean fenced, String reason) {
        static Attempt failed(String reason) {
            return new Attempt(false, false, reason);
        }
    }

    /// Has the domain mirrored until that is over, or as often as that is over if it is to be kept
    /// protected; answers with how it was. A client that goes away takes its connection with it.
    ObjectNode mirror(JsonNode request, SocketChannel client) throws DomainException {
        var wanted = begin(request, client);
        try {
            boolean keep = request.path("keep").asBoolean();
            var attempt = keep ? protectAgainAndAgain(wanted) : protect(wanted);
            if (!attempt.wasProtected && !attempt.fenced) {
                throw new DomainException(attempt.reason);
            }
            return Json.object().put("fenced", attempt.fenced).put("reason", attempt.reason);
        } finally {
            synchronized (this) {
                wanted.over = true;
            }
        }
    }

    private synchronized Wish begin(JsonNode request, SocketChannel client) throws DomainException {
        requireNone();
        if (wish.filter(it -> !it.over).isPresent()) {
            throw new DomainException("the domain is being kept protected");
        }
        var wanted = new Wish(request, client);
        wish = Optional.of(wanted);
        return wanted;
    }

    /// Until the machine is elsewhere, nobody wants it to be protected, or the client has gone.
    private Attempt protectAgainAndAgain(Wish wanted) {
        var pauses = new RetryPauses();
        while (true) {
            var attempt = protect(wanted);
            if (attempt.wasProtected) {
                pauses.succeeded();
            }
            if (attempt.fenced || wanted.stopped.isDone()) {
                return attempt;
            }
            try {
                long millis = pauses.nextMillis();
                tell(wanted, Json.object().put("again", millis).put("reason", attempt.reason));
                wanted.stopped.get(millis, TimeUnit.MILLISECONDS);
                return attempt;
            } catch (TimeoutException _) {
                continue; // which is when the next attempt is due
            } catch (IOException | ExecutionException e) {
                return attempt; // nobody listens any more
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
                return attempt;
            }
        }
    }

    private static void tell(Wish wanted, ObjectNode line) throws IOException {
        Lines.write(wanted.client, line.toString());
    }

    /// One session.
    private Attempt protect(Wish wanted) {
        Primary primary;
        try {
            primary = start(wanted);
        } catch (DomainException e) {
            return Attempt.failed(e.getMessage());
        }
        boolean isProtected = false;
        try {
            primary.isProtected().join();
            isProtected = true;
            tell(wanted, Json.object().put("protected", true));
        } catch (CompletionException _) {
            isProtected = false; // the end says why
        } catch (IOException _) {
            primary.stop("xl has gone");
        }
        var end = primary.end().join();
        return new Attempt(isProtected, end.fenced(), end.reason());
    }

    private Primary start(Wish wanted) throws DomainException {
        synchronized (this) {
            wanted.starting = true;
        }
        try {
            var primary = connect(wanted);
            synchronized (this) {
                wanted.primary = Optional.of(primary);
            }
            if (wanted.stopped.isDone()) {
                primary.stop(NOT_WANTED);
            }
            return primary;
        } finally {
            synchronized (this) {
                wanted.starting = false;
            }
        }
    }

    private Primary connect(Wish wanted) throws DomainException {
        var session = new UUID(Entropy.system().nextLong(), Entropy.system().nextLong());
        var arbiter = arbiter(wanted.arbiter(), session);
        try {
            var link = wanted.links.dial();
            try {
                return primary(wanted, link, arbiter, session);
            } catch (MirrorException e) {
                link.close();
                throw new DomainException(e.getMessage(), e);
            }
        } catch (IOException e) {
            throw new DomainException("cannot reach the backup: " + e.getMessage(), e);
        }
    }

    private Primary primary(Wish wanted, Link link, Arbiter arbiter, UUID session)
            throws MirrorException {
        var request = wanted.request;
        var machine = new DomainMirror(domain, () -> config(request), _ -> {});
        return Primary.start(
                machine,
                link,
                new Message.Hello(session, wanted.arbiter(), machine.config()),
                BackupProcess.options(request.path("silence").asInt())
                        .every(request.path("interval").asInt()),
                new Primary.Surroundings(
                        arbiter,
                        new Departure.Version(XenVersion.MAJOR, XenVersion.MINOR),
                        Clock.system(),
                        domain.log()::add));
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
        if (wish.filter(Wish::isMirroring).isPresent()) {
            throw new DomainException("the domain is being mirrored");
        }
    }

    private synchronized Optional<Wish> wish() {
        return wish;
    }

    private synchronized Optional<Primary> lastPrimary() {
        return wish.flatMap(it -> it.primary);
    }

    /// `client` carries the octets of the connection to the other host. Returns when it is done
    /// with.
    void link(SocketChannel client) throws InterruptedException {
        var now = wish();
        if (now.isPresent()) {
            now.get().links.carry(client);
        }
    }

    private static DomainException notMirrored() {
        return new DomainException("the domain is not being mirrored");
    }

    ObjectNode status() throws DomainException {
        return MirrorJson.of(lastPrimary().orElseThrow(MirrorCalls::notMirrored).status());
    }

    /// How the mirror is doing, if there is one.
    Optional<MirrorStatus> current() {
        return lastPrimary().filter(primary -> !primary.end().isDone()).map(Primary::status);
    }

    /// Ends the mirror, if there is one, since the domain is to go: its copy would go on otherwise.
    ///
    /// @throws DomainException if nobody says that it has ended
    void endForGood() throws DomainException {
        var wanted = wish();
        var primary = lastPrimary();
        wanted.ifPresent(it -> it.stopped.complete(null));
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
        var wanted = wish().orElseThrow(MirrorCalls::notMirrored);
        wanted.stopped.complete(null);
        lastPrimary().ifPresent(primary -> primary.stop(NOT_WANTED));
    }
}
