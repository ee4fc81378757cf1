package org.xenolith.xl.control;

import com.fasterxml.jackson.databind.node.ObjectNode;

import org.xenolith.migration.MigrationOptions;
import org.xenolith.migration.MigrationProgress;
import org.xenolith.migration.MigrationReport;

import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.util.Optional;
import java.util.function.Consumer;

/// Asks a domain's process to move its domain: the other end of [MigrationCalls].
public final class MigrationClient {
    /// Between two signs of life: while a domain is in doubt there are questions now and then.
    private static final long SILENCE_MILLIS_MAX = 600_000;

    private final ControlClient client;

    public MigrationClient(DomainEntry entry) {
        this.client = new ControlClient(entry);
    }

    /// Connects to the other host.
    @FunctionalInterface
    public interface Dialer {
        /// Has `link` carry the octets of a connection, until either end closes it. Does not wait.
        ///
        /// @throws IOException if there is none, with the reason
        void dial(SocketChannel link) throws IOException;
    }

    /// Moves the domain. When this returns it is the other host's.
    ///
    /// @param config instead of the domain's own
    /// @param paused the domain stays so there, even if it runs here
    /// @throws ControlException if it is not: then it is here, as before
    public MigrationReport migrate(
            MigrationOptions options,
            Optional<String> config,
            boolean paused,
            Dialer dialer,
            Consumer<MigrationProgress> progress)
            throws ControlException {
        var request = ControlClient.request(Call.MIGRATE);
        MigrationJson.put(request, options);
        request.put("paused", paused);
        config.ifPresent(text -> request.put("config", text));
        var connections = new DialedConnections(client, Call.MIGRATE_LINK, dialer);
        try {
            return MigrationJson.report(converse(request, connections, progress));
        } catch (ControlException e) {
            throw connections.reason(e);
        }
    }

    private ObjectNode converse(
            ObjectNode request, DialedConnections connections, Consumer<MigrationProgress> progress)
            throws ControlException {
        return client.converse(
                request,
                SILENCE_MILLIS_MAX,
                line -> {
                    if (line.has("dial")) {
                        connections.dial();
                        return true;
                    }
                    if (line.has("progress")) {
                        progress.accept(MigrationJson.progress(line.path("progress")));
                        return true;
                    }
                    return false;
                });
    }

    /// Says what has become of a machine that is in doubt.
    public void settle(boolean there) throws ControlException {
        client.ask(
                ControlClient.request(Call.MIGRATE_SETTLE).put("there", there),
                ControlClient.ANSWER_MILLIS_MAX);
    }
}
