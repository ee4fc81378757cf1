package org.xenolith.x86;

/// Shifts of all lanes in a value of 64 bits by one unsigned count, as PSLLW and its kin: a count
/// of the lane's width or more leaves nothing but, of a signed shift, the sign. **Hot path.** Pure
/// helpers.
public final class PackedShifts {
    private static final long LOW_32 = 0xFFFF_FFFFL;
    private static final long ONES_16 = 0x0001_0001_0001_0001L;

    private PackedShifts() {}

    private static boolean exceeds(long count, int most) {
        return Long.compareUnsigned(count, most) > 0;
    }

    public static long leftWords(long value, long count) {
        return exceeds(count, 15) ? 0 : (value & (0xFFFF >>> count) * ONES_16) << count;
    }

    public static long rightWords(long value, long count) {
        return exceeds(count, 15) ? 0 : value >>> count & (0xFFFF >>> count) * ONES_16;
    }

    public static long rightSignedWords(long value, long count) {
        int shift = exceeds(count, 15) ? 15 : (int) count;
        long result = 0;
        for (int at = 0; at < 64; at += 16) {
            result |= ((short) (value >> at) >> shift & 0xFFFFL) << at;
        }
        return result;
    }

    public static long leftDoublewords(long value, long count) {
        return exceeds(count, 31) ? 0 : value << count & LOW_32 | value >>> 32 << 32 + count;
    }

    public static long rightDoublewords(long value, long count) {
        return exceeds(count, 31) ? 0 : (value & LOW_32) >>> count | value >>> 32 + count << 32;
    }

    public static long rightSignedDoublewords(long value, long count) {
        int shift = exceeds(count, 31) ? 31 : (int) count;
        return (int) value >> shift & LOW_32 | value >> 32 + shift << 32;
    }

    public static long leftQuadwords(long value, long count) {
        return exceeds(count, 63) ? 0 : value << count;
    }

    public static long rightQuadwords(long value, long count) {
        return exceeds(count, 63) ? 0 : value >>> count;
    }
}
