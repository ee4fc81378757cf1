package org.xenolith.boot;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/// Little-endian fields of a file's bytes; whatever lies outside is refused by name.
record ByteReader(MemorySegment bytes, String what) {
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT =
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    int u8(long offset) throws BootException {
        check(offset, 1);
        return bytes.get(ValueLayout.JAVA_BYTE, offset) & 0xFF;
    }

    int u16(long offset) throws BootException {
        check(offset, 2);
        return bytes.get(SHORT, offset) & 0xFFFF;
    }

    long u32(long offset) throws BootException {
        check(offset, 4);
        return Integer.toUnsignedLong(bytes.get(INT, offset));
    }

    /// The raw 64 bits: negative means 2^63 or more.
    long u64(long offset) throws BootException {
        check(offset, 8);
        return bytes.get(LONG, offset);
    }

    /// `length` bytes from `offset`; both may be any number.
    MemorySegment slice(long offset, long length) throws BootException {
        check(offset, length);
        return bytes.asSlice(offset, length);
    }

    private void check(long offset, long length) throws BootException {
        long size = bytes.byteSize();
        if (offset < 0 || length < 0 || offset > size || length > size - offset) {
            throw new BootException(what + " is truncated or corrupt");
        }
    }
}
