package org.xenolith.x86;

/// Products and sums across lanes in a value of 64 bits: half of an XMM register or an MMX
/// register. **Hot path.** Pure helpers.
public final class PackedProducts {
    private static final long LOW_32 = 0xFFFF_FFFFL;

    private PackedProducts() {}

    private static int signed16(long value, int at) {
        return (short) (value >> at);
    }

    private static int unsigned16(long value, int at) {
        return (int) (value >>> at) & 0xFFFF;
    }

    private static int unsigned8(long value, int at) {
        return (int) (value >>> at) & 0xFF;
    }

    /// PMULLW: the low words of the products.
    public static long multiplyWords(long a, long b) {
        long result = 0;
        for (int at = 0; at < 64; at += 16) {
            result |= (signed16(a, at) * signed16(b, at) & 0xFFFFL) << at;
        }
        return result;
    }

    /// PMULHW.
    public static long multiplyHighSignedWords(long a, long b) {
        long result = 0;
        for (int at = 0; at < 64; at += 16) {
            result |= (signed16(a, at) * signed16(b, at) >>> 16 & 0xFFFFL) << at;
        }
        return result;
    }

    /// PMULHUW.
    public static long multiplyHighUnsignedWords(long a, long b) {
        long result = 0;
        for (int at = 0; at < 64; at += 16) {
            result |= (unsigned16(a, at) * unsigned16(b, at) >>> 16 & 0xFFFFL) << at;
        }
        return result;
    }

    /// PMULHRSW: the product times 2^-15, rounded.
    public static long multiplyRoundedWords(long a, long b) {
        long result = 0;
        for (int at = 0; at < 64; at += 16) {
            int product = (signed16(a, at) * signed16(b, at) >> 14) + 1 >> 1;
            result |= (product & 0xFFFFL) << at;
        }
        return result;
    }

    /// PMULLD.
    public static long multiplyDoublewords(long a, long b) {
        return a * b & LOW_32 | (a >>> 32) * (b >>> 32) << 32;
    }

    /// PMADDWD: sums of the products of neighbours.
    public static long multiplyAddWords(long a, long b) {
        int low = signed16(a, 0) * signed16(b, 0) + signed16(a, 16) * signed16(b, 16);
        int high = signed16(a, 32) * signed16(b, 32) + signed16(a, 48) * signed16(b, 48);
        return low & LOW_32 | (long) high << 32;
    }

    /// PMADDUBSW: sums of the products of neighbours, unsigned bytes of `a`, signed ones of `b`.
    public static long multiplyAddBytes(long a, long b) {
        long result = 0;
        for (int at = 0; at < 64; at += 16) {
            int sum =
                    unsigned8(a, at) * (byte) (b >> at)
                            + unsigned8(a, at + 8) * (byte) (b >> at + 8);
            result |= (PackedIntegers.saturated16(sum) & 0xFFFFL) << at;
        }
        return result;
    }

    /// PSADBW: the sum of the absolute differences of unsigned bytes.
    public static long sumOfDifferences(long a, long b) {
        int sum = 0;
        for (int at = 0; at < 64; at += 8) {
            sum += Math.abs(unsigned8(a, at) - unsigned8(b, at));
        }
        return sum;
    }

    /// Half of MPSADBW: sums of the differences between the low four bytes of `b` and four bytes of
    /// `a` from each of four consecutive ones. `offset`, in bytes, is at most 8.
    public static long sumsOfDifferences(long low, long high, long b, int offset) {
        long result = 0;
        for (int word = 0; word < 4; word++) {
            int sum = 0;
            for (int index = 0; index < 4; index++) {
                int at = offset + word + index;
                int value = unsigned8(at < 8 ? low : high, 8 * (at & 7));
                sum += Math.abs(value - unsigned8(b, 8 * index));
            }
            result |= (long) sum << 16 * word;
        }
        return result;
    }

    /// PHMINPOSUW: the lowest of eight unsigned words, above it the index of its first place.
    public static long minimumWord(long low, long high) {
        int best = 0x10000;
        int place = 0;
        for (int index = 0; index < 8; index++) {
            int value = unsigned16(index < 4 ? low : high, 16 * (index & 3));
            if (value < best) {
                best = value;
                place = index;
            }
        }
        return best | place << 16;
    }

    // ---------------------------------------------------------------- neighbours

    /// Half of PHADDW: sums of neighbours in `first`, then of those in `second`.
    public static long horizontalAddWords(long first, long second) {
        return pairs(first, second, 1, false);
    }

    public static long horizontalSubtractWords(long first, long second) {
        return pairs(first, second, -1, false);
    }

    public static long horizontalAddSaturatedWords(long first, long second) {
        return pairs(first, second, 1, true);
    }

    public static long horizontalSubtractSaturatedWords(long first, long second) {
        return pairs(first, second, -1, true);
    }

    private static long pairs(long first, long second, int sign, boolean saturate) {
        long result = 0;
        for (int word = 0; word < 4; word++) {
            long from = word < 2 ? first : second;
            int at = 32 * (word & 1);
            int sum = signed16(from, at) + sign * signed16(from, at + 16);
            sum = saturate ? PackedIntegers.saturated16(sum) : sum;
            result |= (sum & 0xFFFFL) << 16 * word;
        }
        return result;
    }

    public static long horizontalAddDoublewords(long first, long second) {
        return first + (first >>> 32) & LOW_32 | second + (second >>> 32) << 32;
    }

    public static long horizontalSubtractDoublewords(long first, long second) {
        return first - (first >>> 32) & LOW_32 | second - (second >>> 32) << 32;
    }
}
