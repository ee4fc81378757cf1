package org.xenolith.xl.control;

import com.fasterxml.jackson.databind.node.ObjectNode;

import org.xenolith.mirror.protocol.MirrorStatus;

import java.io.IOException;
import java.util.Optional;

/// Asks a domain's process to have its domain mirrored: the other end of [MirrorCalls].
public final class MirrorClient {
    /// A mirror that lives says nothing for as long as it does.
    private static final long SILENCE_MILLIS_MAX = Long.MAX_VALUE;

    private final ControlClient client;

    public MirrorClient(DomainEntry entry) {
        this.client = new ControlClient(entry);
    }

    /// How it has ended.
    ///
    /// @param fenced the domain is the other host's; else it goes on here
    public record End(boolean fenced, String reason) {}

    /// What a session is to be.
    ///
    /// @param intervalMillis from one checkpoint to the next
    /// @param silenceMillis after which the other host is lost
    /// @param arbiter `http://HOST:PORT`, several with commas
    /// @param config instead of the domain's own
    /// @param keep when a session ends, or cannot begin, another follows
    public record Wish(
            int intervalMillis,
            int silenceMillis,
            String arbiter,
            Optional<String> config,
            boolean keep) {}

    /// Is told how it goes.
    public interface Listener {
        /// The other host has a whole copy.
        void isProtected();

        /// There is no copy; the next attempt follows.
        void triesAgain(String reason, long inMillis);
    }

    /// Has the domain mirrored, until that is over.
    public End mirror(Wish wish, MigrationClient.Dialer dialer, Listener listener)
            throws ControlException {
        var request =
                ControlClient.request(Call.REMUS)
                        .put("interval", wish.intervalMillis)
                        .put("silence", wish.silenceMillis)
                        .put("arbiter", wish.arbiter)
                        .put("keep", wish.keep);
        wish.config.ifPresent(text -> request.put("config", text));
        var connections = new DialedConnections(client, Call.REMUS_LINK, dialer);
        try {
            var answer =
                    client.converse(
                            request,
                            SILENCE_MILLIS_MAX,
                            line -> another(line, connections, listener));
            return new End(answer.path("fenced").asBoolean(), answer.path("reason").asText());
        } catch (ControlException e) {
            throw connections.reason(e);
        }
    }

    private boolean another(ObjectNode line, DialedConnections connections, Listener listener)
            throws ControlException, IOException {
        if (line.has("dial")) {
            connections.dial();
            return true;
        }
        if (line.has("protected")) {
            listener.isProtected();
            return true;
        }
        if (line.has("again")) {
            var reason = connections.reason(line.path("reason").asText());
            listener.triesAgain(reason, line.path("again").asLong());
            return true;
        }
        return false;
    }

    /// How it is doing, as `xl remus --status` shows it.
    public MirrorStatus status() throws ControlException {
        return MirrorJson.parse(
                client.ask(
                        ControlClient.request(Call.REMUS_STATUS), ControlClient.ANSWER_MILLIS_MAX));
    }

    /// The domain is not to be mirrored any more.
    public void stop() throws ControlException {
        client.ask(ControlClient.request(Call.REMUS_STOP), ControlClient.ANSWER_MILLIS_MAX);
    }
}
