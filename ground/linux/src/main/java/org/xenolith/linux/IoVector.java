package org.xenolith.linux;

import org.xenolith.base.Bug;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.Objects;

/// Places in host memory that one call fills, or writes from, one after the other (`struct iovec`,
/// readv(2)). All are within one segment, which must stay alive while a call is under way. For one
/// thread at a time.
public final class IoVector {
    private static final int ENTRY_BYTES = 16;
    private static final int IOV_LEN = 8;

    private final MemorySegment entries;
    private final int placesMax;
    private MemorySegment within = MemorySegment.NULL;

    /// The places from `first` on, below `next`, are still to be used.
    private int first;

    private int next;
    private long bytes;

    /// For `placesMax` places; the host takes 1024 at most (limits.h, `IOV_MAX`).
    public IoVector(int placesMax) {
        this.placesMax = placesMax;
        entries = Arena.ofAuto().allocate((long) placesMax * ENTRY_BYTES, Long.BYTES);
    }

    /// Forgets all places; those to come are in `segment`, which is not of the heap.
    public void begin(MemorySegment segment) {
        within = segment;
        first = 0;
        next = 0;
        bytes = 0;
    }

    /// Adds `length` bytes from byte `offset` of the segment on.
    ///
    /// @throws IndexOutOfBoundsException if they are not inside it
    public void add(long offset, long length) {
        Objects.checkFromIndexSize(offset, length, within.byteSize());
        if (length == 0) {
            return;
        }
        Bug.check(next < placesMax, "there is room for another place");
        set(next++, within.address() + offset, length);
        bytes += length;
    }

    /// Bytes of all places that are still to be used.
    public long bytes() {
        return bytes;
    }

    /// How many places are still to be used.
    int count() {
        return next - first;
    }

    /// What is done with a place; `before` bytes are in those before it.
    @FunctionalInterface
    public interface Use<E extends Exception> {
        void on(long before, ByteBuffer place) throws E;
    }

    /// Uses all places one by one.
    public <E extends Exception> void useEach(Use<E> use) throws E {
        long all = bytes;
        while (bytes > 0) {
            long entry = (long) first * ENTRY_BYTES;
            long offset = entries.get(ValueLayout.JAVA_LONG, entry) - within.address();
            long length = entries.get(ValueLayout.JAVA_LONG, entry + IOV_LEN);
            use.on(all - bytes, within.asSlice(offset, length).asByteBuffer());
            use(length);
        }
    }

    /// The first `count` bytes have been used.
    void use(long count) {
        Bug.check(count <= bytes, "no more is used than there is");
        bytes -= count;
        long left = count;
        while (left > 0) {
            long entry = (long) first * ENTRY_BYTES;
            long address = entries.get(ValueLayout.JAVA_LONG, entry);
            long length = entries.get(ValueLayout.JAVA_LONG, entry + IOV_LEN);
            if (left < length) {
                set(first, address + left, length - left);
                return;
            }
            left -= length;
            first++;
        }
    }

    /// Those that are still to be used, as the host wants them.
    MemorySegment entries() {
        return entries.asSlice((long) first * ENTRY_BYTES);
    }

    private void set(int index, long address, long length) {
        long entry = (long) index * ENTRY_BYTES;
        entries.set(ValueLayout.JAVA_LONG, entry, address);
        entries.set(ValueLayout.JAVA_LONG, entry + IOV_LEN, length);
    }
}
