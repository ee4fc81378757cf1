package org.xenolith.network;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/// Ports of the host at which connections, or datagrams, for ports of the guest arrive.
///
/// As text `PROTOCOL:[ADDRESS:]HOST-PORTS[:GUEST-PORTS]`: `tcp:2222:22`, `udp:53`,
/// `tcp:127.0.0.1:8000-8010:80-90`, `tcp:[::1]:80`.
///
/// @param address of the host; all of them if empty
/// @param hostPort the first, 1 to 65,535
/// @param guestPort the first, 1 to 65,535
/// @param count of ports that follow each other; the last is 65,535 at most
public record PortForward(
        Protocol protocol, Optional<InetAddress> address, int hostPort, int guestPort, int count) {
    private static final Pattern TEXT =
            Pattern.compile(
                    "(?<protocol>tcp|udp):"
                            + "(?:(?<address>[0-9]+(?:\\.[0-9]+){3}|\\[[0-9A-Fa-f:.]+]):)?"
                            + "(?<host>[0-9]{1,5}(?:-[0-9]{1,5})?)"
                            + "(?::(?<guest>[0-9]{1,5}(?:-[0-9]{1,5})?))?");

    public enum Protocol {
        TCP,
        UDP
    }

    public PortForward {
        requirePorts(hostPort, count);
        requirePorts(guestPort, count);
    }

    private static void requirePorts(int first, int count) {
        if (first < 1 || count < 1 || first > 0xFFFF || count > 0x1_0000 - first) {
            throw new IllegalArgumentException(
                    "there are no %d ports from %d".formatted(count, first));
        }
    }

    /// @throws IllegalArgumentException with the reason
    public static PortForward parse(String text) {
        var matcher = TEXT.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException(
                    "\"%s\" is not PROTOCOL:[ADDRESS:]HOST-PORTS[:GUEST-PORTS]".formatted(text));
        }
        try {
            return of(matcher);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("\"%s\": %s".formatted(text, e.getMessage()), e);
        }
    }

    /// What [#parse] reads as the same.
    public String text() {
        return "%s:%s%s:%s"
                .formatted(
                        protocol.name().toLowerCase(Locale.ROOT),
                        address.map(PortForward::prefix).orElse(""),
                        new Range(hostPort, count).text(),
                        new Range(guestPort, count).text());
    }

    private static String prefix(InetAddress address) {
        var literal = address.getHostAddress();
        return (address instanceof Inet6Address ? "[" + literal + "]" : literal) + ":";
    }

    private static PortForward of(MatchResult match) {
        var host = Range.parse(match.group("host"));
        var guest = Optional.ofNullable(match.group("guest")).map(Range::parse).orElse(host);
        if (host.count() != guest.count()) {
            throw new IllegalArgumentException(
                    "%d ports for %d".formatted(host.count(), guest.count()));
        }
        return new PortForward(
                Protocol.valueOf(match.group("protocol").toUpperCase(Locale.ROOT)),
                Optional.ofNullable(match.group("address"))
                        .map(literal -> literal.replaceAll("[\\[\\]]", ""))
                        .map(InetAddress::ofLiteral),
                host.first(),
                guest.first(),
                host.count());
    }

    private record Range(int first, int count) {
        static Range parse(String text) {
            var ends = text.split("-");
            int first = Integer.parseInt(ends[0]);
            int last = Integer.parseInt(ends[ends.length - 1]);
            return new Range(first, last - first + 1);
        }

        String text() {
            return count == 1 ? Integer.toString(first) : first + "-" + (first + count - 1);
        }
    }
}
