package org.xenolith.x86;

/// Lanes of 8, 16 and 32 bits in a value of 64: half of an XMM register or an MMX register. **Hot
/// path.** Pure helpers; a comparison answers all ones in a lane where it holds, else zeros. Lanes
/// are worked on side by side within one `long` where that is cheaper than one after another.
public final class PackedIntegers {
    private static final long SIGNS_8 = 0x8080_8080_8080_8080L;
    private static final long SIGNS_16 = 0x8000_8000_8000_8000L;
    private static final long EVEN_8 = 0x00FF_00FF_00FF_00FFL;
    private static final long EVEN_16 = 0x0000_FFFF_0000_FFFFL;
    private static final long LOW_32 = 0xFFFF_FFFFL;

    private PackedIntegers() {}

    // ---------------------------------------------------------------- sums

    public static long addBytes(long a, long b) {
        return (a & ~SIGNS_8) + (b & ~SIGNS_8) ^ (a ^ b) & SIGNS_8;
    }

    public static long addWords(long a, long b) {
        return (a & ~SIGNS_16) + (b & ~SIGNS_16) ^ (a ^ b) & SIGNS_16;
    }

    public static long addDoublewords(long a, long b) {
        return a + b & LOW_32 | (a >>> 32) + (b >>> 32) << 32;
    }

    public static long subtractBytes(long a, long b) {
        return (a | SIGNS_8) - (b & ~SIGNS_8) ^ (a ^ ~b) & SIGNS_8;
    }

    public static long subtractWords(long a, long b) {
        return (a | SIGNS_16) - (b & ~SIGNS_16) ^ (a ^ ~b) & SIGNS_16;
    }

    public static long subtractDoublewords(long a, long b) {
        return a - b & LOW_32 | (a >>> 32) - (b >>> 32) << 32;
    }

    public static long subtractUnsignedSaturatedBytes(long a, long b) {
        return subtractBytes(a, b) & atLeastUnsignedBytes(a, b);
    }

    public static long subtractUnsignedSaturatedWords(long a, long b) {
        return subtractWords(a, b) & atLeastUnsignedWords(a, b);
    }

    public static long addUnsignedSaturatedBytes(long a, long b) {
        return ~subtractUnsignedSaturatedBytes(~a, b);
    }

    public static long addUnsignedSaturatedWords(long a, long b) {
        return ~subtractUnsignedSaturatedWords(~a, b);
    }

    public static long addSignedSaturatedBytes(long a, long b) {
        long result = 0;
        for (int at = 0; at < 64; at += 8) {
            result |= (saturated8((byte) (a >> at) + (byte) (b >> at)) & 0xFFL) << at;
        }
        return result;
    }

    public static long addSignedSaturatedWords(long a, long b) {
        long result = 0;
        for (int at = 0; at < 64; at += 16) {
            result |= (saturated16((short) (a >> at) + (short) (b >> at)) & 0xFFFFL) << at;
        }
        return result;
    }

    public static long subtractSignedSaturatedBytes(long a, long b) {
        long result = 0;
        for (int at = 0; at < 64; at += 8) {
            result |= (saturated8((byte) (a >> at) - (byte) (b >> at)) & 0xFFL) << at;
        }
        return result;
    }

    public static long subtractSignedSaturatedWords(long a, long b) {
        long result = 0;
        for (int at = 0; at < 64; at += 16) {
            result |= (saturated16((short) (a >> at) - (short) (b >> at)) & 0xFFFFL) << at;
        }
        return result;
    }

    static int saturated8(int value) {
        return Math.clamp(value, Byte.MIN_VALUE, Byte.MAX_VALUE);
    }

    static int saturated16(int value) {
        return Math.clamp(value, Short.MIN_VALUE, Short.MAX_VALUE);
    }

    /// The mean, rounded up.
    public static long averageBytes(long a, long b) {
        return (a | b) - ((a ^ b) >>> 1 & ~SIGNS_8);
    }

    public static long averageWords(long a, long b) {
        return (a | b) - ((a ^ b) >>> 1 & ~SIGNS_16);
    }

    // ---------------------------------------------------------------- comparisons

    public static long equalBytes(long a, long b) {
        long difference = a ^ b;
        long equal = ~((difference & ~SIGNS_8) + ~SIGNS_8 | difference | ~SIGNS_8);
        return (equal >>> 7) * 0xFF;
    }

    public static long equalWords(long a, long b) {
        long difference = a ^ b;
        long equal = ~((difference & ~SIGNS_16) + ~SIGNS_16 | difference | ~SIGNS_16);
        return (equal >>> 15) * 0xFFFF;
    }

    public static long equalDoublewords(long a, long b) {
        return lanes((int) a == (int) b, (int) (a >>> 32) == (int) (b >>> 32));
    }

    public static long equalQuadwords(long a, long b) {
        return a == b ? -1 : 0;
    }

