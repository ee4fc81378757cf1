package org.xenolith.network;

import org.xenolith.base.Clock;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/// Opens ports. One for a process is enough. May be used from any thread.
public final class Ports implements AutoCloseable {
    private final Path directory;
    private final Clock clock;
    private final Consumer<String> log;

    private final ReentrantLock lock = new ReentrantLock();
    // Under the lock.
    private final Map<String, Joined> networks = new HashMap<>();
    private Optional<StreamLoop> loop = Optional.empty();

    /// A network that this process has joined, and how many of its interfaces are plugged in.
    private record Joined(LocalNetwork network, int ports) {}

    /// @param directory where the processes of one user's domains meet; made when it is needed
    /// @param log gets lines for the operator, without an end; must not wait
    public Ports(Path directory, Clock clock, Consumer<String> log) {
        this.directory = directory;
        this.clock = clock;
        this.log = log;
    }

    /// Does what is slow when it is done first, and leaves nothing behind: for processes that are
    /// about to open or close ports of these kinds while a guest waits.
    public static void rehearse(List<PortKind> kinds) {
        if (kinds.stream().anyMatch(kind -> kind instanceof PortKind.Bridge)) {
            TapSetup.rehearse();
        }
    }

    /// Plugs an interface in. Nothing of it is left behind if this throws, and all of it is given
    /// back by [Port#close] or the end of the process, however it ends. May wait for a program to
    /// start.
    public Port open(PortKind kind, GuestInterface owner) throws NetworkException {
        return switch (kind) {
            case PortKind.Bridge bridge -> TapPort.create(bridge, owner, log);
            case PortKind.Passt passt -> PasstPort.start(passt, owner, loop(), clock, log);
            case PortKind.Network network -> plug(network.name(), owner);
        };
    }

    private StreamLoop loop() throws NetworkException {
        lock.lock();
        try {
            if (loop.isEmpty()) {
                loop = Optional.of(StreamLoop.start());
            }
            return loop.get();
        } finally {
            lock.unlock();
        }
    }

    private Port plug(String name, GuestInterface owner) throws NetworkException {
        lock.lock();
        try {
            var joined = networks.get(name);
            if (joined == null) {
                var network = LocalNetwork.join(directory, name, loop(), clock, log);
                joined = new Joined(network, 0);
            }
            networks.put(name, new Joined(joined.network, joined.ports + 1));
            return joined.network.plug(owner, () -> unplugged(name));
        } catch (NetworkException e) {
            unplugged(name);
            throw e;
        } finally {
            lock.unlock();
        }
    }

    private void unplugged(String name) {
        lock.lock();
        try {
            var joined = networks.remove(name);
            if (joined != null && joined.ports > 1) {
                networks.put(name, new Joined(joined.network, joined.ports - 1));
            } else if (joined != null) {
                joined.network.close();
            }
        } catch (IOException e) {
            log.accept("network %s: %s".formatted(name, e.getMessage()));
        } finally {
            lock.unlock();
        }
    }

    /// All ports must have been closed.
    @Override
    public void close() {
        lock.lock();
        try {
            loop.ifPresent(StreamLoop::close);
            loop = Optional.empty();
        } finally {
            lock.unlock();
        }
    }
}
