package org.xenolith.softfloat;

/// **Hot path.** SSE operations on Float32 values, given and returned as their bits.
///
/// The quick way of the arithmetic is Java's own: if every exception is masked, rounding is to the
/// nearest and PE is set already ([Mxcsr#plain]), an operation on zeros and normal numbers with a
/// normal result above the smallest can change no bit of MXCSR, and IEEE 754 leaves no freedom for
/// the result (JLS 15.4: strict since Java 17). All else goes through [BinaryArithmetic].
public final class Float32 {
    private static final int F = 23;

    /// Twice the bits of the smallest normal number.
    private static final int SMALLEST = 1 << 24;

    /// Twice the bits of infinity, less [#SMALLEST].
    private static final int SPAN = 0xFE << 24;

    private Float32() {}

    /// Zero or normal: an operand that raises nothing by itself.
    private static boolean ordinary(int a) {
        int twice = a << 1;
        return twice == 0 || Integer.compareUnsigned(twice - SMALLEST, SPAN) < 0;
    }

    /// Normal and not the smallest: a result that tells of no overflow or underflow.
    private static boolean safe(int a) {
        return Integer.compareUnsigned((a << 1) - SMALLEST - 1, SPAN - 1) < 0;
    }

    // Quick forms: what the operations below do while MXCSR is plain, and whether it is all.

    public static int quickSum(int a, int b) {
        return bits(number(a) + number(b));
    }

    public static boolean isQuickSum(int a, int b) {
        return ordinary(a) && ordinary(b) && isSafeOrZero(quickSum(a, b));
    }

    public static int quickDifference(int a, int b) {
        return bits(number(a) - number(b));
    }

    public static boolean isQuickDifference(int a, int b) {
        return ordinary(a) && ordinary(b) && isSafeOrZero(quickDifference(a, b));
    }

    public static int quickProduct(int a, int b) {
        return bits(number(a) * number(b));
    }

    public static boolean isQuickProduct(int a, int b) {
        return ordinary(a) && ordinary(b) && safe(quickProduct(a, b));
    }

    public static int quickQuotient(int a, int b) {
        return bits(number(a) / number(b));
    }

    public static boolean isQuickQuotient(int a, int b) {
        return ordinary(a) && ordinary(b) && safe(quickQuotient(a, b));
    }

    /// A sum or difference of ordinary numbers is zero only if that is exact.
    private static boolean isSafeOrZero(int a) {
        return safe(a) || a << 1 == 0;
    }

    private static float number(int a) {
        return Float.intBitsToFloat(a);
    }

    private static int bits(float a) {
        return Float.floatToRawIntBits(a);
    }

    private static long wide(int a) {
        return Integer.toUnsignedLong(a);
    }

    /// ADDSx.
    public static int add(int a, int b, Mxcsr m) {
        int sum = bits(number(a) + number(b));
        return m.plain() && ordinary(a) && ordinary(b) && safe(sum)
                ? sum
                : (int) BinaryArithmetic.add(m, F, wide(a), wide(b));
    }

    /// SUBSx.
    public static int subtract(int a, int b, Mxcsr m) {
        int difference = bits(number(a) - number(b));
        return m.plain() && ordinary(a) && ordinary(b) && safe(difference)
                ? difference
                : (int) BinaryArithmetic.subtract(m, F, wide(a), wide(b));
    }

    /// MULSx.
    public static int multiply(int a, int b, Mxcsr m) {
        int product = bits(number(a) * number(b));
        return m.plain() && ordinary(a) && ordinary(b) && safe(product)
                ? product
                : (int) BinaryArithmetic.multiply(m, F, wide(a), wide(b));
    }

    /// DIVSx.
    public static int divide(int a, int b, Mxcsr m) {
        int quotient = bits(number(a) / number(b));
        return m.plain() && ordinary(a) && ordinary(b) && safe(quotient)
                ? quotient
                : (int) BinaryArithmetic.divide(m, F, wide(a), wide(b));
    }

    /// SQRTSx.
    public static int squareRoot(int a, Mxcsr m) {
        if (m.plain() && ordinary(a) && a >= 0) {
            return bits((float) Math.sqrt(number(a)));
        }
        return (int) BinaryArithmetic.squareRoot(m, F, wide(a));
    }

    /// MINSx: the second operand if one is a NaN or both are zeros.
    public static int minimum(int a, int b, Mxcsr m) {
        if (ordinary(a) && ordinary(b)) {
            return number(a) < number(b) ? a : b;
        }
        return (int) BinaryArithmetic.select(m, F, wide(a), wide(b), false);
    }

