package org.xenolith.bench;

import org.xenolith.base.Clock;
import org.xenolith.migration.Link;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/// A connection on which what is written takes some time, as on a long way: a host's kernel that
/// can delay frames itself (netem) is not needed. Both ends are to be so.
final class DelayedLink implements Link, WritableByteChannel {
    private static final long NANOS_IN_MILLI = 1_000_000;

    private final Link link;
    private final Way way;
    private final Clock clock = Clock.system();
    private final Semaphore window;
    private final LinkedBlockingQueue<Part> under = new LinkedBlockingQueue<>();
    private volatile boolean closed;

    /// What a way does to octets.
    ///
    /// @param delayMillis until one is there
    /// @param windowBytes may be under way to and fro: so many in twice the delay
    record Way(long delayMillis, int windowBytes) {}

    private record Part(long dueNanos, ByteBuffer octets) {}

    DelayedLink(Link link, Way way) {
        this.link = link;
        this.way = way;
        this.window = new Semaphore(way.windowBytes());
        Thread.ofPlatform().daemon().name("way").start(this::carry);
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
        int count = source.remaining();
        while (source.hasRemaining()) {
            var part = new byte[Math.min(source.remaining(), way.windowBytes() / 4)];
            source.get(part);
            window.acquireUninterruptibly(part.length);
            if (closed) {
                throw new ClosedChannelException();
            }
            long due = clock.nanos() + way.delayMillis() * NANOS_IN_MILLI;
            under.add(new Part(due, ByteBuffer.wrap(part)));
        }
        return count;
    }

    private void carry() {
        try {
            while (!closed || !under.isEmpty()) {
                var part = under.poll(100, TimeUnit.MILLISECONDS);
                if (part != null) {
                    long wait = part.dueNanos - clock.nanos();
                    TimeUnit.NANOSECONDS.sleep(Math.max(0, wait));
                    int count = part.octets.remaining();
                    while (part.octets.hasRemaining()) {
                        link.output().write(part.octets);
                    }
                    acknowledge(count);
                }
            }
            link.close();
        } catch (IOException | InterruptedException _) {
            closed = true;
            window.release(way.windowBytes());
        }
    }

    /// The other end's word for it takes as long.
    private void acknowledge(int count) {
        CompletableFuture.delayedExecutor(way.delayMillis(), TimeUnit.MILLISECONDS)
                .execute(() -> window.release(count));
    }

    @Override
    public ReadableByteChannel input() {
        return link.input();
    }

    @Override
    public WritableByteChannel output() {
        return this;
    }

    @Override
    public boolean isOpen() {
        return !closed;
    }

    /// What has been written arrives.
    @Override
    public void close() throws IOException {
        closed = true;
        if (window.availablePermits() == way.windowBytes()) {
            link.close();
        }
        window.release(way.windowBytes());
    }
}
