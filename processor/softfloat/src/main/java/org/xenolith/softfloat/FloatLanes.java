package org.xenolith.softfloat;

/// **Hot path.** SSE operations on two float32 in a `long`, and those of SSE3 and SSE4.1 that cross
/// lanes. A packed operation on float64 is one of [Float64] for each half.
public final class FloatLanes {
    private FloatLanes() {}

    private static int low(long lanes) {
        return (int) lanes;
    }

    private static int high(long lanes) {
        return (int) (lanes >>> 32);
    }

    private static long pair(int low, int high) {
        return Integer.toUnsignedLong(low) | (long) high << 32;
    }

    /// Half of ADDPS.
    public static long add(long a, long b, Mxcsr m) {
        return pair(Float32.add(low(a), low(b), m), Float32.add(high(a), high(b), m));
    }

    /// Half of SUBPS.
    public static long subtract(long a, long b, Mxcsr m) {
        return pair(Float32.subtract(low(a), low(b), m), Float32.subtract(high(a), high(b), m));
    }

    /// Half of MULPS.
    public static long multiply(long a, long b, Mxcsr m) {
        return pair(Float32.multiply(low(a), low(b), m), Float32.multiply(high(a), high(b), m));
    }

    /// Half of DIVPS.
    public static long divide(long a, long b, Mxcsr m) {
        return pair(Float32.divide(low(a), low(b), m), Float32.divide(high(a), high(b), m));
    }

    /// Half of MINPS.
    public static long minimum(long a, long b, Mxcsr m) {
        return pair(Float32.minimum(low(a), low(b), m), Float32.minimum(high(a), high(b), m));
    }

    /// Half of MAXPS.
    public static long maximum(long a, long b, Mxcsr m) {
        return pair(Float32.maximum(low(a), low(b), m), Float32.maximum(high(a), high(b), m));
    }

    /// Half of SQRTPS.
    public static long squareRoot(long a, Mxcsr m) {
        return pair(Float32.squareRoot(low(a), m), Float32.squareRoot(high(a), m));
    }

    /// Half of CMPPS with a predicate of 0 to 7.
    public static long compare(long a, long b, int predicate, Mxcsr m) {
        return pair(
                Float32.compare(low(a), low(b), predicate, m),
                Float32.compare(high(a), high(b), predicate, m));
    }

    /// Half of ROUNDPS.
    public static long round(long a, int control, Mxcsr m) {
        return pair(Float32.round(low(a), control, m), Float32.round(high(a), control, m));
    }

    /// Half of RCPPS.
    public static long approximateReciprocal(long a) {
        return pair(Float32.approximateReciprocal(low(a)), Float32.approximateReciprocal(high(a)));
    }

    /// Half of RSQRTPS.
    public static long approximateReciprocalRoot(long a) {
        return pair(
                Float32.approximateReciprocalRoot(low(a)),
                Float32.approximateReciprocalRoot(high(a)));
    }

    /// Half of ADDSUBPS: the difference of the low lanes, the sum of the high ones.
    public static long addSubtract(long a, long b, Mxcsr m) {
        return pair(Float32.subtract(low(a), low(b), m), Float32.add(high(a), high(b), m));
    }

    /// Half of HADDPS: the sums of the two lanes of each operand's halves.
    public static long horizontalAdd(long first, long second, Mxcsr m) {
        return pair(
                Float32.add(low(first), high(first), m), Float32.add(low(second), high(second), m));
    }

    /// Half of HSUBPS.
    public static long horizontalSubtract(long first, long second, Mxcsr m) {
        return pair(
                Float32.subtract(low(first), high(first), m),
                Float32.subtract(low(second), high(second), m));
    }

    /// CVTDQ2PS of two lanes, and CVTPI2PS.
    public static long fromInt32(long integers, Mxcsr m) {
        return pair(Float32.fromInteger(low(integers), m), Float32.fromInteger(high(integers), m));
    }

    /// CVTPS2DQ of two lanes, and CVTPS2PI.
    public static long toInt32(long a, Mxcsr m) {
        return pair(Float32.toInt32(low(a), m), Float32.toInt32(high(a), m));
    }

    /// CVTTPS2DQ of two lanes, and CVTTPS2PI.
    public static long truncateToInt32(long a, Mxcsr m) {
        return pair(Float32.truncateToInt32(low(a), m), Float32.truncateToInt32(high(a), m));
    }

    /// CVTPD2PS.
    public static long fromFloat64(long a, long b, Mxcsr m) {
        return pair(Float64.toFloat32(a, m), Float64.toFloat32(b, m));
    }

    /// CVTPD2DQ and CVTPD2PI.
    public static long float64ToInt32(long a, long b, Mxcsr m) {
        return pair(Float64.toInt32(a, m), Float64.toInt32(b, m));
    }

    /// CVTTPD2DQ and CVTTPD2PI.
    public static long float64TruncateToInt32(long a, long b, Mxcsr m) {
        return pair(Float64.truncateToInt32(a, m), Float64.truncateToInt32(b, m));
    }

    /// One half of DPPS (0 low, 1 high): products of the lanes that bits 4 to 7 of the immediate
    /// name, added as `(0 + 1) + (2 + 3)`, in the lanes that bits 0 to 3 name. Which of several
    /// NaNs comes out differs between lanes, since each adds its neighbours to itself. Call it for
    /// both halves, then commit.
    public static long dotProduct32(
            int half, long aLow, long aHigh, long bLow, long bHigh, int control, Mxcsr m) {
        int p0 = (control & 0x10) != 0 ? Float32.multiply(low(aLow), low(bLow), m) : 0;
        int p1 = (control & 0x20) != 0 ? Float32.multiply(high(aLow), high(bLow), m) : 0;
        int p2 = (control & 0x40) != 0 ? Float32.multiply(low(aHigh), low(bHigh), m) : 0;
        int p3 = (control & 0x80) != 0 ? Float32.multiply(high(aHigh), high(bHigh), m) : 0;
        if (!m.endStep()) {
            return 0;
        }
        long lowSums = add(pair(p1, p0), pair(p0, p1), m);
        long highSums = add(pair(p3, p2), pair(p2, p3), m);
        if (!m.endStep()) {
            return 0;
        }
        long sums = half == 0 ? add(lowSums, highSums, m) : add(highSums, lowSums, m);
        int wanted = control >>> 2 * half;
        return ((wanted & 1) != 0 ? sums & 0xFFFF_FFFFL : 0)
                | ((wanted & 2) != 0 ? sums & 0xFFFF_FFFF_0000_0000L : 0);
    }

    /// One half of DPPD (0 low, 1 high): products of the lanes that bits 4 and 5 of the immediate
    /// name, added, if bit 0 or 1 names the half. Call it for both halves, then commit.
    public static long dotProduct64(
            int half, long aLow, long aHigh, long bLow, long bHigh, int control, Mxcsr m) {
        long p0 = (control & 0x10) != 0 ? Float64.multiply(aLow, bLow, m) : 0;
        long p1 = (control & 0x20) != 0 ? Float64.multiply(aHigh, bHigh, m) : 0;
        if (!m.endStep()) {
            return 0;
        }
        long sum = half == 0 ? Float64.add(p0, p1, m) : Float64.add(p1, p0, m);
        return (control >>> half & 1) != 0 ? sum : 0;
    }
}
