package org.xenolith.xl;

import static org.xenolith.xl.Option.with;

import org.xenolith.mirror.Witness;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.regex.Pattern;

/// `xl witness`: an arbiter for mirrored domains, where there is no etcd.
final class WitnessCommand {
    /// etcd's port.
    private static final String USUAL_ADDRESS = "0.0.0.0:2379";

    private static final Pattern ADDRESS =
            Pattern.compile("(?<host>\\[[0-9a-fA-F:.]+]|[^\\[\\]:]+):(?<port>[0-9]{1,5})");
    private static final int PORT_MAX = 65535;

    static final List<Verb> ROWS =
            List.of(
                    new Verb(
                            "witness",
                            "Decide, for hosts that mirror domains, who goes on. Ours",
                            "[options] <File>",
                            1,
                            1,
                            List.of(
                                    with(
                                            'l',
                                            "listen",
                                            "HOST:PORT",
                                            "Where to listen; " + USUAL_ADDRESS + " unless set.")),
                            WitnessCommand::run));

    private WitnessCommand() {}

    /// Serves until the process ends.
    private static int run(Session session, Arguments arguments)
            throws UsageException, IOException, InterruptedException {
        var store = Path.of(arguments.operands().getFirst());
        var address = address(arguments.value("listen").orElse(USUAL_ADDRESS));
        try (var witness = Witness.start(address, store)) {
            session.out().println("xl: witness at " + url(witness.address()));
            new CountDownLatch(1).await();
        }
        return 0;
    }

    static InetSocketAddress address(String text) throws UsageException {
        var parts = ADDRESS.matcher(text);
        if (!parts.matches() || Integer.parseInt(parts.group("port")) > PORT_MAX) {
            throw new UsageException("a witness listens at HOST:PORT, not " + text);
        }
        var host = parts.group("host").replaceAll("[\\[\\]]", "");
        var address = new InetSocketAddress(host, Integer.parseInt(parts.group("port")));
        if (address.isUnresolved()) {
            throw new UsageException("there is no host " + host);
        }
        return address;
    }

    private static String url(InetSocketAddress address) {
        var host = address.getAddress().getHostAddress();
        return "http://%s:%d"
                .formatted(host.contains(":") ? "[" + host + "]" : host, address.getPort());
    }
}
