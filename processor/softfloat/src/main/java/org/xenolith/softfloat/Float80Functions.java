package org.xenolith.softfloat;

/// The transcendental instructions (SDM vol. 1, 8.3.6 to 8.3.10): within a unit of the last place
/// of the hardware's results, which are not correctly rounded themselves, and with its special
/// cases and flags. C1 tells of our own rounding.
public final class Float80Functions {
    /// The π that the hardware reduces arguments by has 66 bits (SDM vol. 1, 8.3.8); this is half
    /// of it, in units of 2^-127.
    private static final long HALF_PI_HIGH = 0xC90F_DAA2_2168_C234L;

    private static final long HALF_PI_LOW = 0xC000_0000_0000_0000L;

    private Float80Functions() {}

    /// Below this exponent, hardware takes a number for its own sine and tangent.
    private static final int SINE_EXPONENT_MIN = -68;

    /// Below this exponent, hardware takes a number for its own arctangent.
    private static final int ARCTANGENT_EXPONENT_MIN = -40;

    private static boolean give(FpuContext c, Wide value) {
        c.set(value.negative(), value.exponent(), value.high(), value.low() | 1);
        return Rounding.pack80(c, 64);
    }

    /// Gives what may be exact, but is said to be inexact.
    private static boolean giveAsInexact(FpuContext c, Wide value) {
        c.set(value.negative(), value.exponent(), value.high(), value.low());
        Rounding.pack80(c, 64);
        boolean denormal = (c.signExponent & Float80.EXPONENT_MAX) == 0;
        c.flags |= FloatFlags.PRECISION | (denormal ? FloatFlags.UNDERFLOW : 0);
        return true;
    }

    /// F2XM1: two to the power of the operand, less one. Outside of [-1, 1] the manual defines
    /// nothing; the operand stays.
    public static boolean powerLessOne(FpuContext c, long a, int ae) {
        c.begin();
        int ka = Float80.classify(a, ae);
        if (ka >= Float80.QUIET_NAN) {
            return Float80Arithmetic.nan(c, ka, a, ae);
        }
        boolean negative = Float80.isNegative(ae);
        if (ka == Float80.ZERO || (ka == Float80.INFINITY && !negative)) {
            return c.give(a, ae);
        }
        if (ka == Float80.INFINITY) {
            return c.give(true, Float80.BIAS, Long.MIN_VALUE);
        }
        if (!Float80Arithmetic.denormals(c, ka, ka, false)) {
            return false;
        }
        int e = Float80.exponent(a, ae);
        if (e >= 0) {
            c.flags |= FloatFlags.PRECISION;
            boolean one = e == 0 && a == Long.MIN_VALUE;
            return one && negative ? c.give(true, Float80.BIAS - 1, a) : c.give(a, ae);
        }
        return give(c, Elementary.exponentialLessOne(Wide.of(a, ae).multiply(Wide.LN_2)));
    }

    /// FYL2X: `y` times the logarithm to base 2 of `x`, which is ST(0).
    public static boolean logarithm(FpuContext c, long x, int xe, long y, int ye) {
        c.begin();
        int kx = Float80.classify(x, xe);
        int ky = Float80.classify(y, ye);
        if (Math.max(kx, ky) >= Float80.QUIET_NAN) {
            return Float80Arithmetic.nan(c, kx, x, xe, ky, y, ye);
        }
        boolean negative = Float80.isNegative(ye);
        if (kx == Float80.ZERO) {
            if (ky == Float80.ZERO) {
                return c.invalid();
            }
            boolean write = ky == Float80.INFINITY || c.raise(FloatFlags.DIVIDE_BY_ZERO);
            return write && c.giveInfinity(!negative);
        }
        boolean one = kx == Float80.NORMAL && xe == Float80.BIAS && x == Long.MIN_VALUE;
        boolean undefined =
                Float80.isNegative(xe)
                        || (one && ky == Float80.INFINITY)
                        || (kx == Float80.INFINITY && ky == Float80.ZERO);
        if (undefined) {
            return c.invalid();
        }
        if (!Float80Arithmetic.denormals(c, kx, ky, false)) {
            return false;
        }
        if (kx == Float80.INFINITY) {
            return c.giveInfinity(negative);
        }
        boolean below = Float80.exponent(x, xe) < 0;
        if (ky == Float80.INFINITY) {
            return c.giveInfinity(negative != below);
        }
        if (ky == Float80.ZERO || one) {
            return c.giveZero(negative != below);
        }
        if (Float80.normalized(x) == Long.MIN_VALUE) {
            return giveOfPower(c, Wide.of(Float80.exponent(x, xe)), Wide.of(y, ye));
        }
        return give(c, Elementary.logarithm(Wide.of(x, xe)).multiply(Wide.of(y, ye)));
    }

