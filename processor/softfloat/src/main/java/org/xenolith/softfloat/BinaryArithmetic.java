package org.xenolith.softfloat;

import static org.xenolith.softfloat.Binary.isNan;
import static org.xenolith.softfloat.Binary.isNegative;
import static org.xenolith.softfloat.Binary.isSignaling;
import static org.xenolith.softfloat.Binary.isZero;

/// **Hot path.** SSE arithmetic on either interchange format: the exact way, which every case may
/// take. `f` is the number of fraction bits (23 or 52). Flags collect in the context, whether
/// masked or not; a result found beside an unmasked one is never written.
final class BinaryArithmetic {
    private BinaryArithmetic() {}

    /// An operand that is not a NaN: denormals become zeros if MXCSR says so, else are noted.
    private static long operand(Mxcsr m, int f, long bits) {
        if (!Binary.isDenormal(bits, f)) {
            return bits;
        }
        if (m.denormalsAreZeros()) {
            return bits & Binary.sign(f);
        }
        m.flags |= FloatFlags.DENORMAL;
        return bits;
    }

    static void load(Mxcsr m, int f, long bits) {
        m.set(
                isNegative(bits, f),
                isZero(bits, f) ? 0 : Binary.exponent(bits, f),
                Binary.significand(bits, f),
                0);
    }

    private static long invalid(Mxcsr m, int f) {
        m.flags |= FloatFlags.INVALID;
        return Binary.defaultNan(f);
    }

    private static long pack(Mxcsr m, int f) {
        return Rounding.packBinary(m, f, m.flushToZero());
    }

    /// The result when `a` or `b` is a NaN (SDM vol. 1, table 4-7): the first that is one, quiet.
    private static long nan(Mxcsr m, int f, long a, long b) {
        if (isSignaling(a, f) || isSignaling(b, f)) {
            m.flags |= FloatFlags.INVALID;
        }
        return Binary.quiet(isNan(a, f) ? a : b, f);
    }

    static long add(Mxcsr m, int f, long a, long b) {
        return sum(m, f, a, b, 0);
    }

    static long subtract(Mxcsr m, int f, long a, long b) {
        return sum(m, f, a, b, Binary.sign(f));
    }

    private static long sum(Mxcsr m, int f, long a, long b, long flip) {
        if (isNan(a, f) || isNan(b, f)) {
            return nan(m, f, a, b);
        }
        long left = operand(m, f, a);
        long right = operand(m, f, b) ^ flip;
        if (!Binary.isFinite(left, f)) {
            return !Binary.isFinite(right, f) && left != right ? invalid(m, f) : left;
        }
        if (!Binary.isFinite(right, f)) {
            return right;
        }
        if (isZero(left, f) || isZero(right, f)) {
            if (isZero(left, f) && isZero(right, f)) {
                return left == right ? left : signedZero(m, f);
            }
            load(m, f, isZero(left, f) ? right : left);
        } else {
            Kernel.add(
                    m,
                    isNegative(left, f),
                    Binary.exponent(left, f),
                    Binary.significand(left, f),
                    isNegative(right, f),
                    Binary.exponent(right, f),
                    Binary.significand(right, f));
            if (m.isZero()) {
                return signedZero(m, f);
            }
        }
        return pack(m, f);
    }

    /// The zero that a sum of opposites is.
    private static long signedZero(Mxcsr m, int f) {
        return m.rounding() == Rounding.DOWN ? Binary.sign(f) : 0;
    }

    static long multiply(Mxcsr m, int f, long a, long b) {
        if (isNan(a, f) || isNan(b, f)) {
            return nan(m, f, a, b);
        }
        long left = operand(m, f, a);
        long right = operand(m, f, b);
        long sign = (left ^ right) & Binary.sign(f);
        boolean zero = isZero(left, f) || isZero(right, f);
        if (!Binary.isFinite(left, f) || !Binary.isFinite(right, f)) {
            return zero ? invalid(m, f) : sign | Binary.infinity(f);
        }
        if (zero) {
            return sign;
        }
        Kernel.multiply(
                m,
                sign != 0,
                Binary.exponent(left, f),
                Binary.significand(left, f),
                Binary.exponent(right, f),
                Binary.significand(right, f));
        return pack(m, f);
    }

