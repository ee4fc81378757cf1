package org.xenolith.xl.control;

import java.io.IOException;
import java.util.Optional;

/// The connections to another host that a domain's process asks for. When there is none it learns
/// that it is cut off, and may ask for another.
final class Connections {
    private final ControlClient client;
    private final Call link;
    private final MigrationClient.Dialer dialer;
    private Optional<IOException> failure = Optional.empty();

    /// @param link the request that brings one
    Connections(ControlClient client, Call link, MigrationClient.Dialer dialer) {
        this.client = client;
        this.link = link;
        this.dialer = dialer;
    }

    void dial() throws IOException, ControlException {
        var socket = client.raw(ControlClient.request(link));
        try {
            dialer.dial(socket);
            failure = Optional.empty();
        } catch (IOException e) {
            failure = Optional.of(e);
            socket.close();
        }
    }

    /// Why it has come to nothing: the last connection could not be made, or what the domain's
    /// process says.
    String reason(String answer) {
        return failure.map(Throwable::getMessage).orElse(answer);
    }

    ControlException reason(ControlException answer) {
        return failure.map(reason -> new ControlException(reason.getMessage(), reason))
                .orElse(answer);
    }
}