    /// FYL2XP1: `y` times the logarithm to base 2 of one more than `x`, which is ST(0). The manual
    /// defines nothing for `x` of -1 and below; it is the result.
    public static boolean logarithmPlusOne(FpuContext c, long x, int xe, long y, int ye) {
        c.begin();
        int kx = Float80.classify(x, xe);
        int ky = Float80.classify(y, ye);
        if (Math.max(kx, ky) >= Float80.QUIET_NAN) {
            return Float80Arithmetic.nan(c, kx, x, xe, ky, y, ye);
        }
        boolean negative = Float80.isNegative(xe ^ ye);
        boolean undefined =
                (kx == Float80.ZERO && ky == Float80.INFINITY)
                        || (kx == Float80.INFINITY
                                && (ky == Float80.ZERO || Float80.isNegative(xe)));
        if (undefined) {
            return c.invalid();
        }
        if (!Float80Arithmetic.denormals(c, kx, ky, false)) {
            return false;
        }
        if (kx == Float80.INFINITY || ky == Float80.INFINITY) {
            return c.giveInfinity(negative);
        }
        if (kx == Float80.ZERO || ky == Float80.ZERO) {
            return c.giveZero(negative);
        }
        Wide argument = Wide.of(x, xe);
        if (argument.negative() && argument.exponent() >= 0) {
            c.flags |= FloatFlags.PRECISION;
            return c.give(x, xe);
        }
        Wide logarithm =
                argument.exponent() < -2
                        ? Elementary.logarithmOfRatio(argument.divide(argument.add(Wide.of(2))))
                        : Elementary.logarithm(argument.add(Wide.ONE));
        boolean exact = logarithm.low() == 0 && logarithm.high() == Long.MIN_VALUE;
        return exact
                ? giveOfPower(c, logarithm, Wide.of(y, ye))
                : give(c, logarithm.multiply(Wide.of(y, ye)));
    }

    /// The product with the logarithm of a power of two, which hardware takes for inexact; that of
    /// a fraction a little short, even.
    private static boolean giveOfPower(FpuContext c, Wide logarithm, Wide y) {
        Wide product = logarithm.multiply(y);
        return logarithm.negative() ? give(c, product.cut()) : giveAsInexact(c, product);
    }

    /// FPATAN: the angle of the point (x, y) from the x axis, in (-π, π]; `x` is ST(0).
    public static boolean arctangent(FpuContext c, long x, int xe, long y, int ye) {
        c.begin();
        int kx = Float80.classify(x, xe);
        int ky = Float80.classify(y, ye);
        if (Math.max(kx, ky) >= Float80.QUIET_NAN) {
            return Float80Arithmetic.nan(c, kx, x, xe, ky, y, ye);
        }
        if (!Float80Arithmetic.denormals(c, kx, ky, false)) {
            return false;
        }
        boolean left = Float80.isNegative(xe);
        boolean below = Float80.isNegative(ye);
        Wide angle;
        if (kx == Float80.INFINITY && ky == Float80.INFINITY) {
            angle = left ? Wide.PI.subtract(Wide.PI.scale(-2)) : Wide.PI.scale(-2);
        } else if (ky == Float80.ZERO || kx == Float80.INFINITY) {
            if (!left) {
                return c.giveZero(below);
            }
            angle = Wide.PI;
        } else if (kx == Float80.ZERO || ky == Float80.INFINITY) {
            angle = Wide.PI.scale(-1);
        } else {
            Wide width = Wide.of(x, xe).magnitude();
            Wide height = Wide.of(y, ye).magnitude();
            if (!left && height.exponent() - width.exponent() < ARCTANGENT_EXPONENT_MIN) {
                Wide slope = height.divide(width);
                return giveAsInexact(c, below ? slope.negate() : slope);
            }
            angle = angle(width, height, left);
        }
        return give(c, below ? angle.negate() : angle);
    }

    private static Wide angle(Wide x, Wide y, boolean left) {
        boolean steep = y.compareMagnitude(x) > 0;
        Wide acute = Elementary.arctangent(steep ? x.divide(y) : y.divide(x));
        if (steep) {
            Wide right = Wide.PI.scale(-1);
            return left ? right.add(acute) : right.subtract(acute);
        }
        return left ? Wide.PI.subtract(acute) : acute;
    }

    /// FSIN. From 2^63 on, C2 is set and the operand stays.
    public static boolean sine(FpuContext c, long a, int ae) {
        if (!angleOperand(c, a, ae)) {
            return false;
        }
        return settled(c, a, ae) ? c.give(c.significand, c.signExponent) : sine(c, a, ae, 0);
    }

    /// FCOS. From 2^63 on, C2 is set and the operand stays.
    public static boolean cosine(FpuContext c, long a, int ae) {
        if (!angleOperand(c, a, ae)) {
            return false;
        }
        if (settled(c, a, ae)) {
            return a == 0 && isZero(ae) ? c.give(Long.MIN_VALUE, Float80.BIAS) : true;
        }
        return sine(c, a, ae & 0x7FFF, 1);
    }

    private static boolean isZero(int signExponent) {
        return (signExponent & Float80.EXPONENT_MAX) == 0;
    }

