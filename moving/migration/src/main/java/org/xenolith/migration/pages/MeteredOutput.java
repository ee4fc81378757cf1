package org.xenolith.migration.pages;

import org.xenolith.base.Clock;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;

/// Gathers what is written, and knows how much that is and how long the connection has taken for
/// it. For one thread, but for [#bytes].
public final class MeteredOutput implements WritableByteChannel {
    private static final int BUFFER_BYTES = 256 << 10;

    private final WritableByteChannel channel;
    private final Clock clock;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
    private volatile long bytes;
    private long nanos;
    private Runnable listener = () -> {};

    public MeteredOutput(WritableByteChannel channel, Clock clock) {
        this.channel = channel;
        this.clock = clock;
    }

    /// Does `then` whenever the connection has taken something.
    public void onTaken(Runnable then) {
        listener = then;
    }

    /// Octets so far.
    public long bytes() {
        return bytes;
    }

    /// Time in which the connection has been waited for.
    public long nanos() {
        return nanos;
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
        int count = source.remaining();
        long before = bytes;
        while (source.hasRemaining()) {
            if (!buffer.hasRemaining()) {
                flush();
            }
            int part = Math.min(source.remaining(), buffer.remaining());
            buffer.put(source.slice(source.position(), part));
            source.position(source.position() + part);
        }
        bytes = before + count;
        return count;
    }

    /// Has the connection take what has been gathered.
    public void flush() throws IOException {
        long start = clock.nanos();
        buffer.flip();
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
        buffer.clear();
        nanos += clock.nanos() - start;
        listener.run();
    }

    @Override
    public boolean isOpen() {
        return channel.isOpen();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
