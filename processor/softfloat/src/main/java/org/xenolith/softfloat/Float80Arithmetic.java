package org.xenolith.softfloat;

import org.xenolith.base.Bug;

/// **Hot path.** FADD, FSUB, FMUL, FDIV with their reversed, memory and integer forms, and FSQRT
/// (SDM vol. 1, 8.3.5). Precision control applies to these alone.
///
/// Operations are named by the `reg` field of the opcodes D8, DA, DC and DE.
public final class Float80Arithmetic {
    /// FADD.
    public static final int ADD = 0;

    /// FMUL.
    public static final int MULTIPLY = 1;

    /// FSUB: the first operand less the second.
    public static final int SUBTRACT = 4;

    /// FSUBR: the second operand less the first.
    public static final int SUBTRACT_REVERSED = 5;

    /// FDIV: the first operand by the second.
    public static final int DIVIDE = 6;

    /// FDIVR: the second operand by the first.
    public static final int DIVIDE_REVERSED = 7;

    private Float80Arithmetic() {}

    /// The operation on two registers.
    public static boolean operate(
            FpuContext c, int operation, long a, int aSignExponent, long b, int bSignExponent) {
        return operate(c, operation, a, aSignExponent, b, bSignExponent, false);
    }

    /// The operation on a register and a float32 in memory.
    public static boolean operateFloat32(
            FpuContext c, int operation, long a, int aSignExponent, int bits) {
        return operate(
                c,
                operation,
                a,
                aSignExponent,
                Float80.widen32Significand(bits),
                Float80.widen32SignExponent(bits),
                Binary.isDenormal(Integer.toUnsignedLong(bits), 23));
    }

    /// The operation on a register and a float64 in memory.
    public static boolean operateFloat64(
            FpuContext c, int operation, long a, int aSignExponent, long bits) {
        return operate(
                c,
                operation,
                a,
                aSignExponent,
                Float80.widen64Significand(bits),
                Float80.widen64SignExponent(bits),
                Binary.isDenormal(bits, 52));
    }

    /// The operation on a register and an integer in memory (FIADD and its kin).
    public static boolean operateInteger(
            FpuContext c, int operation, long a, int aSignExponent, long value) {
        return operate(
                c,
                operation,
                a,
                aSignExponent,
                Float80.integerSignificand(value),
                Float80.integerSignExponent(value),
                false);
    }

    /// `denormal` tells that the second operand was denormal in the format it came from.
    private static boolean operate(
            FpuContext c, int operation, long a, int ae, long b, int be, boolean denormal) {
        c.begin();
        return switch (operation) {
            case ADD -> add(c, a, ae, b, be, 0, denormal);
            case MULTIPLY -> multiply(c, a, ae, b, be, denormal);
            case SUBTRACT -> add(c, a, ae, b, be, 0x8000, denormal);
            case SUBTRACT_REVERSED -> add(c, b, be, a, ae, 0x8000, denormal);
            case DIVIDE -> divide(c, a, ae, b, be, denormal);
            case DIVIDE_REVERSED -> divide(c, b, be, a, ae, denormal);
            default -> throw new Bug("no x87 operation " + operation);
        };
    }

    private static boolean add(
            FpuContext c, long a, int ae, long b, int be, int flip, boolean denormal) {
        int ka = Float80.classify(a, ae);
        int kb = Float80.classify(b, be);
        if (Math.max(ka, kb) >= Float80.QUIET_NAN) {
            return nan(c, ka, a, ae, kb, b, be);
        }
        boolean an = Float80.isNegative(ae);
        boolean bn = Float80.isNegative(be ^ flip);
        if (ka == Float80.INFINITY && kb == Float80.INFINITY && an != bn) {
            return c.invalid();
        }
        if (!denormals(c, ka, kb, denormal)) {
            return false;
        }
        if (ka == Float80.INFINITY || kb == Float80.INFINITY) {
            return c.giveInfinity(ka == Float80.INFINITY ? an : bn);
        }
        if (kb == Float80.ZERO) {
            if (ka == Float80.ZERO) {
                return c.giveZero(an == bn ? an : c.rounding() == Rounding.DOWN);
            }
            c.load(a, ae);
        } else if (ka == Float80.ZERO) {
            c.load(b, be ^ flip);
        } else {
            Kernel.add(
                    c,
                    an,
                    Float80.exponent(a, ae),
                    Float80.normalized(a),
                    bn,
                    Float80.exponent(b, be),
                    Float80.normalized(b));
            if (c.isZero()) {
                return c.giveZero(c.rounding() == Rounding.DOWN);
            }
        }
        return Rounding.pack80(c, c.precision());
    }