    /// FSINCOS: the sine as the result, the cosine as the second result. From 2^63 on, C2 is set
    /// and nothing is to be pushed.
    public static boolean sineAndCosine(FpuContext c, long a, int ae) {
        if (!angleOperand(c, a, ae)) {
            return false;
        }
        if (settled(c, a, ae)) {
            return a == 0 && isZero(ae)
                    ? Float80Parts.giveSecond(c, Long.MIN_VALUE, Float80.BIAS)
                    : Float80Parts.giveSecond(c, c.significand, c.signExponent);
        }
        sine(c, a, ae & 0x7FFF, 1);
        Float80Parts.giveSecond(c, c.significand, c.signExponent);
        c.flags &= ~FloatFlags.C1;
        return sine(c, a, ae, 0);
    }

    /// FPTAN: the tangent as the result, one as the second result. From 2^63 on, C2 is set and
    /// nothing is to be pushed.
    public static boolean tangent(FpuContext c, long a, int ae) {
        if (!angleOperand(c, a, ae)) {
            return false;
        }
        Float80Parts.giveSecond(c, Long.MIN_VALUE, Float80.BIAS);
        if (settled(c, a, ae)) {
            return a == 0 && isZero(ae)
                    || Float80Parts.giveSecond(c, c.significand, c.signExponent);
        }
        if (Float80.exponent(a, ae) < SINE_EXPONENT_MIN) {
            return giveAsInexact(c, Wide.of(a, ae));
        }
        int quadrant = reduce(c, a, ae);
        Wide rest = new Wide(c.negative, c.exponent, c.high, c.low);
        Wide sine = Elementary.sine(rest);
        Wide cosine = Elementary.cosine(rest);
        Wide tangent = (quadrant & 1) == 0 ? sine.divide(cosine) : cosine.negate().divide(sine);
        return give(c, Float80.isNegative(ae) ? tangent.negate() : tangent);
    }

    /// Sorts out operands of the angle functions; false if nothing is to be written.
    private static boolean angleOperand(FpuContext c, long a, int ae) {
        c.begin();
        int ka = Float80.classify(a, ae);
        c.give(a, ae);
        if (ka >= Float80.QUIET_NAN) {
            return Float80Arithmetic.nan(c, ka, a, ae);
        }
        if (ka == Float80.INFINITY) {
            return c.invalid();
        }
        if (ka != Float80.ZERO && Float80.exponent(a, ae) >= 63) {
            c.flags |= FloatFlags.C2;
            return false;
        }
        return Float80Arithmetic.denormals(c, ka, ka, false);
    }

    /// Whether the result is in the context already: a NaN, or the zero that the operand is.
    private static boolean settled(FpuContext c, long a, int ae) {
        int ka = Float80.classify(a, ae);
        return ka != Float80.NORMAL && ka != Float80.DENORMAL;
    }

    /// The sine of the operand and `shift` quarter turns.
    private static boolean sine(FpuContext c, long a, int ae, int shift) {
        if (Float80.exponent(a, ae) < SINE_EXPONENT_MIN) {
            return giveAsInexact(c, shift == 0 ? Wide.of(a, ae) : Wide.ONE);
        }
        int quadrant = reduce(c, a, ae) + shift;
        Wide rest = new Wide(c.negative, c.exponent, c.high, c.low);
        Wide value = (quadrant & 1) == 0 ? Elementary.sine(rest) : Elementary.cosine(rest);
        boolean negative = Float80.isNegative(ae) != ((quadrant & 2) != 0);
        return give(c, negative ? value.negate() : value);
    }

    /// Reduces the magnitude of an operand below 2^63 to at most π/4, exactly, in the context;
    /// returns the number of quarter turns taken away, modulo 4.
    private static int reduce(FpuContext c, long a, int ae) {
        c.load(a, ae);
        c.negative = false;
        if (c.exponent < -1) {
            return 0;
        }
        long high = c.exponent < 0 ? c.high >>> 1 : c.high;
        long low = c.exponent < 0 ? c.high << 63 : 0;
        int turns = 0;
        for (int i = 0; i <= Math.max(c.exponent, 0); i++) {
            boolean carry = false;
            if (i > 0) {
                carry = high < 0;
                high = high << 1 | low >>> 63;
                low <<= 1;
                turns <<= 1;
            }
            if (carry || !below(high, low, HALF_PI_HIGH, HALF_PI_LOW)) {
                high -= HALF_PI_HIGH + (Long.compareUnsigned(low, HALF_PI_LOW) < 0 ? 1 : 0);
                low -= HALF_PI_LOW;
                turns++;
            }
        }
        long otherHigh = HALF_PI_HIGH - high - (Long.compareUnsigned(HALF_PI_LOW, low) < 0 ? 1 : 0);
        long otherLow = HALF_PI_LOW - low;
        if (below(otherHigh, otherLow, high, low)) {
            c.set(true, 0, otherHigh, otherLow);
            turns++;
        } else {
            c.set(false, 0, high, low);
        }
        Kernel.normalize(c);
        return turns & 3;
    }

    private static boolean below(long high, long low, long otherHigh, long otherLow) {
        return high == otherHigh
                ? Long.compareUnsigned(low, otherLow) < 0
                : Long.compareUnsigned(high, otherHigh) < 0;
    }
}
