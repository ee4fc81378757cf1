package org.xenolith.softfloat;

/// **Hot path.** SSE operations on Float64 values, given and returned as their bits.
///
/// The quick way of the arithmetic is Java's own: if every exception is masked, rounding is to the
/// nearest and PE is set already ([Mxcsr#plain]), an operation on zeros and normal numbers with a
/// normal result above the smallest can change no bit of MXCSR, and IEEE 754 leaves no freedom for
/// the result (JLS 15.4: strict since Java 17). All else goes through [BinaryArithmetic].
public final class Float64 {
    private static final int F = 52;

    /// Twice the bits of the smallest normal number.
    private static final long SMALLEST = 1L << 53;

    /// Twice the bits of infinity, less [#SMALLEST].
    private static final long SPAN = 0x7FEL << 53;

    private Float64() {}

    /// Zero or normal: an operand that raises nothing by itself.
    private static boolean ordinary(long a) {
        long twice = a << 1;
        return twice == 0 || Long.compareUnsigned(twice - SMALLEST, SPAN) < 0;
    }

    /// Normal and not the smallest: a result that tells of no overflow or underflow.
    private static boolean safe(long a) {
        return Long.compareUnsigned((a << 1) - SMALLEST - 1, SPAN - 1) < 0;
    }

    // Quick forms: what the operations below do while MXCSR is plain, and whether it is all.

    public static long quickSum(long a, long b) {
        return bits(number(a) + number(b));
    }

    public static boolean isQuickSum(long a, long b) {
        return ordinary(a) && ordinary(b) && isSafeOrZero(quickSum(a, b));
    }

    public static long quickDifference(long a, long b) {
        return bits(number(a) - number(b));
    }

    public static boolean isQuickDifference(long a, long b) {
        return ordinary(a) && ordinary(b) && isSafeOrZero(quickDifference(a, b));
    }

    public static long quickProduct(long a, long b) {
        return bits(number(a) * number(b));
    }

    public static boolean isQuickProduct(long a, long b) {
        return ordinary(a) && ordinary(b) && safe(quickProduct(a, b));
    }

    public static long quickQuotient(long a, long b) {
        return bits(number(a) / number(b));
    }

    public static boolean isQuickQuotient(long a, long b) {
        return ordinary(a) && ordinary(b) && safe(quickQuotient(a, b));
    }

    public static long quickRoot(long a) {
        return bits(Math.sqrt(number(a)));
    }

    public static boolean isQuickRoot(long a) {
        return ordinary(a) && a >= 0;
    }

    public static long quickOrder(long a, long b) {
        return order(number(a), number(b));
    }

    public static boolean isQuickOrder(long a, long b) {
        return ordinary(a) && ordinary(b);
    }

    public static boolean isQuickTruncation(long a, double limit) {
        return ordinary(a) && Math.abs(number(a)) < limit;
    }

    public static long quickTruncation(long a) {
        return (long) number(a);
    }

    public static boolean isQuickInteger(long value) {
        return Math.abs(value) <= 1L << F && value != Long.MIN_VALUE;
    }

    public static long quickInteger(long value) {
        return bits(value);
    }

    /// A sum or difference of ordinary numbers is zero only if that is exact.
    private static boolean isSafeOrZero(long a) {
        return safe(a) || a << 1 == 0;
    }

    private static double number(long a) {
        return Double.longBitsToDouble(a);
    }

    private static long bits(double a) {
        return Double.doubleToRawLongBits(a);
    }

    /// ADDSx.
    public static long add(long a, long b, Mxcsr m) {
        long sum = bits(number(a) + number(b));
        return m.plain() && ordinary(a) && ordinary(b) && safe(sum)
                ? sum
                : BinaryArithmetic.add(m, F, a, b);
    }

    /// SUBSx.
    public static long subtract(long a, long b, Mxcsr m) {
        long difference = bits(number(a) - number(b));
        return m.plain() && ordinary(a) && ordinary(b) && safe(difference)
                ? difference
                : BinaryArithmetic.subtract(m, F, a, b);
    }

    /// MULSx.
    public static long multiply(long a, long b, Mxcsr m) {
        long product = bits(number(a) * number(b));
        return m.plain() && ordinary(a) && ordinary(b) && safe(product)
                ? product
                : BinaryArithmetic.multiply(m, F, a, b);
    }

