package org.xenolith.bench.outlive;

import org.xenolith.base.Bug;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// A network namespace in which there are a loopback interface and a bridge, so that guests have a
/// cable that is none of the host's. The bridge has another port, as one has that leads to a
/// network card: without, it would lose its carrier with the tap of a domain that is killed, and
/// the kernel takes up to a second to notice that there is one again. A process holds it all, and
/// ends with this one. Whoever is not root becomes root of a user namespace.
final class Network implements AutoCloseable {
    static final String BRIDGE = "xenbr0";
    static final String GUEST = "10.9.0.2";

    /// `cat` ends with its input.
    private static final String SET_UP =
            """
            ip link set lo up && ip link add %1$s type bridge && ip addr add 10.9.0.1/24 dev %1$s \
            && ip link add nic type veth peer name wire && ip link set nic master %1$s up \
            && ip link set wire up && ip link set %1$s up && echo ready && exec cat
            """
                    .formatted(BRIDGE);

    private static final long END_SECONDS_MAX = 5;

    private final Process holder;
    private final boolean root = System.getProperty("user.name").equals("root");

    private Network() throws IOException {
        var unshare =
                root
                        ? List.of("unshare", "--net")
                        : List.of("unshare", "--user", "--map-root-user", "--net");
        var command = Stream.concat(unshare.stream(), Stream.of("sh", "-c", SET_UP));
        holder = new ProcessBuilder(command.toList()).redirectErrorStream(true).start();
    }

    /// @throws IOException if this host does not allow it, or has no `ip`
    static Network create() throws IOException {
        var network = new Network();
        // Read byte by byte: nothing else of this stream is needed.
        var said = new StringBuilder();
        var output = network.holder.getInputStream();
        for (int next = output.read(); next >= 0; next = output.read()) {
            said.append((char) next);
            if (said.toString().endsWith("ready\n")) {
                return network;
            }
        }
        throw new IOException(
                "there can be no network namespace with a bridge: " + said.toString().strip());
    }

    /// A command that runs in it.
    List<String> inside(List<String> command) {
        var all = new ArrayList<>(List.of("nsenter", "--target", "" + holder.pid(), "--net"));
        if (!root) {
            all.addAll(List.of("--user", "--preserve-credentials"));
        }
        all.add("--");
        all.addAll(command);
        return all;
    }

    @Override
    public void close() {
        try {
            holder.getOutputStream().close();
            if (!holder.waitFor(END_SECONDS_MAX, TimeUnit.SECONDS)) {
                holder.destroyForcibly();
            }
        } catch (IOException e) {
            throw new Bug("a pipe can be closed", e);
        } catch (InterruptedException e) {
            holder.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
