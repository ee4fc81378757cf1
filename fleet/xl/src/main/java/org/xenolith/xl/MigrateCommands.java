package org.xenolith.xl;

import static org.xenolith.mirror.Backup.BEGINNING_BYTES;

import org.xenolith.base.Clock;
import org.xenolith.migration.Deadline;
import org.xenolith.migration.Joining;
import org.xenolith.migration.Link;
import org.xenolith.migration.MigrationOptions;
import org.xenolith.migration.RewoundLink;
import org.xenolith.mirror.Backup;
import org.xenolith.xl.config.ConfigException;
import org.xenolith.xl.config.ConfigReader;
import org.xenolith.xl.control.ChannelLink;
import org.xenolith.xl.control.ControlException;
import org.xenolith.xl.control.DomainLauncher;
import org.xenolith.xl.control.JoinSockets;
import org.xenolith.xl.control.MigrationClient;
import org.xenolith.xl.tls.TlsAddress;
import org.xenolith.xl.tls.TlsListener;

import java.io.IOException;
import java.io.InputStream;
import java.io.PushbackInputStream;
import java.net.InetSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;

import javax.net.ssl.SSLSocket;

/// `xl migrate`, `xl migrate-receive` and `xl migrate-listen`.
final class MigrateCommands {
    private MigrateCommands() {}

    // ---------------------------------------------------------------- migrate

    static int migrate(Session session, Arguments arguments)
            throws UsageException, ConfigException, ControlException {
        var words = arguments.operands();
        var entry = session.runtime().find(words.getFirst());
        var client = new MigrationClient(entry);
        if (arguments.has("settle")) {
            client.settle(isThere(arguments.value("settle").get()));
            return 0;
        }
        if (words.size() < 2) {
            throw new UsageException("'xl migrate' requires more arguments");
        }
        var config = Optional.<String>empty();
        if (arguments.has("C")) {
            var text = ConfigReader.readFile(arguments.value("C").get());
            ConfigReader.read(arguments.value("C").get(), text);
            config = Optional.of(text);
        }
        var options = options(arguments);
        var display =
                new MigrationDisplay(
                        session.err(), ProgressBar.isTerminal(), options.connections());
        try {
            display.ended(
                    client.migrate(
                            options,
                            config,
                            arguments.has("p"),
                            Dialing.dialer(arguments, words.get(1), receiving(arguments)),
                            display::at));
            return 0;
        } finally {
            display.close();
        }
    }

    private static boolean isThere(String word) throws UsageException {
        return switch (word) {
            case "here" -> false;
            case "there" -> true;
            default -> throw new UsageException("a domain is here or there, not " + word);
        };
    }

    private static List<String> receiving(Arguments arguments) {
        return Stream.of("e", "p").filter(arguments::has).map(option -> "-" + option).toList();
    }

    private static MigrationOptions options(Arguments arguments) throws UsageException {
        var usual = MigrationOptions.DEFAULT;
        try {
            return usual.within(
                            number(arguments, "max-downtime", usual.downtimeMillisMax()),
                            number(arguments, "max-rounds", usual.roundsMax()),
                            number(arguments, "max-throttle", usual.throttlePercentMax()))
                    .withDisks(arguments.has("copy-disks"))
                    .withConnections(connections(arguments));
        } catch (IllegalArgumentException e) {
            throw new UsageException("a limit of the migration is out of range");
        }
    }

    private static int connections(Arguments arguments) throws UsageException {
        int count = number(arguments, "connections", MigrationOptions.DEFAULT.connections());
        if (count < 1 || count > MigrationOptions.CONNECTIONS_MAX) {
            throw new UsageException(
                    "--connections takes 1 to %d, not %d"
                            .formatted(MigrationOptions.CONNECTIONS_MAX, count));
        }
        return count;
    }

    private static int number(Arguments arguments, String option, int usual) throws UsageException {
        var word = arguments.value(option);
        try {
            return word.isEmpty() ? usual : Integer.parseInt(word.get());
        } catch (NumberFormatException e) {
            throw new UsageException("--%s takes a number, not %s".formatted(option, word.get()));
        }
    }

    // ---------------------------------------------------------------- migrate-receive

