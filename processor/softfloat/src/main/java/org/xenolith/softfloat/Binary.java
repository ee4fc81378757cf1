package org.xenolith.softfloat;

/// **Hot path.** Fields of the IEEE binary interchange formats, told apart by their number of
/// fraction bits: 23 (float32, in the low half of a `long`) or 52 (float64).
final class Binary {
    private Binary() {}

    static int bias(int fractionBits) {
        return fractionBits == 52 ? 1023 : 127;
    }

    static long sign(int fractionBits) {
        return fractionBits == 52 ? Long.MIN_VALUE : 0x8000_0000L;
    }

    static long infinity(int fractionBits) {
        return fractionBits == 52 ? 0x7FF0_0000_0000_0000L : 0x7F80_0000L;
    }

    static boolean isNegative(long bits, int fractionBits) {
        return (bits & sign(fractionBits)) != 0;
    }

    static int exponentField(long bits, int fractionBits) {
        return (int) (bits >>> fractionBits) & 2 * bias(fractionBits) + 1;
    }

    static long fraction(long bits, int fractionBits) {
        return bits & (1L << fractionBits) - 1;
    }

    static boolean isDenormal(long bits, int fractionBits) {
        return exponentField(bits, fractionBits) == 0 && fraction(bits, fractionBits) != 0;
    }

    static boolean isNan(long bits, int fractionBits) {
        return (bits & ~sign(fractionBits)) > infinity(fractionBits);
    }

    static boolean isSignaling(long bits, int fractionBits) {
        return isNan(bits, fractionBits) && (bits >>> (fractionBits - 1) & 1) == 0;
    }

    static long quiet(long bits, int fractionBits) {
        return bits | 1L << (fractionBits - 1);
    }

    static boolean isZero(long bits, int fractionBits) {
        return (bits & ~sign(fractionBits)) == 0;
    }

    static boolean isFinite(long bits, int fractionBits) {
        return (bits & ~sign(fractionBits)) < infinity(fractionBits);
    }

    /// The default NaN: negative and quiet.
    static long defaultNan(int fractionBits) {
        return quiet(sign(fractionBits) | infinity(fractionBits), fractionBits);
    }

    /// The significand at 64 bits with its integer bit, normalized; 0 for zero.
    static long significand(long bits, int fractionBits) {
        long fraction = fraction(bits, fractionBits);
        return exponentField(bits, fractionBits) == 0
                ? Float80.normalized(fraction)
                : Long.MIN_VALUE | fraction << (63 - fractionBits);
    }

    /// The unbiased exponent of a finite non-zero number whose significand is normalized.
    static int exponent(long bits, int fractionBits) {
        int e = exponentField(bits, fractionBits);
        if (e != 0) {
            return e - bias(fractionBits);
        }
        long fraction = fraction(bits, fractionBits);
        return 1 - bias(fractionBits) - (Long.numberOfLeadingZeros(fraction) - (63 - fractionBits));
    }
}
