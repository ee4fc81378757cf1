package org.xenolith.boot;

import io.airlift.compress.v3.zstd.ZstdJavaDecompressor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Unpacks one Zstandard frame (RFC 8878) with any window.
///
/// The decoder refuses windows above 8 MiB, which kernels have, although it never needs a window:
/// the whole output is before it. So it is shown a header that asks for 8 MiB.
final class ZstdFrame {
    private static final int DESCRIPTOR_AT = 4;
    private static final int SINGLE_SEGMENT = 0x20;
    private static final long WINDOW_BYTES_MAX = 8 << 20;

    /// Exponent 13, mantissa 0: 2^(10 + 13) bytes.
    private static final byte WINDOW_OF_8_MIB = 13 << 3;

    private ZstdFrame() {}

    /// Fills `output` and returns how many bytes there were. Bad frames are refused by the
    /// decoder's own unchecked exceptions.
    static long unpack(MemorySegment frame, MemorySegment output) throws BootException {
        try (var arena = Arena.ofConfined()) {
            return new ZstdJavaDecompressor().decompress(withSmallWindow(frame, arena), output);
        }
    }

    private static MemorySegment withSmallWindow(MemorySegment frame, Arena arena)
            throws BootException {
        var reader = new ByteReader(frame, "the zstd-packed kernel");
        int descriptor = reader.u8(DESCRIPTOR_AT);
        boolean singleSegment = (descriptor & SINGLE_SEGMENT) != 0;
        if (!singleSegment && window(reader.u8(DESCRIPTOR_AT + 1)) <= WINDOW_BYTES_MAX) {
            return frame;
        }
        if (singleSegment && descriptor >> 6 == 0) {
            return frame; // fewer than 256 bytes
        }
        long restAt = DESCRIPTOR_AT + (singleSegment ? 1 : 2);
        var rest = reader.slice(restAt, frame.byteSize() - restAt);
        var copy = Content.allocate(DESCRIPTOR_AT + 2 + rest.byteSize(), arena);
        MemorySegment.copy(frame, 0, copy, 0, DESCRIPTOR_AT);
        copy.set(ValueLayout.JAVA_BYTE, DESCRIPTOR_AT, (byte) (descriptor & ~SINGLE_SEGMENT));
        copy.set(ValueLayout.JAVA_BYTE, DESCRIPTOR_AT + 1, WINDOW_OF_8_MIB);
        MemorySegment.copy(rest, 0, copy, DESCRIPTOR_AT + 2, rest.byteSize());
        return copy;
    }

    private static long window(int descriptor) {
        long base = 1L << (10 + (descriptor >> 3));
        return base + (base >> 3) * (descriptor & 7);
    }
}