    /// Standard output is the protocol's.
    static int receive(Session session, Arguments arguments)
            throws ControlException, UsageException {
        var launcher =
                new DomainLauncher(session.runtime(), what -> session.err().println("xl: " + what));
        if (arguments.has("remus")) {
            launcher.keepCopy(RemusCommands.silence(arguments));
        } else {
            receive(session, launcher, arguments.has("p"));
        }
        return 0;
    }

    /// What comes is a domain, a question about one, or a further connection of one that comes by
    /// another: that needs no process of a domain's.
    private static void receive(Session session, DomainLauncher launcher, boolean paused)
            throws ControlException {
        try {
            var link = ChannelLink.standard();
            var beginning =
                    Channels.newInputStream(link.input()).readNBytes(Joining.BEGINNING_BYTES);
            if (Joining.begins(beginning)) {
                joins(session).serve(new RewoundLink(beginning, link));
            } else {
                launcher.receive(paused, beginning);
            }
        } catch (IOException e) {
            throw new ControlException(e.getMessage(), e);
        }
    }

    private static JoinSockets joins(Session session) throws IOException {
        return new JoinSockets(session.runtime(), Clock.system());
    }

    // ---------------------------------------------------------------- migrate-listen

    static int listen(Session session, Arguments arguments)
            throws UsageException, ControlException, InterruptedException {
        var listening =
                new Listening(session, arguments.has("p"), RemusCommands.silence(arguments));
        var address = listenAddress(arguments);
        try (var listener =
                TlsListener.bind(
                        Dialing.identity(arguments), address, listening::serve, listening::say)) {
            listening.say(
                    "listening at " + new TlsAddress(address.getHostString(), listener.port()));
            listener.run();
            return 0;
        } catch (IOException e) {
            throw new ControlException(e.getMessage(), e);
        }
    }

    private static InetSocketAddress listenAddress(Arguments arguments) throws UsageException {
        int port = number(arguments, "port", TlsAddress.PORT);
        var host = arguments.value("address").orElse("0.0.0.0");
        if (port < 0 || port > TlsAddress.PORT_MAX) {
            throw new UsageException("there is no port " + port);
        }
        return new InetSocketAddress(host, port);
    }

    /// Domains, and copies of domains, that come over connections of TLS, each to a process of its
    /// own.
    private record Listening(Session session, boolean paused, int silenceMillis) {
        /// Whoever has been let in begins to speak within that.
        private static final long BEGIN_MILLIS_MAX = 30_000;

        /// What the source is told in the end is on its way.
        private static final long PARTING_MILLIS = 10_000;

        synchronized void say(String line) {
            session.err().println("xl: " + line);
        }

        void serve(SSLSocket socket, String name) {
            var launcher = new DomainLauncher(session.runtime(), this::say);
            try {
                var input = new PushbackInputStream(socket.getInputStream(), BEGINNING_BYTES);
                var beginning = beginning(socket, input);
                if (Joining.begins(beginning)) {
                    joins(session).serve(new SocketLink(socket, input));
                    return;
                }
                boolean mirror = Backup.isMirror(beginning);
                var source = Relay.End.of(socket, input);
                Consumer<Process> carrier = process -> Relay.start(source, Relay.End.of(process));
                if (mirror) {
                    say("keeps a copy for " + name);
                    launcher.keepCopy(silenceMillis, carrier)
                            .ifPresentOrElse(
                                    id -> say("domain %d goes on here".formatted(id)),
                                    () -> say("a copy for %s is not needed".formatted(name)));
                } else {
                    launcher.receive(paused, carrier)
                            .ifPresent(id -> say("domain %d has come from %s".formatted(id, name)));
                }
            } catch (ControlException | IOException e) {
                say("nothing has come from %s: %s".formatted(name, e.getMessage()));
                Deadline.closing(socket, PARTING_MILLIS);
            }
        }

        /// Leaves in `input` what is there.
        private static byte[] beginning(SSLSocket socket, PushbackInputStream input)
                throws IOException {
            try (var _ = Deadline.closing(socket, BEGIN_MILLIS_MAX)) {
                var beginning = input.readNBytes(BEGINNING_BYTES);
                input.unread(beginning);
                return beginning;
            }
        }
    }

    /// A connection of TLS.
    private record SocketLink(
            SSLSocket socket, ReadableByteChannel input, WritableByteChannel output)
            implements Link {
        SocketLink(SSLSocket socket, InputStream input) throws IOException {
            this(socket, Channels.newChannel(input), Channels.newChannel(socket.getOutputStream()));
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }
}
