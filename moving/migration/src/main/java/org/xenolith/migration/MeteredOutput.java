package org.xenolith.migration;

import org.xenolith.base.Clock;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;

/// Gathers what is written, and knows how much that is and how long the connection has taken for
/// it. For one thread.
final class MeteredOutput implements WritableByteChannel {
    private static final int BUFFER_BYTES = 256 << 10;

    private final WritableByteChannel channel;
    private final Clock clock;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
    private long bytes;
    private long nanos;

    MeteredOutput(WritableByteChannel channel, Clock clock) {
        this.channel = channel;
        this.clock = clock;
    }

    /// Octets so far.
    long bytes() {
        return bytes;
    }

    /// Time in which the connection has been waited for.
    long nanos() {
        return nanos;
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
        int count = source.remaining();
        while (source.hasRemaining()) {
            if (!buffer.hasRemaining()) {
                flush();
            }
            int part = Math.min(source.remaining(), buffer.remaining());
            buffer.put(source.slice(source.position(), part));
            source.position(source.position() + part);
        }
        bytes += count;
        return count;
    }

    /// Has the connection take what has been gathered.
    void flush() throws IOException {
        long start = clock.nanos();
        buffer.flip();
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
        buffer.clear();
        nanos += clock.nanos() - start;
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
