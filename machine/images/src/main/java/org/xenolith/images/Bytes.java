package org.xenolith.images;

import java.nio.ByteBuffer;

/// What byte buffers lack.
final class Bytes {
    private static final byte[] ZEROS = new byte[1 << 14];

    private Bytes() {}

    /// Puts `count` zeros.
    static void fillWithZeros(ByteBuffer target, int count) {
        int left = count;
        while (left > 0) {
            int piece = Math.min(left, ZEROS.length);
            target.put(ZEROS, 0, piece);
            left -= piece;
        }
    }

    /// The next `count` bytes of `buffer`, which moves on behind them.
    static ByteBuffer take(ByteBuffer buffer, int count) {
        var taken = buffer.slice(buffer.position(), count);
        buffer.position(buffer.position() + count);
        return taken;
    }

    /// Whether what remains is all zeros; the position stays.
    static boolean areZeros(ByteBuffer buffer) {
        int at = buffer.position();
        int end = buffer.limit();
        for (; at + Long.BYTES <= end; at += Long.BYTES) {
            if (buffer.getLong(at) != 0) {
                return false;
            }
        }
        for (; at < end; at++) {
            if (buffer.get(at) != 0) {
                return false;
            }
        }
        return true;
    }

    static long roundUp(long value, long unit) {
        return Math.ceilDiv(value, unit) * unit;
    }
}
