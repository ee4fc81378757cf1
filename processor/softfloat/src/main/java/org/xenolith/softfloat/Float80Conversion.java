package org.xenolith.softfloat;

/// **Hot path.** Loads and stores of the x87 in all formats but its own (which raises nothing and
/// needs no arithmetic). Stores leave their value in [FpuContext#integer].
public final class Float80Conversion {
    private static final long DECIMAL_MAX = 999_999_999_999_999_999L;

    private Float80Conversion() {}

    /// FLD m32fp.
    public static boolean loadFloat32(FpuContext c, int bits) {
        long wide = Integer.toUnsignedLong(bits);
        return load(
                c,
                Float80.widen32Significand(bits),
                Float80.widen32SignExponent(bits),
                Binary.isDenormal(wide, 23));
    }

    /// FLD m64fp.
    public static boolean loadFloat64(FpuContext c, long bits) {
        return load(
                c,
                Float80.widen64Significand(bits),
                Float80.widen64SignExponent(bits),
                Binary.isDenormal(bits, 52));
    }

    private static boolean load(FpuContext c, long significand, int se, boolean denormal) {
        c.begin();
        if (denormal) {
            // Loaded even if that is not masked.
            c.raise(FloatFlags.DENORMAL);
            return c.give(significand, se);
        }
        if (Float80.classify(significand, se) == Float80.SIGNALING_NAN) {
            return c.raise(FloatFlags.INVALID) && c.give(Float80.quiet(significand), se);
        }
        return c.give(significand, se);
    }

    /// FILD of any width.
    public static boolean loadInteger(FpuContext c, long value) {
        c.begin();
        return c.give(Float80.integerSignificand(value), Float80.integerSignExponent(value));
    }

    /// FBLD: `low` holds 16 digits, `high` two more and the sign in bit 15. Digits above 9 count
    /// what they are worth.
    public static boolean loadDecimal(FpuContext c, long low, int high) {
        c.begin();
        long value = (high >>> 4 & 15) * 10 + (high & 15);
        for (int shift = 60; shift >= 0; shift -= 4) {
            value = value * 10 + (low >>> shift & 15);
        }
        int sign = high & 0x8000;
        return c.give(Float80.integerSignificand(value), Float80.integerSignExponent(value) | sign);
    }

    /// FST m32fp.
    public static boolean storeFloat32(FpuContext c, long significand, int signExponent) {
        return storeBinary(c, significand, signExponent, 23);
    }

    /// FST m64fp.
    public static boolean storeFloat64(FpuContext c, long significand, int signExponent) {
        return storeBinary(c, significand, signExponent, 52);
    }

    private static boolean storeBinary(FpuContext c, long significand, int se, int f) {
        c.begin();
        long sign = Float80.isNegative(se) ? Binary.sign(f) : 0;
        switch (Float80.classify(significand, se)) {
            case Float80.ZERO -> c.integer = sign;
            case Float80.INFINITY -> c.integer = sign | Binary.infinity(f);
            case Float80.NORMAL, Float80.DENORMAL -> {
                c.load(significand, se);
                c.integer = Rounding.packBinary(c, f, false);
                int refusing = c.flags & (FloatFlags.OVERFLOW | FloatFlags.UNDERFLOW) & ~c.masks();
                if (refusing != 0) {
                    c.flags = refusing;
                    return false;
                }
                if (c.roundedUp) {
                    c.flags |= FloatFlags.C1;
                }
            }
            case Float80.UNSUPPORTED -> {
                c.integer = Binary.defaultNan(f);
                return c.raise(FloatFlags.INVALID);
            }
            default -> {
                long payload = Binary.fraction(significand >>> (63 - f), f);
                c.integer = Binary.quiet(sign | Binary.infinity(f) | payload, f);
                boolean signaling = Float80.classify(significand, se) == Float80.SIGNALING_NAN;
                return !signaling || c.raise(FloatFlags.INVALID);
            }
        }
        return true;
    }

    /// FIST to `bits` 16, 32 or 64, or FISTTP if `truncate`. What does not fit is the integer
    /// indefinite, and invalid.
    public static boolean storeInteger(
            FpuContext c, long significand, int signExponent, int bits, boolean truncate) {
        c.begin();
        long limit = (1L << (bits - 1)) - 1;
        c.integer = ~limit;
        int rounding = truncate ? Rounding.ZERO : c.rounding();
        return roundToInteger(c, significand, signExponent, limit, 1, rounding);
    }

    /// FBSTP: 80 bits of packed decimal in [FpuContext#significand] and [FpuContext#signExponent].
    public static boolean storeDecimal(FpuContext c, long significand, int signExponent) {
        c.begin();
        c.integer = Long.MIN_VALUE;
        if (!roundToInteger(c, significand, signExponent, DECIMAL_MAX, 0, c.rounding())) {
            return false;
        }
        if (c.integer == Long.MIN_VALUE) {
            // The "packed BCD indefinite" (SDM vol. 1, 4.7).
            return c.give(Float80.DEFAULT_NAN, 0xFFFF);
        }
        long rest = Math.abs(c.integer);
        long low = 0;
        for (int shift = 0; shift < 64; shift += 4) {
            low |= rest % 10 << shift;
            rest /= 10;
        }
        return c.give(low, signExponent & 0x8000 | (int) (rest / 10) << 4 | (int) (rest % 10));
    }

    /// Rounds to an integer from `-limit - extra` to `limit` in [FpuContext#integer], which keeps
    /// its value if that fails.
    private static boolean roundToInteger(
            FpuContext c, long significand, int se, long limit, int extra, int rounding) {
        int kind = Float80.classify(significand, se);
        if (kind == Float80.ZERO) {
            c.integer = 0;
            return true;
        }
        if (kind >= Float80.INFINITY) {
            return c.raise(FloatFlags.INVALID);
        }
        c.load(significand, se);
        if (c.exponent > 63) {
            return c.raise(FloatFlags.INVALID);
        }
        long magnitude = Rounding.integer(c, rounding);
        if (Long.compareUnsigned(magnitude, c.negative ? limit + extra : limit) > 0) {
            return c.raise(FloatFlags.INVALID);
        }
        c.integer = c.negative ? -magnitude : magnitude;
        if (c.inexact) {
            c.flags |= FloatFlags.PRECISION | (c.roundedUp ? FloatFlags.C1 : 0);
        }
        return true;
    }
}
