package org.xenolith.board;

import org.xenolith.device.HeldOutbox;
import org.xenolith.device.HeldOutput;
import org.xenolith.network.GuestInterface;
import org.xenolith.network.NetworkException;
import org.xenolith.network.Port;
import org.xenolith.network.PortKind;
import org.xenolith.state.Bytes;

import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/// All ways by which something leaves one machine: its consoles and the ports of its network
/// interfaces. May be used from any thread.
final class Outputs implements HeldOutput, PortOpener {
    /// What a console's output waits in, beside its bytes.
    private static final int OVERHEAD_BYTES = 64;

    private static final int CONSOLE_BYTES_MAX = 1 << 20;

    private final PortOpener ports;
    private final Set<HeldOutput> all = ConcurrentHashMap.newKeySet();

    Outputs(PortOpener ports) {
        this.ports = ports;
    }

    /// A way to whoever watches a console, who takes everything.
    HeldOutbox<Bytes> console(Consumer<Bytes> watchers) {
        var outbox =
                new HeldOutbox<Bytes>(
                        bytes -> {
                            watchers.accept(bytes);
                            return true;
                        },
                        bytes -> bytes.length() + OVERHEAD_BYTES,
                        CONSOLE_BYTES_MAX);
        all.add(outbox);
        return outbox;
    }

    @Override
    public Port open(PortKind kind, GuestInterface owner) throws NetworkException {
        var port = new HeldPort(ports.open(kind, owner), owner.queues(), all::removeAll);
        all.addAll(port.queues());
        return port;
    }

    @Override
    public void seal(long epoch) {
        all.forEach(output -> output.seal(epoch));
    }

    @Override
    public void release(long epoch) {
        all.forEach(output -> output.release(epoch));
    }

    @Override
    public void letGo() {
        all.forEach(HeldOutput::letGo);
    }

    @Override
    public void drop() {
        all.forEach(HeldOutput::drop);
    }

    /// Told of ways that there are no more.
    @FunctionalInterface
    interface Gone {
        void queues(List<? extends HeldOutput> queues);
    }
}
