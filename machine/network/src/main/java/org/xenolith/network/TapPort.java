package org.xenolith.network;

import org.xenolith.base.Bug;
import org.xenolith.base.Threads;
import org.xenolith.linux.LinuxException;
import org.xenolith.linux.TapInterface;
import org.xenolith.linux.TapQueue;

import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/// A tap of the host on a bridge. Frames from the guest are written by whoever offers them: the
/// kernel never makes that wait. A platform thread for each queue reads those for the guest, and
/// waits while the guest takes none; the kernel then drops what its own queue cannot hold.
final class TapPort implements Port, Closeable {
    private final TapInterface tap;
    private final String bridge;
    private final int mtu;
    private final Consumer<String> log;
    private final List<Queue> queues;
    private final World world = new World();
    private volatile boolean carrier = true;
    private volatile boolean stopped;
    private boolean closed;

    private TapPort(TapInterface tap, String bridge, int mtu, Consumer<String> log) {
        this.tap = tap;
        this.bridge = bridge;
        this.mtu = mtu;
        this.log = log;
        this.queues = new ArrayList<>();
        for (var queue : tap.queues()) {
            queues.add(new Queue(queues.size(), queue));
        }
    }

    static TapPort create(PortKind.Bridge kind, GuestInterface owner, Consumer<String> log)
            throws NetworkException {
        var setup = new TapSetup(kind, owner);
        int mtu = setup.mtu();
        return new TapPort(setup.create(mtu), kind.name(), mtu, log);
    }

    @Override
    public void open(FrameSink guest) {
        queues.forEach(queue -> queue.start(guest));
    }

    @Override
    public FrameSink world() {
        return world;
    }

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
        return carrier;
    }

    @Override
    public String description() {
        return "bridge " + bridge;
    }

    private final class World implements FrameSink {
        @Override
        public boolean offer(int queue, Frame frame) {
            queues.get(queue % queues.size()).write(frame);
            return true;
        }

        @Override
        public void onRoom(int queue, Runnable retry) {
            // No offer is refused.
        }
    }

    /// Somebody has removed the interface.
    private void lost(LinuxException reason) {
        if (carrier && !stopped) {
            carrier = false;
            log.accept("%s has lost its tap: %s".formatted(tap.name(), reason.getMessage()));
        }
    }

    @Override
    public Closeable vacate() throws IOException {
        stop();
        try {
            tap.retire();
        } catch (LinuxException e) {
            close(); // so that the name is free all the same
        }
        return this;
    }

    private void stop() {
        stopped = true;
        queues.forEach(Queue::stop);
    }

    @Override
    public void close() throws IOException {
        if (closed) {
            return;
        }
        closed = true;
        stop();
        try {
            tap.close();
        } catch (LinuxException e) {
            throw new NetworkException.HostFailed("cannot close tap " + tap.name(), e);
        }
    }

    /// One queue in both directions.
    private final class Queue {
        private final int index;
        private final TapQueue queue;

        /// Two queues of a guest may come here.
        private final ReentrantLock writing = new ReentrantLock();

        private volatile Thread reader;
        private volatile boolean room;

        Queue(int index, TapQueue queue) {
            this.index = index;
            this.queue = queue;
        }

        // ---------------------------------------------------------- from the guest

        void write(Frame frame) {
            writing.lock();
            try {
                if (carrier && !stopped) {
                    VirtioHeader.put(frame, queue.packet());
                    queue.write();
                }
            } catch (LinuxException e) {
                lost(e);
            } finally {
                writing.unlock();
            }
        }

        // ---------------------------------------------------------- to the guest

        void start(FrameSink guest) {
            Bug.check(reader == null, "a port is opened once");
            guest.onRoom(index, this::roomCame);
            reader =
                    Thread.ofPlatform()
                            .daemon()
                            .name(tap.name() + "-q" + index)
                            .start(() -> read(guest));
        }

        private void read(FrameSink guest) {
            try {
                while (!stopped) {
                    var packet = queue.read();
                    if (!packet.hasRemaining()) {
                        queue.await();
                        continue;
                    }
                    int length = packet.remaining() - VirtioHeader.BYTES;
                    VirtioHeader.get(packet, length).ifPresent(frame -> deliver(guest, frame));
                }
            } catch (LinuxException e) {
                lost(e);
            }
        }

        private void deliver(FrameSink guest, Frame frame) {
            room = false;
            while (!stopped && !guest.offer(index, frame)) {
                while (!room && !stopped) {
                    LockSupport.park(this);
                }
                room = false;
            }
        }

        private void roomCame() {
            room = true;
            LockSupport.unpark(reader);
        }

        /// No thread is in the queue when this returns.
        void stop() {
            var thread = reader;
            if (thread != null) {
                queue.wake();
                LockSupport.unpark(thread);
                Threads.awaitEnd(thread);
            }
            writing.lock();
            writing.unlock();
        }
    }
}
