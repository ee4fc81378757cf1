package org.xenolith.xen;

import org.xenolith.base.Sizes;
import org.xenolith.memory.GuestMemory;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/// Atomic access to 32-bit words that Xen and a running guest both change: event bitmaps, event
/// words, grant flags. Places are bytes of [GuestMemory#segment], 4-byte aligned; a negative place
/// is nowhere: reads give 0 and writes are dropped.
final class Words {
    /// Nowhere.
    static final long NOWHERE = -1;

    private static final VarHandle INT =
            ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN).varHandle();

    private final GuestMemory memory;
    private final MemorySegment segment;

    Words(GuestMemory memory) {
        this.memory = memory;
        this.segment = memory.segment();
    }

    /// The place of a guest-physical address; nowhere if it is a hole.
    long at(long gpa) {
        return memory.hostOffset(gpa);
    }

    int get(long place) {
        return place < 0 ? 0 : (int) INT.getVolatile(segment, place);
    }

    void set(long place, int value) {
        if (place >= 0) {
            INT.setVolatile(segment, place, value);
            written(place);
        }
    }

    /// Sets `bits`; returns the word as it was.
    int setBits(long place, int bits) {
        if (place < 0) {
            return 0;
        }
        int old = (int) INT.getAndBitwiseOr(segment, place, bits);
        written(place);
        return old;
    }

    /// Clears `bits`; returns the word as it was.
    int clearBits(long place, int bits) {
        if (place < 0) {
            return 0;
        }
        int old = (int) INT.getAndBitwiseAnd(segment, place, ~bits);
        written(place);
        return old;
    }

    /// Stores `value` if the word is `expected`; returns the word as it was.
    int exchange(long place, int expected, int value) {
        if (place < 0) {
            return expected;
        }
        int old = (int) INT.compareAndExchange(segment, place, expected, value);
        written(place);
        return old;
    }

    /// Whether bit `bit` of the bitmap that begins at `place` is set.
    boolean test(long place, int bit) {
        return place >= 0 && (get(word(place, bit)) & mask(bit)) != 0;
    }

    /// Sets a bit of a bitmap; returns whether it was set before.
    boolean testAndSet(long place, int bit) {
        return place >= 0 && (setBits(word(place, bit), mask(bit)) & mask(bit)) != 0;
    }

    /// Clears a bit of a bitmap; returns whether it was set before.
    boolean testAndClear(long place, int bit) {
        return place >= 0 && (clearBits(word(place, bit), mask(bit)) & mask(bit)) != 0;
    }

    // A bitmap of little-endian 64-bit words is one of 32-bit words too.
    private static long word(long place, int bit) {
        return place + (bit >>> 5) * 4L;
    }

    private static int mask(int bit) {
        return 1 << (bit & 31);
    }

    private void written(long place) {
        memory.wrote((int) (place >>> Sizes.PAGE_SHIFT));
    }
}
