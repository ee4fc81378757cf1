package org.xenolith.network;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// The words by which passt(1) is told what to do.
final class PasstCommand {
    private PasstCommand() {}

    /// passt in the foreground, for one connection at `socket`.
    ///
    /// @param resolvers name servers for the guest; those that passt finds itself if empty
    static List<String> of(
            Path program, Path socket, PortKind.Passt kind, int mtu, List<InetAddress> resolvers) {
        var words = new ArrayList<String>();
        words.add(program.toString());
        words.addAll(List.of("--foreground", "--quiet", "--one-off"));
        words.addAll(List.of("--socket", socket.toString(), "--mtu", Integer.toString(mtu)));
        if (!kind.reachesHost()) {
            words.add("--no-map-gw");
            resolvers.forEach(server -> words.addAll(List.of("--dns", server.getHostAddress())));
        }
        kind.addresses().forEach(address -> add(address, words));
        kind.forwards().forEach(forward -> add(forward, words));
        // Without a word about UDP, what is forwarded of TCP is forwarded of UDP too.
        for (var protocol : PortForward.Protocol.values()) {
            if (kind.forwards().stream().noneMatch(forward -> forward.protocol() == protocol)) {
                words.addAll(List.of(option(protocol), "none"));
            }
        }
        return words;
    }

    private static void add(GuestAddress address, List<String> words) {
        words.addAll(List.of("--address", address.address().getHostAddress()));
        words.addAll(List.of("--gateway", address.gateway().getHostAddress()));
        if (address.address() instanceof Inet4Address) {
            words.addAll(List.of("--netmask", Integer.toString(address.prefix())));
        }
    }

    private static void add(PortForward forward, List<String> words) {
        var at = forward.address().map(address -> address.getHostAddress() + "/").orElse("");
        var ports =
                range(forward.hostPort(), forward.count())
                        + ":"
                        + range(forward.guestPort(), forward.count());
        words.addAll(List.of(option(forward.protocol()), at + ports));
    }

    private static String option(PortForward.Protocol protocol) {
        return "--%s-ports".formatted(protocol.name().toLowerCase(Locale.ROOT));
    }

    private static String range(int first, int count) {
        return count == 1 ? Integer.toString(first) : "%d-%d".formatted(first, first + count - 1);
    }
}