    private static long lanes(boolean low, boolean high) {
        return (low ? LOW_32 : 0) | (high ? ~LOW_32 : 0);
    }

    /// Every second lane gets a ninth bit that a difference borrows from if it is negative.
    private static long atLeastUnsignedBytes(long a, long b) {
        long even = (a & EVEN_8 | 0x0100_0100_0100_0100L) - (b & EVEN_8);
        long odd = (a >>> 8 & EVEN_8 | 0x0100_0100_0100_0100L) - (b >>> 8 & EVEN_8);
        long first = (even >>> 8 & 0x0001_0001_0001_0001L) * 0xFF;
        long second = (odd >>> 8 & 0x0001_0001_0001_0001L) * 0xFF;
        return first | second << 8;
    }

    private static long atLeastUnsignedWords(long a, long b) {
        long even = (a & EVEN_16 | 0x0001_0000_0001_0000L) - (b & EVEN_16);
        long odd = (a >>> 16 & EVEN_16 | 0x0001_0000_0001_0000L) - (b >>> 16 & EVEN_16);
        long first = (even >>> 16 & 0x0000_0001_0000_0001L) * 0xFFFF;
        long second = (odd >>> 16 & 0x0000_0001_0000_0001L) * 0xFFFF;
        return first | second << 16;
    }

    public static long greaterSignedBytes(long a, long b) {
        return ~atLeastUnsignedBytes(b ^ SIGNS_8, a ^ SIGNS_8);
    }

    public static long greaterSignedWords(long a, long b) {
        return ~atLeastUnsignedWords(b ^ SIGNS_16, a ^ SIGNS_16);
    }

    public static long greaterSignedDoublewords(long a, long b) {
        return lanes((int) a > (int) b, (int) (a >> 32) > (int) (b >> 32));
    }

    public static long greaterSignedQuadwords(long a, long b) {
        return a > b ? -1 : 0;
    }

    private static long choose(long mask, long a, long b) {
        return a & mask | b & ~mask;
    }

    public static long minimumUnsignedBytes(long a, long b) {
        return choose(atLeastUnsignedBytes(a, b), b, a);
    }

    public static long maximumUnsignedBytes(long a, long b) {
        return choose(atLeastUnsignedBytes(a, b), a, b);
    }

    public static long minimumSignedBytes(long a, long b) {
        return choose(greaterSignedBytes(a, b), b, a);
    }

    public static long maximumSignedBytes(long a, long b) {
        return choose(greaterSignedBytes(a, b), a, b);
    }

    public static long minimumUnsignedWords(long a, long b) {
        return choose(atLeastUnsignedWords(a, b), b, a);
    }

    public static long maximumUnsignedWords(long a, long b) {
        return choose(atLeastUnsignedWords(a, b), a, b);
    }

    public static long minimumSignedWords(long a, long b) {
        return choose(greaterSignedWords(a, b), b, a);
    }

    public static long maximumSignedWords(long a, long b) {
        return choose(greaterSignedWords(a, b), a, b);
    }

    public static long minimumUnsignedDoublewords(long a, long b) {
        return Math.min(a & LOW_32, b & LOW_32) | Math.min(a >>> 32, b >>> 32) << 32;
    }

    public static long maximumUnsignedDoublewords(long a, long b) {
        return Math.max(a & LOW_32, b & LOW_32) | Math.max(a >>> 32, b >>> 32) << 32;
    }

    public static long minimumSignedDoublewords(long a, long b) {
        return choose(greaterSignedDoublewords(a, b), b, a);
    }

    public static long maximumSignedDoublewords(long a, long b) {
        return choose(greaterSignedDoublewords(a, b), a, b);
    }

    // ---------------------------------------------------------------- signs

    public static long absoluteBytes(long a) {
        return negateBytesWhere(a, greaterSignedBytes(0, a));
    }

    public static long absoluteWords(long a) {
        return negateWordsWhere(a, greaterSignedWords(0, a));
    }

    public static long absoluteDoublewords(long a) {
        return Math.abs((int) a) & LOW_32 | (long) Math.abs((int) (a >> 32)) << 32;
    }

    private static long negateBytesWhere(long a, long mask) {
        return subtractBytes(a ^ mask, mask);
    }

    private static long negateWordsWhere(long a, long mask) {
        return subtractWords(a ^ mask, mask);
    }

    /// PSIGNB: negated, zeroed or kept as the lane of `b` is below, at or above zero.
    public static long signBytes(long a, long b) {
        return negateBytesWhere(a, greaterSignedBytes(0, b)) & ~equalBytes(b, 0);
    }

    public static long signWords(long a, long b) {
        return negateWordsWhere(a, greaterSignedWords(0, b)) & ~equalWords(b, 0);
    }

    public static long signDoublewords(long a, long b) {
        int low = (int) a * Integer.signum((int) b);
        int high = (int) (a >> 32) * Integer.signum((int) (b >> 32));
        return low & LOW_32 | (long) high << 32;
    }
}
