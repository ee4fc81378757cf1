package org.xenolith.boot;

import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Reads a memory segment as a stream, and tells how far it got.
final class SegmentInputStream extends InputStream {
    private final MemorySegment segment;
    private long position;

    SegmentInputStream(MemorySegment segment) {
        this.segment = segment;
    }

    /// Bytes read so far.
    long position() {
        return position;
    }

    @Override
    public int read() {
        return position == segment.byteSize()
                ? -1
                : segment.get(ValueLayout.JAVA_BYTE, position++) & 0xFF;
    }

    @Override
    public int read(byte[] into, int from, int length) {
        long left = segment.byteSize() - position;
        if (length == 0) {
            return 0;
        }
        if (left == 0) {
            return -1;
        }
        int count = (int) Math.min(length, left);
        MemorySegment.copy(segment, ValueLayout.JAVA_BYTE, position, into, from, count);
        position += count;
        return count;
    }

    @Override
    public int available() {
        return (int) Math.min(Integer.MAX_VALUE, segment.byteSize() - position);
    }
}
