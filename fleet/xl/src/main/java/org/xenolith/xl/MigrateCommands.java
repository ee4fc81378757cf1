package org.xenolith.xl;

import org.xenolith.migration.Deadline;
import org.xenolith.migration.MigrationOptions;
import org.xenolith.xl.config.ConfigException;
import org.xenolith.xl.config.ConfigReader;
import org.xenolith.xl.control.ControlException;
import org.xenolith.xl.control.DomainLauncher;
import org.xenolith.xl.control.MigrationClient;
import org.xenolith.xl.tls.TlsAddress;
import org.xenolith.xl.tls.TlsDialer;
import org.xenolith.xl.tls.TlsException;
import org.xenolith.xl.tls.TlsIdentity;
import org.xenolith.xl.tls.TlsListener;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

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
        var display = new MigrationDisplay(session.err(), ProgressBar.isTerminal());
        try {
            display.ended(
                    client.migrate(
                            options(arguments),
                            config,
                            arguments.has("p"),
                            dialer(arguments, words.get(1)),
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

    /// How connections to the other host are made.
    private static MigrationClient.Dialer dialer(Arguments arguments, String host)
            throws UsageException, ControlException {
        var tls = tlsAddress(host);
        if (tls.isPresent()) {
            var dialer = new TlsDialer(identity(arguments));
            return link -> Relay.start(Relay.End.of(link), Relay.End.of(dialer.dial(tls.get())));
        }
        var command = List.of("sh", "-c", command(arguments, host));
        return link -> Relay.start(Relay.End.of(link), Relay.End.of(command));
    }

    private static Optional<TlsAddress> tlsAddress(String word) throws UsageException {
        try {
            return TlsAddress.parse(word);
        } catch (IllegalArgumentException e) {
            throw new UsageException(e.getMessage());
        }
    }

    private static TlsIdentity identity(Arguments arguments) throws ControlException {
        var usual = Path.of(System.getProperty("user.home"), ".xenolith", "tls");
        try {
            return TlsIdentity.read(arguments.value("tls").map(Path::of).orElse(usual));
        } catch (TlsException e) {
            throw new ControlException(e.getMessage(), e);
        }
    }

    /// As Xen's xl has it; `exec`, so that no shell stays between.
    private static String command(Arguments arguments, String host) {
        var ssh = arguments.value("s").orElse("ssh");
        if (ssh.isEmpty()) {
            return host;
        }
        return "exec %s %s xl migrate-receive%s%s"
                .formatted(
                        ssh,
                        host,
                        arguments.has("e") ? " -e" : "",
                        arguments.has("p") ? " -p" : "");
    }

    private static MigrationOptions options(Arguments arguments) throws UsageException {
        var usual = MigrationOptions.DEFAULT;
        try {
            return usual.within(
                            number(arguments, "max-downtime", usual.downtimeMillisMax()),
                            number(arguments, "max-rounds", usual.roundsMax()),
                            number(arguments, "max-throttle", usual.throttlePercentMax()))
                    .withDisks(arguments.has("copy-disks"));
        } catch (IllegalArgumentException e) {
            throw new UsageException("a limit of the migration is out of range");
        }
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
            launcher.receive(arguments.has("p"));
        }
        return 0;
    }

    // ---------------------------------------------------------------- migrate-listen

    static int listen(Session session, Arguments arguments)
            throws UsageException, ControlException, InterruptedException {
        var listening = new Listening(session, arguments.has("p"));
        var address = listenAddress(arguments);
        try (var listener =
                TlsListener.bind(identity(arguments), address, listening::serve, listening::say)) {
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

    /// Domains that come over connections of TLS, each to a process of its own.
    private record Listening(Session session, boolean paused) {
        /// What the source is told in the end is on its way.
        private static final long PARTING_MILLIS = 10_000;

        synchronized void say(String line) {
            session.err().println("xl: " + line);
        }

        void serve(SSLSocket socket, String name) {
            var launcher = new DomainLauncher(session.runtime(), this::say);
            try {
                var source = Relay.End.of(socket);
                launcher.receive(paused, process -> Relay.start(source, Relay.End.of(process)))
                        .ifPresent(id -> say("domain %d has come from %s".formatted(id, name)));
            } catch (ControlException | IOException e) {
                say("nothing has come from %s: %s".formatted(name, e.getMessage()));
                Deadline.closing(socket, PARTING_MILLIS);
            }
        }
    }
}
