package org.xenolith.engine.soft;

import org.xenolith.base.Bug;

import sun.misc.Unsafe;

import java.lang.invoke.VarHandle;

/// How compiled code reads and writes guest memory by address, without a check of the JVM's. **Hot
/// path.** Benchmark: the kernels of `bench`. Only for a process that holds one domain: a wrong
/// translation would reach whatever else the process holds (docs/security.md).
///
/// Loads are acquired and stores are released, which is x86's memory order; on x86 hosts that costs
/// no instruction.
final class RawAccess {
    private static final Unsafe UNSAFE = unsafe();

    private RawAccess() {}

    private static Unsafe unsafe() {
        try {
            var field = Unsafe.class.getDeclaredField("theUnsafe");
            field.setAccessible(true);
            return (Unsafe) field.get(null);
        } catch (ReflectiveOperationException cause) {
            throw new Bug("the JDK has sun.misc.Unsafe", cause);
        }
    }

    static long get8(long at) {
        long value = UNSAFE.getByte(at) & 0xFFL;
        VarHandle.acquireFence();
        return value;
    }

    static long get16(long at) {
        long value = UNSAFE.getShort(at) & 0xFFFFL;
        VarHandle.acquireFence();
        return value;
    }

    static long get32(long at) {
        long value = UNSAFE.getInt(at) & 0xFFFF_FFFFL;
        VarHandle.acquireFence();
        return value;
    }

    static long get64(long at) {
        long value = UNSAFE.getLong(at);
        VarHandle.acquireFence();
        return value;
    }

    static void set8(long at, long value) {
        VarHandle.releaseFence();
        UNSAFE.putByte(at, (byte) value);
    }

    static void set16(long at, long value) {
        VarHandle.releaseFence();
        UNSAFE.putShort(at, (short) value);
    }

    static void set32(long at, long value) {
        VarHandle.releaseFence();
        UNSAFE.putInt(at, (int) value);
    }

    static void set64(long at, long value) {
        VarHandle.releaseFence();
        UNSAFE.putLong(at, value);
    }

    /// Replaces `expected` by `value` in one step as seen by all threads, if it is there. Only for
    /// naturally aligned values of 4 and 8 bytes; refused for others.
    static boolean compareAndSet(long at, int bytes, long expected, long value) {
        if ((at & bytes - 1) != 0) {
            return false;
        }
        return switch (bytes) {
            case 4 -> UNSAFE.compareAndSwapInt(null, at, (int) expected, (int) value);
            case 8 -> UNSAFE.compareAndSwapLong(null, at, expected, value);
            default -> false;
        };
    }
}
