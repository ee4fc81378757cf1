package org.xenolith.xl.control;

import com.fasterxml.jackson.databind.JsonNode;

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

    /// Has the domain mirrored, until that is over.
    ///
    /// @param intervalMillis from one checkpoint to the next
    /// @param silenceMillis after which the other host is lost
    /// @param arbiter `http://HOST:PORT`, several with commas
    /// @param config instead of the domain's own
    /// @param ready done when the other host has a whole copy
    public End mirror(
            int intervalMillis,
            int silenceMillis,
            String arbiter,
            Optional<String> config,
            MigrationClient.Dialer dialer,
            Runnable ready)
            throws ControlException {
        var request =
                ControlClient.request(Call.REMUS)
                        .put("interval", intervalMillis)
                        .put("silence", silenceMillis)
                        .put("arbiter", arbiter);
        config.ifPresent(text -> request.put("config", text));
        var answer =
                client.converse(
                        request,
                        SILENCE_MILLIS_MAX,
                        line -> {
                            if (line.has("dial")) {
                                dialer.dial(client.raw(ControlClient.request(Call.REMUS_LINK)));
                                return true;
                            }
                            if (line.has("protected")) {
                                ready.run();
                                return true;
                            }
                            return false;
                        });
        return new End(answer.path("fenced").asBoolean(), answer.path("reason").asText());
    }

    /// How it is doing, as `xl remus --status` shows it.
    public JsonNode status() throws ControlException {
        return client.ask(
                ControlClient.request(Call.REMUS_STATUS), ControlClient.ANSWER_MILLIS_MAX);
    }

    /// The domain is not to be mirrored any more.
    public void stop() throws ControlException {
        client.ask(ControlClient.request(Call.REMUS_STOP), ControlClient.ANSWER_MILLIS_MAX);
    }
}
