package org.xenolith.board;

import org.xenolith.device.HeldOutbox;
import org.xenolith.device.HeldOutput;
import org.xenolith.network.GuestInterface;
import org.xenolith.network.NetworkException;
import org.xenolith.network.Port;
import org.xenolith.network.PortKind;
import org.xenolith.state.Bytes;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/// All ways by which something leaves one machine: its consoles and the ports of its network
/// interfaces. May be used from any thread.
final class Outputs implements HeldOutput, PortOpener {
    /// What a console's output waits in, beside its bytes.
    private static final int OVERHEAD_BYTES = 64;

    /// Of a console's output that waits, with what it waits in.
    static final int CONSOLE_BYTES_MAX = 1 << 20;

    /// Bytes that are written one by one wait together, up to so many.
    private static final int JOINED_BYTES_MAX = 256;

    private final PortOpener ports;

    /// As the last who said so has it. What is added later is as all others are.
    private sealed interface Mode {
        record Passing() implements Mode {}

        record Holding(long epoch) implements Mode {}

        record Dropping() implements Mode {}
    }

    // Guarded by this object.
    private final Set<HeldOutput> all = new HashSet<>();
    private Mode mode = new Mode.Passing();

    /// Something waits for the end of the epoch that runs. It may be one that has just ended.
    private volatile boolean heldNow;

    private volatile Runnable whenHeld = () -> {};

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
                        Outputs::join,
                        CONSOLE_BYTES_MAX);
        add(List.of(outbox));
        return outbox;
    }

    private static Optional<Bytes> join(Bytes first, Bytes second) {
        int length = first.length() + second.length();
        if (length > JOINED_BYTES_MAX) {
            return Optional.empty();
        }
        var both = Arrays.copyOf(first.toArray(), length);
        System.arraycopy(second.toArray(), 0, both, first.length(), second.length());
        return Optional.of(Bytes.of(both));
    }

    @Override
    public Port open(PortKind kind, GuestInterface owner) throws NetworkException {
        var port = new HeldPort(ports.open(kind, owner), owner.queues(), this::remove);
        add(port.queues());
        return port;
    }

    private synchronized void add(List<? extends HeldOutput> outputs) {
        all.addAll(outputs);
        outputs.forEach(output -> output.onHeld(this::held));
        switch (mode) {
            case Mode.Passing() -> {}
            case Mode.Holding(long epoch) -> outputs.forEach(output -> output.seal(epoch));
            case Mode.Dropping() -> outputs.forEach(HeldOutput::drop);
        }
    }

    @Override
    public void onHeld(Runnable action) {
        whenHeld = action;
    }

    private void held() {
        heldNow = true;
        whenHeld.run();
    }

    /// Whether something waits for the end of the epoch that runs.
    boolean isHeldNow() {
        return heldNow;
    }

    private synchronized void remove(List<? extends HeldOutput> outputs) {
        outputs.forEach(all::remove);
    }

    @Override
    public synchronized void seal(long epoch) {
        if (!(mode instanceof Mode.Dropping)) {
            mode = new Mode.Holding(epoch);
        }
        heldNow = false; // what is offered meanwhile may count for both
        all.forEach(output -> output.seal(epoch)); // nothing leaves by that
    }

    @Override
    public void release(long epoch) {
        now().forEach(output -> output.release(epoch));
    }

    private synchronized List<HeldOutput> now() {
        return List.copyOf(all);
    }

    @Override
    public void letGo() {
        passing().forEach(HeldOutput::letGo);
    }

    private synchronized List<HeldOutput> passing() {
        if (mode instanceof Mode.Holding) {
            mode = new Mode.Passing();
        }
        return List.copyOf(all);
    }

    @Override
    public synchronized void drop() {
        mode = new Mode.Dropping();
        all.forEach(HeldOutput::drop); // nothing leaves by that
    }

    /// Told of ways that there are no more.
    @FunctionalInterface
    interface Gone {
        void queues(List<? extends HeldOutput> queues);
    }
}
