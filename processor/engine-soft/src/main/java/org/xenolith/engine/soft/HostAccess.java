package org.xenolith.engine.soft;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/// How the engine reads and writes the memory segment. **Hot path.** The one home of the access
/// shape; every access is checked by the JVM against the segment's bounds, so no translation, right
/// or wrong, leaves guest memory.
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
        return memory.get(ValueLayout.JAVA_BYTE, at) & 0xFFL;
    }

    static long get16(MemorySegment memory, long at) {
        return memory.get(SHORT, at) & 0xFFFFL;
    }

    static long get32(MemorySegment memory, long at) {
        return memory.get(INT, at) & 0xFFFF_FFFFL;
    }

    static long get64(MemorySegment memory, long at) {
        return memory.get(LONG, at);
    }

    static void set8(MemorySegment memory, long at, long value) {
        memory.set(ValueLayout.JAVA_BYTE, at, (byte) value);
    }

    static void set16(MemorySegment memory, long at, long value) {
        memory.set(SHORT, at, (short) value);
    }

    static void set32(MemorySegment memory, long at, long value) {
        memory.set(INT, at, (int) value);
    }

    static void set64(MemorySegment memory, long at, long value) {
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

    /// Replaces `expected` by `value` in one step as seen by all threads, if it is there. A value
    /// that is not naturally aligned within eight bytes is replaced in two steps.
    static boolean compareAndSet(
            MemorySegment memory, long at, int bytes, long expected, long value) {
        if (bytes == 8 && (at & 7) == 0) {
            return ATOMIC_LONG.compareAndSet(memory, at, expected, value);
        }
        if (bytes == 4 && (at & 3) == 0) {
            return ATOMIC_INT.compareAndSet(memory, at, (int) expected, (int) value);
        }
        long word = at & ~7L;
        if (at + bytes <= word + 8) {
            return compareAndSetWithin(memory, word, (int) (at - word) * 8, bytes, expected, value);
        }
        if (get(memory, at, bytes) != expected) {
            return false;
        }
        set(memory, at, bytes, value);
        return true;
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
