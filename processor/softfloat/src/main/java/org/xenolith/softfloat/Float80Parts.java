package org.xenolith.softfloat;

/// **Hot path.** Operations on exponent and fraction: FRNDINT, FSCALE, FXTRACT, and the partial
/// remainders FPREM and FPREM1 (SDM vol. 1, 8.3.5).
public final class Float80Parts {
    /// Beyond this, a scale factor only overflows or underflows, biased or not.
    private static final int SCALE_MAX = 1 << 17;

    private Float80Parts() {}

    /// FRNDINT.
    public static boolean roundToIntegral(FpuContext c, long a, int ae) {
        c.begin();
        int ka = Float80.classify(a, ae);
        if (ka >= Float80.QUIET_NAN) {
            return Float80Arithmetic.nan(c, ka, a, ae);
        }
        if (ka == Float80.ZERO || ka == Float80.INFINITY) {
            return c.give(a, ae);
        }
        if (!Float80Arithmetic.denormals(c, ka, ka, false)) {
            return false;
        }
        c.load(a, ae);
        if (c.exponent >= 63) {
            return c.give(a, ae);
        }
        long magnitude = Rounding.integer(c, c.rounding());
        if (c.inexact) {
            c.flags |= FloatFlags.PRECISION | (c.roundedUp ? FloatFlags.C1 : 0);
        }
        int sign = ae & 0x8000;
        if (magnitude < 0) {
            return c.give(magnitude, sign | Float80.BIAS + 63);
        }
        return c.give(
                Float80.integerSignificand(magnitude),
                Float80.integerSignExponent(magnitude) | sign);
    }

    /// FSCALE: the first operand times two to the power of the second, cut to an integer.
    public static boolean scale(FpuContext c, long a, int ae, long b, int be) {
        c.begin();
        int ka = Float80.classify(a, ae);
        int kb = Float80.classify(b, be);
        if (Math.max(ka, kb) >= Float80.QUIET_NAN) {
            return Float80Arithmetic.nan(c, ka, a, ae, kb, b, be);
        }
        boolean down = Float80.isNegative(be);
        if (kb == Float80.INFINITY && ka == (down ? Float80.INFINITY : Float80.ZERO)) {
            return c.invalid();
        }
        if (!Float80Arithmetic.denormals(c, ka, kb, false)) {
            return false;
        }
        if (ka == Float80.INFINITY || ka == Float80.ZERO || kb == Float80.ZERO) {
            return c.giveOperand(a, ae);
        }
        if (kb == Float80.INFINITY) {
            boolean negative = Float80.isNegative(ae);
            return down ? c.giveZero(negative) : c.giveInfinity(negative);
        }
        int e = Float80.exponent(b, be);
        long whole = e < 0 ? 0 : e > 17 ? SCALE_MAX : b >>> (63 - e);
        int power = (int) Math.min(whole, SCALE_MAX);
        c.load(a, ae);
        c.exponent += down ? -power : power;
        return Rounding.pack80(c, 64);
    }

    /// FXTRACT: the exponent as the result, and the significand, in [1, 2), as the second result.
    public static boolean extract(FpuContext c, long a, int ae) {
        c.begin();
        int ka = Float80.classify(a, ae);
        if (ka >= Float80.QUIET_NAN) {
            boolean write = Float80Arithmetic.nan(c, ka, a, ae);
            return write && giveSecond(c, c.significand, c.signExponent);
        }
        if (ka == Float80.ZERO) {
            return c.raise(FloatFlags.DIVIDE_BY_ZERO)
                    && giveSecond(c, a, ae)
                    && c.giveInfinity(true);
        }
        if (!Float80Arithmetic.denormals(c, ka, ka, false)) {
            return false;
        }
        if (ka == Float80.INFINITY) {
            return giveSecond(c, a, ae) && c.giveInfinity(false);
        }
        int e = Float80.exponent(a, ae);
        giveSecond(c, Float80.normalized(a), ae & 0x8000 | Float80.BIAS);
        return c.give(Float80.integerSignificand(e), Float80.integerSignExponent(e));
    }

    static boolean giveSecond(FpuContext c, long significand, int signExponent) {
        c.secondSignificand = significand;
        c.secondSignExponent = signExponent;
        return true;
    }

    /// FPREM, or FPREM1 if `nearest`: the remainder of the first operand by the second. C2 is set
    /// if the exponents are 64 or more apart and only part of the way is done; else C0, C3 and C1
    /// are bits 2, 1 and 0 of the quotient.
    public static boolean remainder(FpuContext c, long a, int ae, long b, int be, boolean nearest) {
        c.begin();
        int ka = Float80.classify(a, ae);
        int kb = Float80.classify(b, be);
        if (Math.max(ka, kb) >= Float80.QUIET_NAN) {
            return Float80Arithmetic.nan(c, ka, a, ae, kb, b, be);
        }
        if (ka == Float80.INFINITY || kb == Float80.ZERO) {
            return c.invalid();
        }
        if (!Float80Arithmetic.denormals(c, ka, kb, false)) {
            return false;
        }
        if (ka == Float80.ZERO || kb == Float80.INFINITY) {
            return c.giveOperand(a, ae);
        }
        c.load(a, ae);
        reduce(c, Float80.exponent(b, be), Float80.normalized(b), nearest);
        return Rounding.pack80(c, 64);
    }

    private static void reduce(FpuContext c, int divisorExponent, long divisor, boolean nearest) {
        int distance = c.exponent - divisorExponent;
        long dividend = c.high;
        if (distance < 0) {
            // Above a half of the divisor, the nearest multiple is the divisor itself.
            if (nearest && distance == -1 && Long.compareUnsigned(dividend, divisor) > 0) {
                Kernel.add(
                        c, c.negative, c.exponent, dividend, !c.negative, divisorExponent, divisor);
                c.flags |= FloatFlags.C1;
            }
            return;
        }
        boolean partial = distance >= 64;
        // How far one step goes is the processor's choice within 32 to 63 bits.
        int n = partial ? distance & 31 | 32 : distance;
        long high = n == 0 ? 0 : dividend >>> (64 - n);
        long low = dividend << n;
        long quotient = Kernel.divide128(high, low, divisor);
        long rest = low - quotient * divisor;
        boolean negative = c.negative;
        if (partial) {
            c.flags |= FloatFlags.C2;
        } else {
            int side = Long.compareUnsigned(rest, divisor - rest);
            if (nearest && (side > 0 || (side == 0 && (quotient & 1) != 0))) {
                quotient++;
                rest = divisor - rest;
                negative = !negative;
            }
            c.flags |=
                    ((quotient & 4) != 0 ? FloatFlags.C0 : 0)
                            | ((quotient & 2) != 0 ? FloatFlags.C3 : 0)
                            | ((quotient & 1) != 0 ? FloatFlags.C1 : 0);
        }
        c.set(rest == 0 ? c.negative : negative, divisorExponent + distance - n, rest, 0);
        Kernel.normalize(c);
    }
}
