package org.xenolith.board;

import org.xenolith.base.Bug;
import org.xenolith.network.Frame;
import org.xenolith.network.FrameSink;
import org.xenolith.network.Offloads;
import org.xenolith.network.Port;

import java.io.Closeable;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/// What the interface of a machine that may move is plugged into: a port of which the machine lets
/// go while it stands still, so that another may have its name or its place, and in whose stead
/// another one of the same kind comes if the machine stays. The back end does not notice.
///
/// Nothing reaches the guest before [#begin]: the memory of a machine that has arrived stays as it
/// came until it starts.
///
/// May be used from any thread.
final class PortSlot implements Port {
    private final int mtu;
    private final Offloads offloads;
    private final String description;
    private final World world = new World();

    /// Whom the world tells of room, by queues.
    private final Map<Integer, Runnable> retries = new ConcurrentHashMap<>();

    /// Empty when it has been let go of. Changed under the monitor.
    private volatile Optional<Port> port;

    /// What is left of a port that has been let go of. Under the monitor.
    private Optional<Closeable> vacated = Optional.empty();

    // Under the monitor.
    private Optional<FrameSink> guest = Optional.empty();
    private boolean begun;

    PortSlot(Port port) {
        this.port = Optional.of(port);
        this.mtu = port.mtu();
        this.offloads = port.offloads();
        this.description = port.description();
    }

    @Override
    public synchronized void open(FrameSink sink) {
        guest = Optional.of(sink);
        connect();
    }

    /// Frames may reach the guest from now on.
    synchronized void begin() {
        if (!begun) {
            begun = true;
            connect();
        }
    }

    private void connect() {
        if (begun && guest.isPresent()) {
            port.ifPresent(to -> to.open(guest.get()));
        }
    }

    /// Has the port give up its name and place. Only while the interface stands still.
    synchronized void release() throws IOException {
        var before = port;
        port = Optional.empty();
        if (before.isPresent()) {
            vacated = Optional.of(before.get().vacate());
        }
    }

    boolean isReleased() {
        return port.isEmpty();
    }

    /// Only after [#release], and while the interface stands still yet.
    ///
    /// @param next of the same kind and MTU
    synchronized void plug(Port next) {
        Bug.check(port.isEmpty(), "there is a port already");
        Bug.check(next.mtu() == mtu, "the guest knows another MTU");
        retries.forEach(next.world()::onRoom);
        port = Optional.of(next);
        connect();
    }

    /// Closes what [#release] has left, which may take longer than a guest should wait.
    synchronized void closeVacated() throws IOException {
        var before = vacated;
        vacated = Optional.empty();
        if (before.isPresent()) {
            before.get().close();
        }
    }

    @Override
    public FrameSink world() {
        return world;
    }

    private final class World implements FrameSink {
        @Override
        public boolean offer(int queue, Frame frame) {
            var to = port;
            return to.isEmpty() || to.get().world().offer(queue, frame);
        }

        @Override
        public void onRoom(int queue, Runnable retry) {
            retries.put(queue, retry);
            port.ifPresent(to -> to.world().onRoom(queue, retry));
        }
    }

    @Override
    public Offloads offloads() {
        return offloads;
    }

    @Override
    public int mtu() {
        return mtu;
    }

    @Override
    public boolean carrier() {
        return port.map(Port::carrier).orElse(false);
    }

    @Override
    public String description() {
        return description;
    }

    @Override
    public synchronized void close() throws IOException {
        var before = port;
        port = Optional.empty();
        if (before.isPresent()) {
            before.get().close();
        }
        closeVacated();
    }
}
