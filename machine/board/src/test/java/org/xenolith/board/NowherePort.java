package org.xenolith.board;

import org.xenolith.network.Frame;
import org.xenolith.network.FrameSink;
import org.xenolith.network.GuestInterface;
import org.xenolith.network.Offloads;
import org.xenolith.network.Port;

import java.io.Closeable;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/// A port that takes everything and gives nothing.
final class NowherePort implements Port, FrameSink {
    final GuestInterface owner;
    final AtomicInteger frames = new AtomicInteger();
    final Map<Integer, Runnable> retries = new ConcurrentHashMap<>();
    volatile Optional<FrameSink> guest = Optional.empty();
    volatile boolean vacated;
    volatile boolean closed;

    NowherePort(GuestInterface owner) {
        this.owner = owner;
    }

    @Override
    public void open(FrameSink sink) {
        guest = Optional.of(sink);
    }

    @Override
    public Closeable vacate() {
        vacated = true;
        return this::close;
    }

    @Override
    public FrameSink world() {
        return this;
    }

    @Override
    public boolean offer(int queue, Frame frame) {
        frames.incrementAndGet();
        return true;
    }

    @Override
    public void onRoom(int queue, Runnable retry) {
        retries.put(queue, retry);
    }

    @Override
    public Offloads offloads() {
        return Offloads.ALL;
    }

    @Override
    public int mtu() {
        return owner.mtu().orElse(1500);
    }

    @Override
    public boolean carrier() {
        return true;
    }

    @Override
    public String description() {
        return "nowhere";
    }

    @Override
    public void close() {
        closed = true;
    }
}
