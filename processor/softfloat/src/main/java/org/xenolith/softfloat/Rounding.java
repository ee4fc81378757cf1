package org.xenolith.softfloat;

import static org.xenolith.softfloat.FloatFlags.OVERFLOW;
import static org.xenolith.softfloat.FloatFlags.PRECISION;
import static org.xenolith.softfloat.FloatFlags.UNDERFLOW;

/// **Hot path.** Rounds an [Unrounded] number to a format or to an integer and finds overflow,
/// underflow (after rounding, as x86 does) and inexactness.
final class Rounding {
    static final int NEAREST = 0;
    static final int DOWN = 1;
    static final int UP = 2;
    static final int ZERO = 3;

    /// What an unmasked overflow or underflow in an x87 register is multiplied by, as a power of
    /// two (SDM vol. 1, 8.5.4 and 8.5.5).
    private static final int BIAS_ADJUSTMENT = 24576;

    private static final int BIAS_80 = 16383;

    private Rounding() {}

    /// Whether a magnitude goes up: `odd` is its last kept bit, `rest` the fraction below it.
    static boolean up(int rounding, boolean negative, boolean odd, long rest) {
        return switch (rounding) {
            case NEAREST -> rest < 0 && (rest << 1 != 0 || odd);
            case DOWN -> rest != 0 && negative;
            case UP -> rest != 0 && !negative;
            default -> false;
        };
    }

    /// The fraction below the `precision` high bits, bits beyond 64 made sticky.
    private static long rest(long high, long low, int precision) {
        return precision == 64 ? low : high << precision | (low != 0 ? 1 : 0);
    }

    /// Rounds to `precision` (24, 53 or 64) bits in the range of the extended format and stores the
    /// result in the context. Always gives a result: x87 exceptions found after the computation
    /// leave a biased one.
    static boolean pack80(FpuContext c, int precision) {
        if (c.isZero()) {
            return c.give(c.negative, 0, 0);
        }
        int e = c.exponent + BIAS_80;
        if (e <= 0) {
            return packTiny80(c, precision);
        }
        e += roundSignificand(c, precision);
        if (e >= 0x7FFF) {
            return packHuge80(c, e, precision);
        }
        notePrecision(c);
        return c.give(c.negative, e, c.high);
    }

    /// Rounds `high:low` to `precision` bits in place; returns the carry into the exponent.
    private static int roundSignificand(Unrounded u, int precision) {
        long unit = 1L << (64 - precision);
        long kept = u.high & -unit;
        long rest = rest(u.high, u.low, precision);
        u.inexact = rest != 0;
        u.roundedUp = up(u.rounding(), u.negative, (kept & unit) != 0, rest);
        u.low = 0;
        u.high = kept;
        if (u.roundedUp) {
            u.high = kept + unit;
            if (u.high == 0) {
                u.high = Long.MIN_VALUE;
                return 1;
            }
        }
        return 0;
    }

    private static void notePrecision(FpuContext c) {
        if (c.inexact) {
            c.flags |= PRECISION | (c.roundedUp ? FloatFlags.C1 : 0);
        }
    }

    private static boolean packHuge80(FpuContext c, int e, int precision) {
        c.flags |= OVERFLOW;
        if (!c.masked(OVERFLOW)) {
            int biased = e - BIAS_ADJUSTMENT;
            if (biased >= 0x7FFF) {
                // Only FSCALE goes so far.
                c.flags |= PRECISION | FloatFlags.C1;
                return c.giveInfinity(c.negative);
            }
            notePrecision(c);
            return c.give(c.negative, biased, c.high);
        }
        c.flags |= PRECISION;
        if (overflowsToInfinity(c.rounding(), c.negative)) {
            c.flags |= FloatFlags.C1;
            return c.giveInfinity(c.negative);
        }
        return c.give(c.negative, 0x7FFE, -(1L << (64 - precision)));
    }

    static boolean overflowsToInfinity(int rounding, boolean negative) {
        return rounding == NEAREST || rounding == (negative ? DOWN : UP);
    }