    private static boolean multiply(
            FpuContext c, long a, int ae, long b, int be, boolean denormal) {
        int ka = Float80.classify(a, ae);
        int kb = Float80.classify(b, be);
        if (Math.max(ka, kb) >= Float80.QUIET_NAN) {
            return nan(c, ka, a, ae, kb, b, be);
        }
        boolean zero = ka == Float80.ZERO || kb == Float80.ZERO;
        boolean infinite = ka == Float80.INFINITY || kb == Float80.INFINITY;
        if (zero && infinite) {
            return c.invalid();
        }
        if (!denormals(c, ka, kb, denormal)) {
            return false;
        }
        boolean negative = Float80.isNegative(ae ^ be);
        if (infinite) {
            return c.giveInfinity(negative);
        }
        if (zero) {
            return c.giveZero(negative);
        }
        Kernel.multiply(
                c,
                negative,
                Float80.exponent(a, ae),
                Float80.normalized(a),
                Float80.exponent(b, be),
                Float80.normalized(b));
        return Rounding.pack80(c, c.precision());
    }

    private static boolean divide(FpuContext c, long a, int ae, long b, int be, boolean denormal) {
        int ka = Float80.classify(a, ae);
        int kb = Float80.classify(b, be);
        if (Math.max(ka, kb) >= Float80.QUIET_NAN) {
            return nan(c, ka, a, ae, kb, b, be);
        }
        if (ka == kb && (ka == Float80.ZERO || ka == Float80.INFINITY)) {
            return c.invalid();
        }
        boolean negative = Float80.isNegative(ae ^ be);
        if (kb == Float80.ZERO && ka != Float80.INFINITY) {
            return c.raise(FloatFlags.DIVIDE_BY_ZERO) && c.giveInfinity(negative);
        }
        if (!denormals(c, ka, kb, denormal)) {
            return false;
        }
        if (ka == Float80.INFINITY) {
            return c.giveInfinity(negative);
        }
        if (ka == Float80.ZERO || kb == Float80.INFINITY) {
            return c.giveZero(negative);
        }
        Kernel.divide(
                c,
                negative,
                Float80.exponent(a, ae),
                Float80.normalized(a),
                Float80.exponent(b, be),
                Float80.normalized(b));
        return Rounding.pack80(c, c.precision());
    }

    /// FSQRT.
    public static boolean squareRoot(FpuContext c, long a, int ae) {
        c.begin();
        int ka = Float80.classify(a, ae);
        if (ka >= Float80.QUIET_NAN) {
            return nan(c, ka, a, ae);
        }
        if (ka == Float80.ZERO) {
            return c.give(a, ae);
        }
        if (Float80.isNegative(ae)) {
            return c.invalid();
        }
        if (!denormals(c, ka, ka, false)) {
            return false;
        }
        if (ka == Float80.INFINITY) {
            return c.give(a, ae);
        }
        Kernel.squareRoot(c, Float80.exponent(a, ae), Float80.normalized(a));
        return Rounding.pack80(c, c.precision());
    }

    /// Notes denormal operands; false if that is not masked.
    static boolean denormals(FpuContext c, int ka, int kb, boolean denormal) {
        if (denormal || ka == Float80.DENORMAL || kb == Float80.DENORMAL) {
            return c.raise(FloatFlags.DENORMAL);
        }
        return true;
    }

    /// The result of a NaN or unsupported operand of an instruction with one.
    static boolean nan(FpuContext c, int ka, long a, int ae) {
        if (ka == Float80.UNSUPPORTED) {
            return c.invalid();
        }
        boolean write = ka == Float80.QUIET_NAN || c.raise(FloatFlags.INVALID);
        return write && c.give(Float80.quiet(a), ae);
    }

    /// The result when one of two operands is a NaN or unsupported (SDM vol. 1, table 4-7): a quiet
    /// one before a signaling one, else the larger significand, else the positive one.
    static boolean nan(FpuContext c, int ka, long a, int ae, int kb, long b, int be) {
        if (ka == Float80.UNSUPPORTED || kb == Float80.UNSUPPORTED) {
            return c.invalid();
        }
        boolean signaling = ka == Float80.SIGNALING_NAN || kb == Float80.SIGNALING_NAN;
        if (signaling && !c.raise(FloatFlags.INVALID)) {
            return false;
        }
        boolean first;
        if (ka < Float80.QUIET_NAN || kb < Float80.QUIET_NAN) {
            first = ka >= Float80.QUIET_NAN;
        } else if (ka != kb) {
            first = ka == Float80.QUIET_NAN;
        } else {
            int order = Long.compareUnsigned(a, b);
            first = order != 0 ? order > 0 : ae <= be;
        }
        return first ? c.give(Float80.quiet(a), ae) : c.give(Float80.quiet(b), be);
    }
}
