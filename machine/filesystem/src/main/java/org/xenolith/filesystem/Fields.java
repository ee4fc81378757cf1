package org.xenolith.filesystem;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/// Numbers in a piece of a disk, little-endian unless the name says otherwise. What lies outside of
/// the piece is refused by the piece's name.
record Fields(byte[] bytes, String what) {
    private static final VarHandle SHORT = view(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT = view(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG = view(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle BIG_SHORT = view(short[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle BIG_INT = view(int[].class, ByteOrder.BIG_ENDIAN);

    private static VarHandle view(Class<?> type, ByteOrder order) {
        return MethodHandles.byteArrayViewVarHandle(type, order);
    }

    /// The `length` bytes of a disk at `offset`; messages call them `what`.
    static Fields read(Disk disk, long offset, int length, String what) throws DiskException {
        disk.requireInside(offset, length);
        var content = new byte[length];
        disk.read(offset, ByteBuffer.wrap(content));
        return new Fields(content, what);
    }

    int length() {
        return bytes.length;
    }

    int u8(int offset) throws DiskException.Damaged {
        return bytes[check(offset, 1)] & 0xFF;
    }

    int u16(int offset) throws DiskException.Damaged {
        return (short) SHORT.get(bytes, check(offset, 2)) & 0xFFFF;
    }

    long u32(int offset) throws DiskException.Damaged {
        return Integer.toUnsignedLong((int) INT.get(bytes, check(offset, 4)));
    }

    /// The raw 64 bits: negative means 2^63 or more.
    long u64(int offset) throws DiskException.Damaged {
        return (long) LONG.get(bytes, check(offset, 8));
    }

    int bigU16(int offset) throws DiskException.Damaged {
        return (short) BIG_SHORT.get(bytes, check(offset, 2)) & 0xFFFF;
    }

    long bigU32(int offset) throws DiskException.Damaged {
        return Integer.toUnsignedLong((int) BIG_INT.get(bytes, check(offset, 4)));
    }

    byte[] slice(int offset, int length) throws DiskException.Damaged {
        check(offset, length);
        return Arrays.copyOfRange(bytes, offset, offset + length);
    }

    private int check(int offset, int length) throws DiskException.Damaged {
        if (offset < 0 || length < 0 || offset > bytes.length - length) {
            throw new DiskException.Damaged(what + " is corrupt: it points outside of itself");
        }
        return offset;
    }
}