    static long divide(Mxcsr m, int f, long a, long b) {
        if (isNan(a, f) || isNan(b, f)) {
            return nan(m, f, a, b);
        }
        int before = m.flags;
        long left = operand(m, f, a);
        long right = operand(m, f, b);
        long sign = (left ^ right) & Binary.sign(f);
        if (!Binary.isFinite(left, f)) {
            return Binary.isFinite(right, f) ? sign | Binary.infinity(f) : invalid(m, f);
        }
        if (isZero(right, f)) {
            if (isZero(left, f)) {
                return invalid(m, f);
            }
            // Division by zero comes before a denormal operand.
            m.flags = before | FloatFlags.DIVIDE_BY_ZERO;
            return sign | Binary.infinity(f);
        }
        if (isZero(left, f) || !Binary.isFinite(right, f)) {
            return sign;
        }
        Kernel.divide(
                m,
                sign != 0,
                Binary.exponent(left, f),
                Binary.significand(left, f),
                Binary.exponent(right, f),
                Binary.significand(right, f));
        return pack(m, f);
    }

    static long squareRoot(Mxcsr m, int f, long a) {
        if (isNan(a, f)) {
            return nan(m, f, a, a);
        }
        int before = m.flags;
        long x = operand(m, f, a);
        if (isZero(x, f)) {
            return x;
        }
        if (isNegative(x, f)) {
            m.flags = before;
            return invalid(m, f);
        }
        if (!Binary.isFinite(x, f)) {
            return x;
        }
        Kernel.squareRoot(m, Binary.exponent(x, f), Binary.significand(x, f));
        return pack(m, f);
    }

    /// MIN and MAX: the second operand if one is a NaN or both are zeros.
    static long select(Mxcsr m, int f, long a, long b, boolean greater) {
        if (isNan(a, f) || isNan(b, f)) {
            m.flags |= FloatFlags.INVALID;
            return m.denormalsAreZeros() && Binary.isDenormal(b, f) ? b & Binary.sign(f) : b;
        }
        long left = operand(m, f, a);
        long right = operand(m, f, b);
        int order = order(left, right, f);
        return (greater ? order > 0 : order < 0) ? left : right;
    }

    /// -1, 0 or 1 as the first number is below, equal to or above the second.
    static int order(long a, long b, int f) {
        return Long.compare(ordinal(a, f), ordinal(b, f));
    }

    private static long ordinal(long bits, int f) {
        long magnitude = bits & ~Binary.sign(f);
        return isNegative(bits, f) ? -magnitude : magnitude;
    }

    /// CMPxx: predicate 0 equal, 1 less, 2 less or equal, 3 unordered; 4 to 7 their negations.
    static boolean compare(Mxcsr m, int f, long a, long b, int predicate) {
        int kind = predicate & 3;
        boolean negated = (predicate & 4) != 0;
        if (isNan(a, f) || isNan(b, f)) {
            if (kind == 1 || kind == 2 || isSignaling(a, f) || isSignaling(b, f)) {
                m.flags |= FloatFlags.INVALID;
            }
            return (kind == 3) != negated;
        }
        int order = order(operand(m, f, a), operand(m, f, b), f);
        boolean holds =
                switch (kind) {
                    case 0 -> order == 0;
                    case 1 -> order < 0;
                    case 2 -> order <= 0;
                    default -> false;
                };
        return holds != negated;
    }

