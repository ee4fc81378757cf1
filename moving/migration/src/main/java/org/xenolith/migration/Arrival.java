package org.xenolith.migration;

import org.xenolith.state.stream.ChannelInput;

import java.io.IOException;
import java.util.UUID;

/// The target's side of one connection: a machine that comes, or a question about one.
public final class Arrival {
    /// A source that says nothing more when the machine is ready does not get rid of it.
    private static final long GO_MILLIS_MAX = 60_000;

    private final Link link;
    private final Claims claims;
    private final Landing landing;

    /// What has become of a connection.
    public enum Outcome {
        /// A machine has arrived and runs here.
        RUNNING,
        /// None has; the source has it or knows what has become of it.
        NOTHING,
        /// A question has been answered.
        ANSWERED
    }

    public Arrival(Link link, Claims claims, Landing landing) {
        this.link = link;
        this.claims = claims;
        this.landing = landing;
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
            case Frame.Hello(var id, var config) -> receive(id, config);
            case Frame.Welcome _,
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

    private void say(Frame frame) throws IOException {
        Frames.write(link.output(), frame);
    }

    private Outcome receive(UUID id, String config) throws IOException, MigrationException {
        say(new Frame.Welcome());
        Landing.Landed landed;
        try {
            landed = landing.prepare(config, new ChannelInput(link.input()), new Told());
        } catch (MigrationException e) {
            say(new Frame.Refused(String.valueOf(e.getMessage())));
            throw e;
        }
        boolean started = false;
        try {
            started = awaitGo(id, landed);
        } finally {
            if (!started) {
                landed.close();
            }
        }
        return started ? confirmed() : refused();
    }

    /// Tells the source how far its machine is.
    private final class Told implements Landing.Progress {
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
        try (var _ = Deadline.closing(link, GO_MILLIS_MAX)) {
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
