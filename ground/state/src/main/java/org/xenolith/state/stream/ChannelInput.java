package org.xenolith.state.stream;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;

/// A connection. Memory is allocated as bytes come, not as they are announced.
public final class ChannelInput implements StreamInput {
    private static final int FIRST_BYTES = 64 << 10;

    private final ReadableByteChannel channel;
    private ByteBuffer buffer = ByteBuffer.allocateDirect(FIRST_BYTES);
    private long position;

    /// `channel` blocks until something has come.
    public ChannelInput(ReadableByteChannel channel) {
        this.channel = channel;
    }

    @Override
    public MemorySegment take(long bytes) throws IOException, StreamException {
        if (bytes > RecordTypes.REC_LENGTH_MAX + RecordTypes.REC_ALIGN) {
            throw new StreamException("the stream announces " + bytes + " bytes at once");
        }
        int wanted = (int) bytes;
        buffer.clear().limit(Math.min(wanted, buffer.capacity()));
        while (buffer.position() < wanted) {
            if (!buffer.hasRemaining()) {
                grow(wanted);
            }
            if (channel.read(buffer) < 0) {
                throw new StreamException("the stream ends in the middle");
            }
        }
        position += bytes;
        return MemorySegment.ofBuffer(buffer.flip());
    }

    /// How much memory this has taken from the host.
    int allocatedBytes() {
        return buffer.capacity();
    }

    /// At most doubles what has come already.
    private void grow(int wanted) {
        int capacity = Math.min(Math.max(2 * buffer.capacity(), FIRST_BYTES), wanted);
        buffer = ByteBuffer.allocateDirect(capacity).put(buffer.flip());
    }

    @Override
    public long position() {
        return position;
    }
}
