package org.xenolith.softfloat;

/// **Hot path.** FCOM, FUCOM, FCOMI, FUCOMI, FTST and FICOM. The outcome is C0, C2 and C3 in the
/// context's flags; [#toEflags] moves it. If the method returns false, an exception is not masked:
/// FCOMI and FUCOMI must then leave EFLAGS alone.
public final class Float80Comparison {
    private static final int UNORDERED = FloatFlags.C0 | FloatFlags.C2 | FloatFlags.C3;

    private Float80Comparison() {}

    /// C0, C2 and C3 of a status word as CF, PF and ZF at their places in EFLAGS.
    public static int toEflags(int status) {
        return status >>> 8 & 0x45;
    }

    /// Compares two registers; `quiet` is FUCOM, for which a quiet NaN is not invalid.
    public static boolean compare(
            FpuContext c, long a, int aSignExponent, long b, int bSignExponent, boolean quiet) {
        return compare(c, a, aSignExponent, b, bSignExponent, quiet, false);
    }

    /// Compares a register with a float32 in memory.
    public static boolean compareFloat32(FpuContext c, long a, int aSignExponent, int bits) {
        return compare(
                c,
                a,
                aSignExponent,
                Float80.widen32Significand(bits),
                Float80.widen32SignExponent(bits),
                false,
                Binary.isDenormal(Integer.toUnsignedLong(bits), 23));
    }

    /// Compares a register with a float64 in memory.
    public static boolean compareFloat64(FpuContext c, long a, int aSignExponent, long bits) {
        return compare(
                c,
                a,
                aSignExponent,
                Float80.widen64Significand(bits),
                Float80.widen64SignExponent(bits),
                false,
                Binary.isDenormal(bits, 52));
    }

    /// Compares a register with an integer (FICOM; FTST is a comparison with 0).
    public static boolean compareInteger(FpuContext c, long a, int aSignExponent, long value) {
        return compare(
                c,
                a,
                aSignExponent,
                Float80.integerSignificand(value),
                Float80.integerSignExponent(value),
                false,
                false);
    }

    private static boolean compare(
            FpuContext c, long a, int ae, long b, int be, boolean quiet, boolean denormal) {
        c.begin();
        int ka = Float80.classify(a, ae);
        int kb = Float80.classify(b, be);
        int worst = Math.max(ka, kb);
        if (worst >= Float80.QUIET_NAN) {
            c.flags |= UNORDERED;
            return (quiet && worst == Float80.QUIET_NAN) || c.raise(FloatFlags.INVALID);
        }
        boolean write = Float80Arithmetic.denormals(c, ka, kb, denormal);
        int order = order(a, ae, b, be);
        if (order == 0) {
            c.flags |= FloatFlags.C3;
        } else if (order < 0) {
            c.flags |= FloatFlags.C0;
        }
        return write;
    }

    private static int order(long a, int ae, long b, int be) {
        if (a == 0 && b == 0) {
            return 0;
        }
        boolean an = Float80.isNegative(ae);
        if (an != Float80.isNegative(be)) {
            return an ? -1 : 1;
        }
        int order = Integer.compare(rank(a, ae), rank(b, be));
        if (order == 0) {
            order = Long.compareUnsigned(a, b);
        }
        return an ? -order : order;
    }

    /// The exponent, by which a pseudo-denormal ranks with the normal numbers.
    private static int rank(long significand, int signExponent) {
        int e = signExponent & Float80.EXPONENT_MAX;
        return e == 0 && significand < 0 ? 1 : e;
    }
}