    /// MAXSx: the second operand if one is a NaN or both are zeros.
    public static int maximum(int a, int b, Mxcsr m) {
        if (ordinary(a) && ordinary(b)) {
            return number(a) > number(b) ? a : b;
        }
        return (int) BinaryArithmetic.select(m, F, wide(a), wide(b), true);
    }

    /// CMPSx: all ones if the predicate (0 to 7) holds, else zero.
    public static int compare(int a, int b, int predicate, Mxcsr m) {
        return BinaryArithmetic.compare(m, F, wide(a), wide(b), predicate) ? -1 : 0;
    }

    /// CF for less, ZF for equal, at their places in EFLAGS.
    private static int order(float a, float b) {
        return a > b ? 0 : a < b ? 0x01 : 0x40;
    }

    /// COMISx: ZF, PF and CF at their places in EFLAGS; OF, SF and AF become 0.
    public static int compareOrdered(int a, int b, Mxcsr m) {
        return ordinary(a) && ordinary(b)
                ? order(number(a), number(b))
                : BinaryArithmetic.compareFlags(m, F, wide(a), wide(b), false);
    }

    /// UCOMISx: as [#compareOrdered], but a quiet NaN is not invalid.
    public static int compareUnordered(int a, int b, Mxcsr m) {
        return ordinary(a) && ordinary(b)
                ? order(number(a), number(b))
                : BinaryArithmetic.compareFlags(m, F, wide(a), wide(b), true);
    }

    /// ROUNDSx with the low four bits of its immediate.
    public static int round(int a, int control, Mxcsr m) {
        return (int) BinaryArithmetic.round(m, F, wide(a), control);
    }

    /// CVTSx2SI to 32 bits.
    public static int toInt32(int a, Mxcsr m) {
        return (int) BinaryArithmetic.toInteger(m, F, wide(a), 32, false);
    }

    /// CVTSx2SI to 64 bits.
    public static long toInt64(int a, Mxcsr m) {
        return BinaryArithmetic.toInteger(m, F, wide(a), 64, false);
    }

    /// CVTTSx2SI to 32 bits.
    public static int truncateToInt32(int a, Mxcsr m) {
        if (ordinary(a) && Math.abs(number(a)) < 0x1p31f) {
            int integer = (int) number(a);
            if (integer != number(a)) {
                m.flags |= FloatFlags.PRECISION;
            }
            return integer;
        }
        return (int) BinaryArithmetic.toInteger(m, F, wide(a), 32, true);
    }

    /// CVTTSx2SI to 64 bits.
    public static long truncateToInt64(int a, Mxcsr m) {
        if (ordinary(a) && Math.abs(number(a)) < 0x1p63f) {
            long integer = (long) number(a);
            if (integer != number(a)) {
                m.flags |= FloatFlags.PRECISION;
            }
            return integer;
        }
        return BinaryArithmetic.toInteger(m, F, wide(a), 64, true);
    }

    /// CVTSI2Sx from 32 or 64 bits.
    public static int fromInteger(long value, Mxcsr m) {
        if (Math.abs(value) <= 1L << F && value != Long.MIN_VALUE) {
            return bits(value);
        }
        return (int) BinaryArithmetic.fromInteger(m, F, value);
    }

    /// CVTSS2SD: the bits of a float64.
    public static long toFloat64(int a, Mxcsr m) {
        if (ordinary(a)) {
            return Double.doubleToRawLongBits(number(a));
        }
        return BinaryArithmetic.convert(m, F, 52, wide(a));
    }

    /// RCPSS: one over the number, to 12 significant bits (relative error below 1.5 · 2^-12, SDM
    /// vol. 2, RCPSS; which bits beyond that is a matter of the processor's model). Raises nothing;
    /// takes denormals and gives tiny results as zeros.
    public static int approximateReciprocal(int a) {
        return approximate(a, 1.0 / number(a));
    }

    /// RSQRTSS: one over the square root, as [#approximateReciprocal].
    public static int approximateReciprocalRoot(int a) {
        return approximate(a, 1.0 / Math.sqrt(number(a)));
    }

    private static int approximate(int a, double exact) {
        if (Binary.isNan(wide(a), F)) {
            return (int) Binary.quiet(wide(a), F);
        }
        if (a << 1 >>> 24 == 0) {
            return a & Integer.MIN_VALUE | (int) Binary.infinity(F);
        }
        if (Double.isNaN(exact)) {
            return (int) Binary.defaultNan(F);
        }
        float near = (float) exact;
        if (Math.abs(near) < Float.MIN_NORMAL) {
            return a & Integer.MIN_VALUE;
        }
        return bits(near) + 0x800 & 0xFFFF_F000;
    }
}
