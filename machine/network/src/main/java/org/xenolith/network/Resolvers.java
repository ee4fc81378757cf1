package org.xenolith.network;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// The host's name servers, for a guest that does not reach the host's loopback interface.
final class Resolvers {
    /// resolv.conf(5).
    private static final Path CONFIGURED = Path.of("/etc/resolv.conf");

    /// Those behind systemd-resolved, which is at 127.0.0.53 itself (systemd-resolved.service(8)).
    private static final Path BEHIND_SYSTEMD = Path.of("/run/systemd/resolve/resolv.conf");

    /// `MAXNS` of resolv.conf(5).
    private static final int SERVERS_MAX = 3;

    private Resolvers() {}

    /// What passt must be told since it would not find it: nothing if any configured name server is
    /// elsewhere than at the loopback interface.
    static List<InetAddress> hidden() {
        return hidden(CONFIGURED, BEHIND_SYSTEMD);
    }

    static List<InetAddress> hidden(Path configured, Path behind) {
        var servers = servers(configured);
        if (servers.isEmpty() || !servers.stream().allMatch(InetAddress::isLoopbackAddress)) {
            return List.of();
        }
        return servers(behind).stream().filter(server -> !server.isLoopbackAddress()).toList();
    }

    private static List<InetAddress> servers(Path file) {
        try (var lines = Files.lines(file)) {
            return lines.map(line -> line.strip().split("\\s+"))
                    .filter(words -> words.length > 1 && words[0].equals("nameserver"))
                    .flatMap(words -> address(words[1]).stream())
                    .limit(SERVERS_MAX)
                    .toList();
        } catch (IOException | UncheckedIOException _) {
            return List.of(); // there is none, or it is no text
        }
    }

    private static Optional<InetAddress> address(String literal) {
        try {
            // A link-local one would need the name of a link, which a guest has not.
            return Optional.of(InetAddress.ofLiteral(literal))
                    .filter(address -> !address.isLinkLocalAddress());
        } catch (IllegalArgumentException _) {
            return Optional.empty();
        }
    }
}
