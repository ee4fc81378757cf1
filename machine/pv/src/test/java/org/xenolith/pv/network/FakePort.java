package org.xenolith.pv.network;

import org.xenolith.network.Frame;
import org.xenolith.network.FrameSink;
import org.xenolith.network.Offloads;
import org.xenolith.network.Port;

import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/// A world that remembers what it gets and has as much room as the test says.
final class FakePort implements Port {
    final List<Frame> frames = new CopyOnWriteArrayList<>();
    final List<Integer> queues = new CopyOnWriteArrayList<>();
    final AtomicInteger room = new AtomicInteger(Integer.MAX_VALUE);
    final AtomicInteger refusals = new AtomicInteger();
    final ConcurrentHashMap<Integer, Runnable> retries = new ConcurrentHashMap<>();
    final Offloads offloads;
    volatile FrameSink guest;
    volatile boolean closed;
    volatile boolean carrier = true;
    private final FrameSink world = new World();

    FakePort(Offloads offloads) {
        this.offloads = offloads;
    }

    FakePort() {
        this(Offloads.ALL);
    }

    /// The world can take so many more, and says so.
    void makeRoom(int more) {
        room.set(more);
        retries.values().forEach(Runnable::run);
    }

    @Override
    public void open(FrameSink sink) {
        guest = sink;
    }

    @Override
    public FrameSink world() {
        return world;
    }

    @Override
    public Offloads offloads() {
        return offloads;
    }

    @Override
    public int mtu() {
        return 1500;
    }

    @Override
    public boolean carrier() {
        return carrier;
    }

    @Override
    public String description() {
        return "a test";
    }

    @Override
    public void close() {
        closed = true;
    }

    private final class World implements FrameSink {
        @Override
        public boolean offer(int queue, Frame frame) {
            if (room.getAndUpdate(count -> Math.max(count - 1, 0)) == 0) {
                refusals.incrementAndGet();
                return false;
            }
            queues.add(queue);
            frames.add(frame);
            return true;
        }

        @Override
        public void onRoom(int queue, Runnable retry) {
            retries.put(queue, retry);
        }
    }
}
