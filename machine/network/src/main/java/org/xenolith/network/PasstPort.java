package org.xenolith.network;

import org.xenolith.base.Bug;
import org.xenolith.base.Clock;

import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/// A guest's interface whose other end is a passt of its own. When that ends by itself it is
/// started again, a few times: connections are lost then, as they are when a router is replaced.
final class PasstPort implements Port, StreamLink.Owner {
    /// passt's own default: what a frame of 64 KiB holds, less the Ethernet header, in words.
    static final int MTU_DEFAULT = 65_520;

    private static final int RESTARTS_MAX = 5;
    private static final long RESTART_MILLIS = 500;

    /// Whoever has lived for so long is started again as if it were the first time.
    private static final long STABLE_NANOS = 60_000_000_000L;

    private final PortKind.Passt kind;
    private final GuestInterface owner;
    private final StreamLoop loop;
    private final Clock clock;
    private final Consumer<String> log;
    private final int mtu;
    private final World world = new World();
    private final Map<Integer, Runnable> retries = new ConcurrentHashMap<>();
    private final CountDownLatch closing = new CountDownLatch(1);

    private final ReentrantLock lifecycle = new ReentrantLock();
    // Under that lock.
    private Optional<PasstProcess> process = Optional.empty();
    private long startedNanos;
    private boolean closed;

    /// Of the one thread that recovers, if there is one.
    private volatile int restarts;

    private volatile Optional<StreamLink> link = Optional.empty();
    private volatile Optional<FrameSink> guest = Optional.empty();

    private PasstPort(
            PortKind.Passt kind,
            GuestInterface owner,
            StreamLoop loop,
            Clock clock,
            Consumer<String> log) {
        this.kind = kind;
        this.owner = owner;
        this.loop = loop;
        this.clock = clock;
        this.log = log;
        this.mtu = owner.mtu().orElse(MTU_DEFAULT);
    }

    /// Waits until passt takes frames.
    static PasstPort start(
            PortKind.Passt kind,
            GuestInterface owner,
            StreamLoop loop,
            Clock clock,
            Consumer<String> log)
            throws NetworkException {
        var port = new PasstPort(kind, owner, loop, clock, log);
        port.lifecycle.lock();
        try {
            port.startProcess();
        } finally {
            port.lifecycle.unlock();
        }
        return port;
    }

    private void startProcess() throws NetworkException {
        var started = PasstProcess.start(kind, mtu, clock);
        try {
            var connected =
                    new StreamLink(loop, started.channel(), new PasstFraming(), new byte[0], this);
            process = Optional.of(started);
            startedNanos = clock.nanos();
            link = Optional.of(connected);
            connected.start();
        } catch (IOException e) {
            started.close();
            throw new NetworkException.HostFailed("cannot speak with passt", e);
        }
    }

    // ---------------------------------------------------------------- the port

    @Override
    public void open(FrameSink sink) {
        Bug.check(guest.isEmpty(), "a port is opened once");
        for (int queue = 0; queue < owner.queues(); queue++) {
            sink.onRoom(queue, () -> link.ifPresent(StreamLink::resume));
        }
        guest = Optional.of(sink);
        link.ifPresent(StreamLink::resume);
    }

    @Override
    public FrameSink world() {
        return world;
    }

    private final class World implements FrameSink {
        @Override
        public boolean offer(int queue, Frame frame) {
            var connected = link;
            return connected.isEmpty() || connected.get().offer(queue, frame);
        }

        @Override
        public void onRoom(int queue, Runnable retry) {
            retries.put(queue, retry);
        }
    }

    /// [PasstFraming] says why.
    @Override
    public Offloads offloads() {
        return Offloads.ALL;
    }

    @Override
    public int mtu() {
        return mtu;
    }

    @Override
    public boolean carrier() {
        return link.isPresent();
    }

    @Override
    public String description() {
        return "passt";
    }

    // ---------------------------------------------------------------- from the link

    @Override
    public boolean take(int queue, Frame frame) {
        // Before the guest is there, frames wait in passt.
        return guest.isPresent() && guest.get().offer(Flows.queue(frame, owner.queues()), frame);
    }

    @Override
    public void room() {
        retries.values().forEach(Runnable::run);
    }

    @Override
    public void ended(String reason) {
        link = Optional.empty();
        room(); // what was refused is dropped now
        Thread.ofPlatform().daemon().name("passt-" + owner.name()).start(() -> recover(reason));
    }

    private void recover(String reason) {
        if (!bury(reason)) {
            return;
        }
        while (restarts < RESTARTS_MAX) {
            if (isClosedWithin(RESTART_MILLIS << restarts++) || restart()) {
                return;
            }
        }
        log.accept("%s stays without passt".formatted(owner.name()));
    }

    /// False if it was we who ended it.
    private boolean bury(String reason) {
        lifecycle.lock();
        try {
            if (closed) {
                return false;
            }
            if (clock.nanos() - startedNanos > STABLE_NANOS) {
                restarts = 0;
            }
            var said = process.map(PasstProcess::complaint).orElse("");
            log.accept(
                    "%s has lost its passt: %s"
                            .formatted(owner.name(), said.isEmpty() ? reason : said));
            process.ifPresent(PasstProcess::close);
            process = Optional.empty();
            return true;
        } finally {
            lifecycle.unlock();
        }
    }

    private boolean isClosedWithin(long millis) {
        try {
            return closing.await(millis, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            throw new Bug("nobody interrupts this thread", e);
        }
    }

    /// Whether nothing is left to do.
    private boolean restart() {
        lifecycle.lock();
        try {
            if (!closed) {
                startProcess();
                log.accept("%s has a new passt".formatted(owner.name()));
            }
            return true;
        } catch (NetworkException e) {
            log.accept("%s: %s".formatted(owner.name(), e.getMessage()));
            return false;
        } finally {
            lifecycle.unlock();
        }
    }

    @Override
    public void close() {
        closing.countDown();
        lifecycle.lock();
        try {
            closed = true;
            link.ifPresent(StreamLink::close);
            link = Optional.empty();
            process.ifPresent(PasstProcess::close);
            process = Optional.empty();
        } finally {
            lifecycle.unlock();
        }
    }
}
