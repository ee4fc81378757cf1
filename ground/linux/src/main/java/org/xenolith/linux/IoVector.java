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
    /// Words of a `struct iovec`, `iov_base` and `iov_len`.
    private static final int ENTRY_WORDS = 2;

    private static final int IOV_LEN = 1;

    /// Entries one behind the other, as the host has them.
    private final long[] words;

    /// For the host, which does not see the heap.
    private final MemorySegment entries;

    /// What the host says of a call that fails.
    private final MemorySegment state;

    private MemorySegment within = MemorySegment.NULL;

    /// The places whose entries begin at the words from `first` on, below `next`, are still to be
    /// used.
    private int first;

    private int next;
    private long bytes;

    /// For `placesMax` places; the host takes 1024 at most (limits.h, `IOV_MAX`).
    public IoVector(int placesMax) {
        words = new long[placesMax * ENTRY_WORDS];
        var arena = Arena.ofAuto();
        entries = arena.allocate(ValueLayout.JAVA_LONG, words.length);
        state = Libc.state(arena);
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
        Bug.check(next < words.length, "there is room for another place");
        words[next] = within.address() + offset;
        words[next + IOV_LEN] = length;
        next += ENTRY_WORDS;
        bytes += length;
    }

    /// Bytes of all places that are still to be used.
    public long bytes() {
        return bytes;
    }

    /// How many places are still to be used.
    int count() {
        return (next - first) / ENTRY_WORDS;
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
            long length = words[first + IOV_LEN];
            long offset = words[first] - within.address();
            use.on(all - bytes, within.asSlice(offset, length).asByteBuffer());
            use(length);
        }
    }

    /// The first `count` bytes have been used.
    void use(long count) {
        Bug.check(count <= bytes, "no more is used than there is");
        bytes -= count;
        if (bytes == 0) {
            first = next;
            return;
        }
        long left = count;
        while (left >= words[first + IOV_LEN]) {
            left -= words[first + IOV_LEN];
            first += ENTRY_WORDS;
        }
        words[first] += left;
        words[first + IOV_LEN] -= left;
    }

    /// Where a call with them says how it has failed.
    MemorySegment state() {
        return state;
    }

    /// Those that are still to be used, as the host wants them; until the next call.
    MemorySegment entries() {
        MemorySegment.copy(words, first, entries, ValueLayout.JAVA_LONG, 0, next - first);
        return entries;
    }
}