    /// COMISx and UCOMISx: ZF, PF and CF at their places in EFLAGS.
    static int compareFlags(Mxcsr m, int f, long a, long b, boolean quiet) {
        if (isNan(a, f) || isNan(b, f)) {
            if (!quiet || isSignaling(a, f) || isSignaling(b, f)) {
                m.flags |= FloatFlags.INVALID;
            }
            return 0x45;
        }
        int order = order(operand(m, f, a), operand(m, f, b), f);
        return order > 0 ? 0 : order < 0 ? 0x01 : 0x40;
    }

    /// ROUNDxx: `control` bits 0 and 1 are the mode, bit 2 takes MXCSR's, bit 3 hides inexactness.
    static long round(Mxcsr m, int f, long a, int control) {
        if (isNan(a, f)) {
            return nan(m, f, a, a);
        }
        boolean flushed = m.denormalsAreZeros() && Binary.isDenormal(a, f);
        long x = flushed ? a & Binary.sign(f) : a;
        if (isZero(x, f) || !Binary.isFinite(x, f) || Binary.exponent(x, f) >= f) {
            return x;
        }
        load(m, f, x);
        long magnitude = Rounding.integer(m, (control & 4) != 0 ? m.rounding() : control & 3);
        if (m.inexact && (control & 8) == 0) {
            m.flags |= FloatFlags.PRECISION;
        }
        long sign = x & Binary.sign(f);
        if (magnitude == 0) {
            return sign;
        }
        int lead = Long.numberOfLeadingZeros(magnitude);
        long fraction = Binary.fraction(magnitude << lead >>> (63 - f), f);
        return sign | (long) (63 - lead + Binary.bias(f)) << f | fraction;
    }

    /// To a signed integer of `bits` 32 or 64; the integer indefinite and IE if it does not fit.
    static long toInteger(Mxcsr m, int f, long a, int bits, boolean truncate) {
        long indefinite = -1L << (bits - 1);
        if (isNan(a, f) || !Binary.isFinite(a, f)) {
            m.flags |= FloatFlags.INVALID;
            return indefinite;
        }
        boolean flushed = m.denormalsAreZeros() && Binary.isDenormal(a, f);
        if (isZero(a, f) || flushed) {
            return 0;
        }
        load(m, f, a);
        if (m.exponent > bits - 1) {
            m.flags |= FloatFlags.INVALID;
            return indefinite;
        }
        long magnitude = Rounding.integer(m, truncate ? Rounding.ZERO : m.rounding());
        long limit = m.negative ? 1L << (bits - 1) : (1L << (bits - 1)) - 1;
        if (Long.compareUnsigned(magnitude, limit) > 0) {
            m.flags |= FloatFlags.INVALID;
            return indefinite;
        }
        if (m.inexact) {
            m.flags |= FloatFlags.PRECISION;
        }
        return m.negative ? -magnitude : magnitude;
    }

    static long fromInteger(Mxcsr m, int f, long value) {
        if (value == 0) {
            return 0;
        }
        long magnitude = Math.abs(value);
        int lead = Long.numberOfLeadingZeros(magnitude);
        m.set(value < 0, 63 - lead, magnitude << lead, 0);
        return pack(m, f);
    }

    /// From one format to the other.
    static long convert(Mxcsr m, int from, int to, long a) {
        long sign = isNegative(a, from) ? Binary.sign(to) : 0;
        if (isNan(a, from)) {
            if (isSignaling(a, from)) {
                m.flags |= FloatFlags.INVALID;
            }
            return sign | nanPayload(Binary.fraction(a, from), from, to);
        }
        long x = operand(m, from, a);
        if (isZero(x, from)) {
            return sign;
        }
        if (!Binary.isFinite(x, from)) {
            return sign | Binary.infinity(to);
        }
        load(m, from, x);
        return pack(m, to);
    }

    private static long nanPayload(long fraction, int from, int to) {
        long moved = to > from ? fraction << (to - from) : fraction >>> (from - to);
        return Binary.quiet(Binary.infinity(to) | moved, to);
    }
}
