package org.xenolith.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Host memory that holds a guest's frames, off the Java heap.
interface HostMemory extends AutoCloseable {
    MemorySegment segment();

    /// Zeroes a page-aligned range and, where the host can, gives its memory back.
    void discard(long offset, long bytes);

    @Override
    void close();

    static HostMemory allocate(long bytes) {
        var arena = Arena.ofShared();
        var segment = arena.allocate(bytes, 4096);
        return new HostMemory() {
            @Override
            public MemorySegment segment() {
                return segment;
            }

            @Override
            public void discard(long offset, long length) {
                segment.asSlice(offset, length).fill((byte) 0);
            }

            @Override
            public void close() {
                arena.close();
            }
        };
    }
}
