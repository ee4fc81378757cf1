package org.xenolith.xl.tls;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.Optional;

/// Where a host listens: `tls://HOST[:PORT]`.
///
/// @param host a name, or an address as a URI has it, without brackets
/// @param port 1 to 65,535
public record TlsAddress(String host, int port) {
    /// That of Xen's relocation server of old (`xend-relocation-port`).
    public static final int PORT = 8002;

    private static final String SCHEME = "tls";
    public static final int PORT_MAX = 65_535;

    public TlsAddress {
        if (port < 1 || port > PORT_MAX) {
            throw new IllegalArgumentException("port " + port);
        }
    }

    /// Empty if the word is no such address but may be something else.
    ///
    /// @throws IllegalArgumentException if it is meant to be one and is not
    public static Optional<TlsAddress> parse(String word) {
        if (!word.startsWith(SCHEME + "://")) {
            return Optional.empty();
        }
        try {
            var uri = new URI(word);
            boolean plain =
                    uri.getHost() != null
                            && uri.getUserInfo() == null
                            && uri.getPath().isEmpty()
                            && uri.getQuery() == null
                            && uri.getFragment() == null;
            if (!plain) {
                throw new IllegalArgumentException("\"%s\" is no tls://HOST:PORT".formatted(word));
            }
            var host = uri.getHost().replaceAll("[\\[\\]]", "");
            return Optional.of(new TlsAddress(host, uri.getPort() < 0 ? PORT : uri.getPort()));
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException("\"%s\" is no tls://HOST:PORT".formatted(word), e);
        }
    }

    @Override
    public String toString() {
        return host.contains(":") ? "[%s]:%d".formatted(host, port) : host + ":" + port;
    }
}
