package org.xenolith.xl.control;

import java.io.IOException;
import java.util.Optional;

/// The connections to another host that one request of a domain's process needs: the other end of
/// [DialedLinks]. When there is none the domain's process learns that it is cut off, and may ask
/// for another.
final class DialedConnections {
    private final ControlClient client;
    private final Call carries;
    private final MigrationClient.Dialer dialer;
    private Optional<IOException> failure = Optional.empty();

    /// @param carries asks the process to take a connection
    DialedConnections(ControlClient client, Call carries, MigrationClient.Dialer dialer) {
        this.client = client;
        this.carries = carries;
        this.dialer = dialer;
    }

    void dial() throws IOException, ControlException {
        var link = client.raw(ControlClient.request(carries));
        try {
            dialer.dial(link);
            failure = Optional.empty();
        } catch (IOException e) {
            failure = Optional.of(e);
            link.close();
        }
    }

    /// What is in the way of a request that came to nothing: the last connection could not be made,
    /// or what the domain's process says.
    ControlException reason(ControlException answer) {
        return failure.map(reason -> new ControlException(reason.getMessage(), reason))
                .orElse(answer);
    }

    String reason(String answer) {
        return failure.map(Throwable::getMessage).orElse(answer);
    }
}
