package org.xenolith.softfloat;

/// **Hot path.** The x87 extended format (SDM vol. 1, 4.2.2 and 8.2): a 64-bit significand with an
/// explicit integer bit, and 16 bits of sign and biased exponent. Classes, constants, tags and
/// widening, none of which raise exceptions.
public final class Float80 {
    /// Classes of [#classify], in ascending order of trouble.
    public static final int ZERO = 0;

    /// A normal number.
    public static final int NORMAL = 1;

    /// A denormal or pseudo-denormal number.
    public static final int DENORMAL = 2;

    /// An infinity.
    public static final int INFINITY = 3;

    /// A quiet NaN.
    public static final int QUIET_NAN = 4;

    /// A signaling NaN.
    public static final int SIGNALING_NAN = 5;

    /// An encoding that the 387 and later refuse: unnormal, pseudo-infinity, pseudo-NaN.
    public static final int UNSUPPORTED = 6;

    /// Significand of the "real indefinite" NaN; its sign and exponent are FFFF.
    public static final long DEFAULT_NAN = 0xC000_0000_0000_0000L;

    /// Biased exponent of infinities and NaNs.
    public static final int EXPONENT_MAX = 0x7FFF;

    static final int BIAS = 16383;

    private static final long QUIET = 1L << 62;

    // The next bits after these significands decide how each is rounded.
    private static final long PI = 0xC90F_DAA2_2168_C234L;
    private static final long LOG2_E = 0xB8AA_3B29_5C17_F0BBL;
    private static final long LOG2_10 = 0xD49A_784B_CD1B_8AFEL;
    private static final long LOG10_2 = 0x9A20_9A84_FBCF_F798L;
    private static final long LN_2 = 0xB172_17F7_D1CF_79ABL;

    private Float80() {}

    /// The class of a value.
    public static int classify(long significand, int signExponent) {
        int e = signExponent & EXPONENT_MAX;
        if (e == 0) {
            return significand == 0 ? ZERO : DENORMAL;
        }
        if (significand >= 0) {
            return UNSUPPORTED;
        }
        if (e != EXPONENT_MAX) {
            return NORMAL;
        }
        if (significand == Long.MIN_VALUE) {
            return INFINITY;
        }
        return (significand & QUIET) != 0 ? QUIET_NAN : SIGNALING_NAN;
    }

    /// The tag of a register that is not empty: 0 valid, 1 zero, 2 special (SDM vol. 1, 8.1.7).
    public static int tag(long significand, int signExponent) {
        return switch (classify(significand, signExponent)) {
            case NORMAL -> 0;
            case ZERO -> 1;
            default -> 2;
        };
    }

    /// FXAM of a register that is not empty: C0 to C3 at their places in the status word.
    public static int examine(long significand, int signExponent) {
        int code =
                switch (classify(significand, signExponent)) {
                    case ZERO -> FloatFlags.C3;
                    case NORMAL -> FloatFlags.C2;
                    case DENORMAL -> FloatFlags.C3 | FloatFlags.C2;
                    case INFINITY -> FloatFlags.C2 | FloatFlags.C0;
                    case QUIET_NAN, SIGNALING_NAN -> FloatFlags.C0;
                    default -> 0;
                };
        return code | (isNegative(signExponent) ? FloatFlags.C1 : 0);
    }

    static boolean isNegative(int signExponent) {
        return (signExponent & 0x8000) != 0;
    }

    static boolean isNormal(long significand, int signExponent) {
        int e = signExponent & EXPONENT_MAX;
        return significand < 0 && e != 0 && e != EXPONENT_MAX;
    }

    /// Unbiased exponent of a finite non-zero value once its significand is normalized.
    static int exponent(long significand, int signExponent) {
        int e = signExponent & EXPONENT_MAX;
        return e != 0 ? e - BIAS : 1 - BIAS - Long.numberOfLeadingZeros(significand);
    }

    static long normalized(long significand) {
        return significand << Long.numberOfLeadingZeros(significand);
    }

    static long quiet(long significand) {
        return significand | QUIET;
    }

    /// The significand of a float32 in extended format. NaNs keep their kind.
    public static long widen32Significand(int bits) {
        return Binary.significand(Integer.toUnsignedLong(bits), 23);
    }

    /// Sign and exponent of a float32 in extended format.
    public static int widen32SignExponent(int bits) {
        return widenSignExponent(Integer.toUnsignedLong(bits), 23);
    }

    /// The significand of a float64 in extended format. NaNs keep their kind.
    public static long widen64Significand(long bits) {
        return Binary.significand(bits, 52);
    }

    /// Sign and exponent of a float64 in extended format.
    public static int widen64SignExponent(long bits) {
        return widenSignExponent(bits, 52);
    }

    /// The significand of an integer in extended format.
    public static long integerSignificand(long value) {
        return normalized(Math.abs(value));
    }

    /// Sign and exponent of an integer in extended format.
    public static int integerSignExponent(long value) {
        if (value == 0) {
            return 0;
        }
        int e = BIAS + 63 - Long.numberOfLeadingZeros(Math.abs(value));
        return value < 0 ? e | 0x8000 : e;
    }

    private static int widenSignExponent(long bits, int fractionBits) {
        int sign = Binary.isNegative(bits, fractionBits) ? 0x8000 : 0;
        if (Binary.isZero(bits, fractionBits)) {
            return sign;
        }
        return Binary.isFinite(bits, fractionBits)
                ? sign | Binary.exponent(bits, fractionBits) + BIAS
                : sign | EXPONENT_MAX;
    }

    /// FLD1, FLDL2T, FLDL2E, FLDPI, FLDLG2, FLDLN2 and FLDZ in the order of their opcodes (D9 E8 to
    /// D9 EE), rounded as the context says. Raises nothing.
    public static void constant(FpuContext c, int which) {
        boolean up = c.rounding() == Rounding.UP;
        boolean nearestUp = up || c.rounding() == Rounding.NEAREST;
        c.begin();
        switch (which) {
            case 0 -> c.give(Long.MIN_VALUE, 0x3FFF);
            case 1 -> c.give(LOG2_10 + (up ? 1 : 0), 0x4000);
            case 2 -> c.give(LOG2_E + (nearestUp ? 1 : 0), 0x3FFF);
            case 3 -> c.give(PI + (nearestUp ? 1 : 0), 0x4000);
            case 4 -> c.give(LOG10_2 + (nearestUp ? 1 : 0), 0x3FFD);
            case 5 -> c.give(LN_2 + (nearestUp ? 1 : 0), 0x3FFE);
            default -> c.give(0, 0);
        }
    }
}
