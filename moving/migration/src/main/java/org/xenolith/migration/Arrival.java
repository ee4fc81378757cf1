package org.xenolith.migration;

import org.xenolith.board.FurtherPages;
import org.xenolith.state.stream.ChannelInput;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/// The target's side of one connection: a machine that comes, a further connection of one that
/// does, or a question about one.
public final class Arrival {
    private final Link link;
    private final Claims claims;
    private final Joins joins;
    private final Landing landing;
    private final Limits limits;

    /// How long a source is waited for, in milliseconds.
    ///
    /// @param joinMillisMax until the next connection has come, passwords included
    /// @param wordMillisMax until one that has come says what it is
    /// @param silenceMillisMax while further connections bring nothing and the first waits for them
    /// @param goMillisMax a source that says nothing more when the machine is ready does not get
    ///   rid of it
    record Limits(long joinMillisMax, long wordMillisMax, long silenceMillisMax, long goMillisMax) {
        static final Limits USUAL = new Limits(120_000, 10_000, 30_000, 60_000);
    }

    /// What has become of a connection.
    public enum Outcome {
        /// A machine has arrived and runs here.
        RUNNING,
        /// None has; the source has it or knows what has become of it.
        NOTHING,
        /// A question has been answered.
        ANSWERED,
        /// It was a further one of a machine that has come, or has not, by another.
        JOINED
    }

    public Arrival(Link link, Claims claims, Joins joins, Landing landing) {
        this(link, claims, joins, landing, Limits.USUAL);
    }

    Arrival(Link link, Claims claims, Joins joins, Landing landing, Limits limits) {
        this.link = link;
        this.claims = claims;
        this.joins = joins;
        this.landing = landing;
        this.limits = limits;
    }

    /// Serves the connection to its end, which is for the caller to close.
    ///
    /// @throws MigrationException if no machine has arrived, with the reason; the source knows it
    ///   too if it could be told
    /// @throws IOException if the connection is cut, or what comes is no migration
    public Outcome serve() throws IOException, MigrationException {
        return switch (Frames.read(link.input())) {
            case Frame.Ask(var id) -> {
                answer(id);
                yield Outcome.ANSWERED;
            }
            case Frame.Hello hello -> {
                try (var gathering = gathering(hello)) {
                    say(new Frame.Welcome());
                    yield receive(hello, gathering.links());
                }
            }
            case Frame.Join join -> {
                Joining.serve(join, link, joins);
                yield Outcome.JOINED;
            }
            case Frame.Token _,
                    Frame.Joined _,
                    Frame.Welcome _,
                    Frame.RoundTaken _,
                    Frame.Rehearsed _,
                    Frame.Ready _,
                    Frame.Go _,
                    Frame.Running _,
                    Frame.Refused _ ->
                    throw new IOException("the source does not begin as it should");
        };
    }

    private void answer(UUID id) throws IOException {
        say(
                claims.giveUp(id)
                        ? new Frame.Refused("the target has given it up")
                        : new Frame.Running());
    }

    /// From any thread.
    private synchronized void say(Frame frame) throws IOException {
        Frames.write(link.output(), frame);
    }

    /// From any thread.
    private void refuse(String reason) {
        try {
            say(new Frame.Refused(String.valueOf(reason)));
        } catch (IOException _) {
            return; // the source has gone
        }
    }

    private Gathering gathering(Frame.Hello hello) throws IOException, MigrationException {
        int further = hello.connections() - 1;
        if (further == 0) {
            return Gathering.empty(hello.id());
        }
        try (var place = open()) {
            say(new Frame.Token(place.token()));
            return Gathering.at(place, hello.id(), further, limits);
        } catch (MigrationException e) {
            refuse(e.getMessage());
            throw e;
        }
    }

    private Joins.Place open() throws MigrationException {
        try {
            return joins.open();
        } catch (IOException e) {
            throw new MigrationException(
                    "the target cannot take further connections: " + e.getMessage(), e);
        }
    }

    private Outcome receive(Frame.Hello hello, List<Link> further)
            throws IOException, MigrationException {
        var landed = prepare(hello.config(), new Told(further));
        boolean started = false;
        try {
            started = awaitGo(hello.id(), landed);
        } finally {
            if (!started) {
                landed.close();
            }
        }
        return started ? confirmed() : refused();
    }

    private Landing.Landed prepare(String config, Told told)
            throws IOException, MigrationException {
        try {
            var landed = landing.prepare(config, new ChannelInput(link.input()), told);
            if (told.failure().isPresent()) {
                landed.close();
                throw new MigrationException(told.failure().get());
            }
            return landed;
        } catch (IOException | MigrationException e) {
            if (told.failure().isPresent()) { // of which the source has been told
                throw new MigrationException(told.failure().get(), e);
            }
            if (e instanceof MigrationException) {
                refuse(e.getMessage());
            }
            throw e;
        }
    }

    /// Tells the source how far its machine is.
    private final class Told implements Landing.Progress {
        private final List<Link> further;
        private Optional<JoinedPages> joined = Optional.empty();

        /// @param further connections
        Told(List<Link> further) {
            this.further = further;
        }

        @Override
        public FurtherPages begin(FurtherPages.Taker pages) {
            if (further.isEmpty()) {
                return FurtherPages.NONE;
            }
            joined =
                    Optional.of(
                            new JoinedPages(
                                    further,
                                    limits.silenceMillisMax(),
                                    pages,
                                    Arrival.this::refuse));
            return joined.get();
        }

        /// Why a further connection has failed, if one has.
        Optional<String> failure() {
            return joined.flatMap(JoinedPages::failure);
        }

        @Override
        public void taken(int round) throws IOException {
            say(new Frame.RoundTaken(round));
        }

        @Override
        public void rehearsed() throws IOException {
            say(new Frame.Rehearsed());
        }
    }

    /// Whether the machine runs here.
    private boolean awaitGo(UUID id, Landing.Landed landed) throws IOException, MigrationException {
        Frame.Go go;
        try (var _ = Deadline.closing(link, limits.goMillisMax())) {
            say(new Frame.Ready());
            var frame = Frames.read(link.input());
            if (!(frame instanceof Frame.Go is)) {
                throw new IOException("the source does not say go");
            }
            go = is;
        }
        if (!claims.take(id)) {
            return false;
        }
        landed.start(go.paused());
        return true;
    }

    /// The source may have gone: the machine runs all the same.
    private Outcome confirmed() {
        try {
            say(new Frame.Running());
        } catch (IOException _) {
            return Outcome.RUNNING; // it will ask
        }
        return Outcome.RUNNING;
    }

    private Outcome refused() throws IOException {
        say(new Frame.Refused("the target has given it up"));
        return Outcome.NOTHING;
    }
}
