package org.xenolith.engine.soft;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/// How the engine reads and writes the memory segment. **Hot path.** The one home of the access
/// shape; every access is checked by the JVM against the segment's bounds, so no translation, right
/// or wrong, leaves guest memory.
///
/// Accesses keep x86's order (SDM vol. 3A, 9.2): a load is followed by an acquire fence, a store
/// preceded by a release fence. On x86 hosts these are no instructions; they keep the JVM's
/// compilers from changing the order. Volatile access is no alternative: it refuses what is not
/// aligned.
final class HostAccess {
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT =
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private static final VarHandle ATOMIC_INT =
            ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN).varHandle();
    private static final VarHandle ATOMIC_LONG =
            ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN).varHandle();

    private HostAccess() {}

    static long get8(MemorySegment memory, long at) {
        long value = memory.get(ValueLayout.JAVA_BYTE, at) & 0xFFL;
        VarHandle.acquireFence();
        return value;
    }

    static long get16(MemorySegment memory, long at) {
        long value = memory.get(SHORT, at) & 0xFFFFL;
        VarHandle.acquireFence();
        return value;
    }

    static long get32(MemorySegment memory, long at) {
        long value = memory.get(INT, at) & 0xFFFF_FFFFL;
        VarHandle.acquireFence();
        return value;
    }

    static long get64(MemorySegment memory, long at) {
        long value = memory.get(LONG, at);
        VarHandle.acquireFence();
        return value;
    }

    static void set8(MemorySegment memory, long at, long value) {
        VarHandle.releaseFence();
        memory.set(ValueLayout.JAVA_BYTE, at, (byte) value);
    }

    static void set16(MemorySegment memory, long at, long value) {
        VarHandle.releaseFence();
        memory.set(SHORT, at, (short) value);
    }

    static void set32(MemorySegment memory, long at, long value) {
        VarHandle.releaseFence();
        memory.set(INT, at, (int) value);
    }

    static void set64(MemorySegment memory, long at, long value) {
        VarHandle.releaseFence();
        memory.set(LONG, at, value);
    }

    static long get(MemorySegment memory, long at, int bytes) {
        return switch (bytes) {
            case 1 -> get8(memory, at);
            case 2 -> get16(memory, at);
            case 4 -> get32(memory, at);
            case 8 -> get64(memory, at);
            default -> {
                long value = 0;
                for (int index = bytes - 1; index >= 0; index--) {
                    value = value << 8 | get8(memory, at + index);
                }
                yield value;
            }
        };
    }

    static void set(MemorySegment memory, long at, int bytes, long value) {
        switch (bytes) {
            case 1 -> set8(memory, at, value);
            case 2 -> set16(memory, at, value);
            case 4 -> set32(memory, at, value);
            case 8 -> set64(memory, at, value);
            default -> {
                for (int index = 0; index < bytes; index++) {
                    set8(memory, at + index, value >>> index * 8);
                }
            }
        }
    }

    /// Whether a value lies within eight aligned bytes, so that [#compareAndSet] can replace it.
    static boolean isWithinWord(long at, int bytes) {
        return (at & 7) + bytes <= 8;
    }

    /// Replaces `expected` by `value` in one step as seen by all threads, if it is there. False for
    /// a value that is not [#isWithinWord].
    static boolean compareAndSet(
            MemorySegment memory, long at, int bytes, long expected, long value) {
        boolean done;
        if (bytes == 8 && (at & 7) == 0) {
            done = ATOMIC_LONG.compareAndSet(memory, at, expected, value);
        } else if (bytes == 4 && (at & 3) == 0) {
            done = ATOMIC_INT.compareAndSet(memory, at, (int) expected, (int) value);
        } else if (isWithinWord(at, bytes)) {
            long word = at & ~7L;
            int shift = (int) (at - word) * 8;
            done = compareAndSetWithin(memory, word, shift, bytes, expected, value);
        } else {
            return false;
        }
        VarHandle.fullFence(); // a locked instruction is a fence in both directions
        return done;
    }

    private static boolean compareAndSetWithin(
            MemorySegment memory, long word, int shift, int bytes, long expected, long value) {
        long mask = -1L >>> (64 - bytes * 8) << shift;
        while (true) {
            long old = (long) ATOMIC_LONG.getVolatile(memory, word);
            if ((old & mask) != expected << shift) {
                return false;
            }
            long replaced = old & ~mask | value << shift & mask;
            if (ATOMIC_LONG.compareAndSet(memory, word, old, replaced)) {
                return true;
            }
        }
    }
}
