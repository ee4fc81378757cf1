package org.xenolith.softfloat;

import java.util.SplittableRandom;

/// Operands that hurt: specials, encodings that should not exist, neighbours, exact ties, the edges
/// of the exponent range, and plain random bits.
final class Operands {
    private static final int[] EXPONENTS = {
        0, 1, 2, 0x3FFE, 0x3FFF, 0x4000, 0x403E, 0x403F, 0x7FFD, 0x7FFE, 0x7FFF, 0x3F81, 0x3F80,
        0x407E, 0x407F, 0x3C01, 0x3C00, 0x43FE, 0x43FF, 0x3F6A, 0x3BCD, 0x400E, 0x401E, 0x403D
    };

    /// Significand and exponent of zero, one, infinity, NaNs, the smallest and largest numbers, and
    /// encodings that should not exist.
    private static final long[][] SPECIALS = {
        {0, 0},
        {0, 0},
        {Long.MIN_VALUE, 0x3FFF},
        {Long.MIN_VALUE, 0x3FFE},
        {Long.MIN_VALUE, 0x4000},
        {Long.MIN_VALUE, 0x7FFF},
        {Long.MIN_VALUE, 0x7FFF},
        {0xC000_0000_0000_0000L, 0x7FFF},
        {0xC000_0000_0000_0001L, 0x7FFF},
        {0x8000_0000_0000_0001L, 0x7FFF},
        {0xA000_0000_0000_0000L, 0x7FFF},
        {1, 0},
        {Long.MAX_VALUE, 0},
        {Long.MIN_VALUE, 0},
        {Long.MIN_VALUE, 1},
        {-1L, 0x7FFE},
        {Long.MAX_VALUE, 0x7FFF},
        {0, 0x7FFF},
        {0x4000_0000_0000_0000L, 0x3FFF},
        {0xC90F_DAA2_2168_C235L, 0x4000},
    };

    final SplittableRandom random;

    Operands(long seed) {
        random = new SplittableRandom(seed);
    }

    /// A 64-bit pattern: random, sparse, a run of ones, or random high bits before a plain tail.
    long pattern() {
        return switch (random.nextInt(8)) {
            case 0 -> 0;
            case 1 -> 1L << random.nextInt(64);
            case 2 -> -1L << random.nextInt(64);
            case 3 -> (1L << random.nextInt(64)) - random.nextInt(3) + 1;
            case 4 -> random.nextLong() & -1L << random.nextInt(64);
            case 5 -> random.nextLong() | (1L << random.nextInt(64)) - 1;
            default -> random.nextLong();
        };
    }

    long significand() {
        long s = pattern();
        return random.nextInt(16) == 0 ? s : s | Long.MIN_VALUE;
    }

    int signExponent() {
        int sign = random.nextInt(2) << 15;
        return sign
                | switch (random.nextInt(6)) {
                    case 0 -> random.nextInt(0x8000);
                    case 1 -> EXPONENTS[random.nextInt(EXPONENTS.length)];
                    default -> 0x3FFF + random.nextInt(-70, 71);
                };
    }

    /// An exponent near another one, near its negative, or of its own.
    int signExponentNear(int other) {
        int e = other & 0x7FFF;
        int near =
                switch (random.nextInt(8)) {
                    case 0, 1, 2 -> e + random.nextInt(-3, 4);
                    case 3 -> e + random.nextInt(-70, 71);
                    case 4 -> 0x7FFE - e + random.nextInt(-70, 71);
                    case 5 -> e - 0x3FFF + random.nextInt(-70, 71);
                    default -> -1;
                };
        return near < 0 || near > 0x7FFF ? signExponent() : near | random.nextInt(2) << 15;
    }

    /// Two registers: any, or special ones.
    Oracle.Case registers(int operation) {
        int ae = signExponent();
        long[] a = maybeSpecial(significand(), ae);
        long[] b = maybeSpecial(significand(), signExponentNear(ae));
        return new Oracle.Case(operation, controlWord(), a[0], a[1], b[0], b[1]);
    }

    private long[] maybeSpecial(long significand, int signExponent) {
        if (random.nextInt(8) != 0) {
            return new long[] {significand, signExponent};
        }
        long[] special = SPECIALS[random.nextInt(SPECIALS.length)];
        return new long[] {special[0], special[1] | random.nextInt(2) << 15};
    }

    long float64() {
        long fraction = pattern() & 0xF_FFFF_FFFF_FFFFL;
        long e =
                switch (random.nextInt(5)) {
                    case 0 -> random.nextInt(0x800);
                    case 1 ->
                            new int[] {0, 1, 2, 0x7FD, 0x7FE, 0x7FF, 0x3FF, 0x380, 0x47F}
                                    [random.nextInt(9)];
                    default -> 0x3FF + random.nextInt(-70, 71);
                };
        return (long) random.nextInt(2) << 63 | e << 52 | fraction;
    }

    int float32() {
        int fraction = (int) (pattern() >>> random.nextInt(41)) & 0x7F_FFFF;
        int e =
                switch (random.nextInt(5)) {
                    case 0 -> random.nextInt(0x100);
                    case 1 -> new int[] {0, 1, 2, 0xFD, 0xFE, 0xFF, 0x7F}[random.nextInt(7)];
                    default -> 0x7F + random.nextInt(-40, 41);
                };
        return random.nextInt(2) << 31 | e << 23 | fraction;
    }

    /// A control word: any rounding and precision, mostly with all exceptions masked.
    int controlWord() {
        int masks = random.nextInt(3) == 0 ? random.nextInt(64) : 63;
        return random.nextInt(4) << 10 | random.nextInt(4) << 8 | 0x40 | masks;
    }

    /// Two float32; the second near the first, often.
    long float32Pair(long near) {
        return Integer.toUnsignedLong(float32Near((int) near))
                | (long) float32Near((int) (near >>> 32)) << 32;
    }

    private int float32Near(int other) {
        return random.nextInt(4) == 0
                ? other + random.nextInt(-2, 3) ^ random.nextInt(2) << 31
                : float32();
    }

    long float64Near(long other) {
        return random.nextInt(4) == 0
                ? other + random.nextInt(-2, 3) ^ (long) random.nextInt(2) << 63
                : float64();
    }

    /// MXCSR: any rounding, DAZ, FTZ and sticky flags, mostly with all exceptions masked.
    int mxcsr() {
        int masks = random.nextInt(8) == 0 ? random.nextInt(64) : 63;
        int flags = random.nextInt(2) == 0 ? 0x20 : random.nextInt(64);
        int mode = random.nextInt(2) == 0 ? 0 : random.nextInt(8) << 13;
        return mode | masks << 7 | (random.nextInt(3) == 0 ? 0x40 : 0) | flags;
    }
}