    /// DIVSx.
    public static long divide(long a, long b, Mxcsr m) {
        long quotient = bits(number(a) / number(b));
        return m.plain() && ordinary(a) && ordinary(b) && safe(quotient)
                ? quotient
                : BinaryArithmetic.divide(m, F, a, b);
    }

    /// SQRTSx.
    public static long squareRoot(long a, Mxcsr m) {
        if (m.plain() && ordinary(a) && a >= 0) {
            return bits(Math.sqrt(number(a)));
        }
        return BinaryArithmetic.squareRoot(m, F, a);
    }

    /// MINSx: the second operand if one is a NaN or both are zeros.
    public static long minimum(long a, long b, Mxcsr m) {
        if (ordinary(a) && ordinary(b)) {
            return number(a) < number(b) ? a : b;
        }
        return BinaryArithmetic.select(m, F, a, b, false);
    }

    /// MAXSx: the second operand if one is a NaN or both are zeros.
    public static long maximum(long a, long b, Mxcsr m) {
        if (ordinary(a) && ordinary(b)) {
            return number(a) > number(b) ? a : b;
        }
        return BinaryArithmetic.select(m, F, a, b, true);
    }

    /// CMPSx: all ones if the predicate (0 to 7) holds, else zero.
    public static long compare(long a, long b, int predicate, Mxcsr m) {
        return BinaryArithmetic.compare(m, F, a, b, predicate) ? -1 : 0;
    }

    /// CF for less, ZF for equal, at their places in EFLAGS.
    private static int order(double a, double b) {
        return a > b ? 0 : a < b ? 0x01 : 0x40;
    }

    /// COMISx: ZF, PF and CF at their places in EFLAGS; OF, SF and AF become 0.
    public static int compareOrdered(long a, long b, Mxcsr m) {
        return ordinary(a) && ordinary(b)
                ? order(number(a), number(b))
                : BinaryArithmetic.compareFlags(m, F, a, b, false);
    }

    /// UCOMISx: as [#compareOrdered], but a quiet NaN is not invalid.
    public static int compareUnordered(long a, long b, Mxcsr m) {
        return ordinary(a) && ordinary(b)
                ? order(number(a), number(b))
                : BinaryArithmetic.compareFlags(m, F, a, b, true);
    }

    /// ROUNDSx with the low four bits of its immediate.
    public static long round(long a, int control, Mxcsr m) {
        return BinaryArithmetic.round(m, F, a, control);
    }

    /// CVTSx2SI to 32 bits.
    public static int toInt32(long a, Mxcsr m) {
        return (int) BinaryArithmetic.toInteger(m, F, a, 32, false);
    }

    /// CVTSx2SI to 64 bits.
    public static long toInt64(long a, Mxcsr m) {
        return BinaryArithmetic.toInteger(m, F, a, 64, false);
    }

    /// CVTTSx2SI to 32 bits.
    public static int truncateToInt32(long a, Mxcsr m) {
        if (ordinary(a) && Math.abs(number(a)) < 0x1p31) {
            int integer = (int) number(a);
            if (integer != number(a)) {
                m.flags |= FloatFlags.PRECISION;
            }
            return integer;
        }
        return (int) BinaryArithmetic.toInteger(m, F, a, 32, true);
    }

    /// CVTTSx2SI to 64 bits.
    public static long truncateToInt64(long a, Mxcsr m) {
        if (ordinary(a) && Math.abs(number(a)) < 0x1p63) {
            long integer = (long) number(a);
            if (integer != number(a)) {
                m.flags |= FloatFlags.PRECISION;
            }
            return integer;
        }
        return BinaryArithmetic.toInteger(m, F, a, 64, true);
    }

    /// CVTSI2Sx from 32 or 64 bits.
    public static long fromInteger(long value, Mxcsr m) {
        if (Math.abs(value) <= 1L << F && value != Long.MIN_VALUE) {
            return bits(value);
        }
        return BinaryArithmetic.fromInteger(m, F, value);
    }

    /// CVTSD2SS: the bits of a float32.
    public static int toFloat32(long a, Mxcsr m) {
        if (m.plain() && ordinary(a)) {
            float converted = (float) number(a);
            if (Math.abs(converted) > Float.MIN_NORMAL && Math.abs(converted) <= Float.MAX_VALUE) {
                return Float.floatToRawIntBits(converted);
            }
        }
        return (int) BinaryArithmetic.convert(m, F, 23, a);
    }
}