    private static boolean packTiny80(FpuContext c, int precision) {
        long high = c.high;
        long low = c.low;
        int e = c.exponent + BIAS_80;
        int rounded = e + roundSignificand(c, precision);
        boolean tiny = rounded <= 0;
        if (tiny && !c.masked(UNDERFLOW)) {
            c.flags |= UNDERFLOW;
            int biased = rounded + BIAS_ADJUSTMENT;
            if (biased <= 0) {
                c.flags |= PRECISION;
                return c.giveZero(c.negative);
            }
            notePrecision(c);
            return c.give(c.negative, biased, c.high);
        }
        c.high = high;
        c.low = low;
        shiftRight(c, 1 - e);
        // The unit stays at its place, so a denormal of reduced precision has fewer bits yet.
        roundSignificand(c, precision);
        if (tiny && c.inexact) {
            c.flags |= UNDERFLOW;
        }
        notePrecision(c);
        return c.give(c.negative, c.high < 0 ? 1 : 0, c.high);
    }

    /// Shifts the magnitude right and keeps what falls off as the sticky bit; `n` is positive.
    static void shiftRight(Unrounded u, int n) {
        if (n < 64) {
            boolean lost = u.low << (64 - n) != 0;
            u.low = u.high << (64 - n) | u.low >>> n | (lost ? 1 : 0);
            u.high >>>= n;
        } else if (n < 128) {
            boolean lost = u.low != 0 || (n > 64 && u.high << (128 - n) != 0);
            u.low = u.high >>> (n - 64) | (lost ? 1 : 0);
            u.high = 0;
        } else {
            u.low = 1;
            u.high = 0;
        }
    }

    /// Rounds to a binary interchange format of `fractionBits` (23 or 52) and returns its bits.
    /// `flush` is flush-to-zero, which acts only while underflow is masked.
    static long packBinary(Unrounded u, int fractionBits, boolean flush) {
        long sign = u.negative ? Binary.sign(fractionBits) : 0;
        u.inexact = false;
        u.roundedUp = false;
        if (u.isZero()) {
            return sign;
        }
        int precision = fractionBits + 1;
        int e = u.exponent + Binary.bias(fractionBits);
        if (e <= 0) {
            return sign | packTinyBinary(u, e, fractionBits, flush);
        }
        e += roundSignificand(u, precision);
        if (e > 2 * Binary.bias(fractionBits)) {
            return sign | packHugeBinary(u, fractionBits);
        }
        if (u.inexact) {
            u.flags |= PRECISION;
        }
        return sign | ((long) (e - 1) << fractionBits) + (u.high >>> (64 - precision));
    }

    private static long packHugeBinary(Unrounded u, int fractionBits) {
        u.flags |= OVERFLOW;
        if (u.masked(OVERFLOW) || u.inexact) {
            u.flags |= PRECISION;
        }
        u.roundedUp = overflowsToInfinity(u.rounding(), u.negative);
        u.inexact = true;
        long infinity = Binary.infinity(fractionBits);
        return u.roundedUp ? infinity : infinity - 1;
    }

    private static long packTinyBinary(Unrounded u, int e, int fractionBits, boolean flush) {
        int precision = fractionBits + 1;
        long high = u.high;
        long low = u.low;
        boolean tiny = e + roundSignificand(u, precision) <= 0;
        if (tiny && !u.masked(UNDERFLOW)) {
            u.flags |= UNDERFLOW | (u.inexact ? PRECISION : 0);
            return 0;
        }
        if (tiny && flush) {
            u.flags |= UNDERFLOW | PRECISION;
            return 0;
        }
        u.high = high;
        u.low = low;
        shiftRight(u, 1 - e);
        roundSignificand(u, precision);
        if (u.inexact) {
            u.flags |= PRECISION | (tiny ? UNDERFLOW : 0);
        }
        return u.high >>> (64 - precision);
    }

    /// Rounds to an integer below 2^64 and returns its magnitude; the exponent must be below 64.
    static long integer(Unrounded u, int rounding) {
        int n = 63 - u.exponent;
        long magnitude;
        long rest;
        if (n == 0) {
            magnitude = u.high;
            rest = u.low;
        } else if (n < 64) {
            magnitude = u.high >>> n;
            rest = u.high << (64 - n) | (u.low != 0 ? 1 : 0);
        } else if (n == 64) {
            magnitude = 0;
            rest = u.high | (u.low != 0 ? 1 : 0);
        } else {
            magnitude = 0;
            rest = u.isZero() ? 0 : 1;
        }
        u.inexact = rest != 0;
        u.roundedUp = up(rounding, u.negative, (magnitude & 1) != 0, rest);
        return u.roundedUp ? magnitude + 1 : magnitude;
    }
}
