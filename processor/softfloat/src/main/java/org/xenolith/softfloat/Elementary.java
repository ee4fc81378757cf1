package org.xenolith.softfloat;

/// Elementary functions by their power series, good to about 120 bits: enough that a result rounded
/// to 64 is the nearest but in one case of 2^50.
final class Elementary {
    private static final int EXPONENTIAL_TERMS = 32;
    private static final int SINE_TERMS = 15;
    private static final int LOGARITHM_TERMS = 26;
    private static final int ARCTANGENT_TERMS = 22;

    /// 1/n.
    private static final Wide[] RECIPROCALS = reciprocals();

    /// The arctangents of n/8.
    private static final Wide[] ARCTANGENTS = arctangents();

    private Elementary() {}

    private static Wide[] reciprocals() {
        Wide[] table = new Wide[2 * LOGARITHM_TERMS + 2];
        table[0] = Wide.ZERO;
        for (int n = 1; n < table.length; n++) {
            table[n] = Wide.ONE.divide(Wide.of(n));
        }
        return table;
    }

    private static Wide[] arctangents() {
        Wide[] table = new Wide[9];
        table[0] = Wide.ZERO;
        for (int n = 1; n < table.length; n++) {
            // atan(n/8) - atan((n-1)/8) = atan(1/8 : (1 + n(n-1)/64)) = atan(8 : (64 + n(n-1)))
            Wide step = Wide.of(8).divide(Wide.of(64 + n * (n - 1)));
            table[n] = table[n - 1].add(smallArctangent(step));
        }
        return table;
    }

    /// e^x - 1 for |x| below 1.
    static Wide exponentialLessOne(Wide x) {
        Wide sum = Wide.ONE;
        for (int n = EXPONENTIAL_TERMS; n >= 2; n--) {
            sum = Wide.ONE.add(x.multiply(RECIPROCALS[n]).multiply(sum));
        }
        return x.multiply(sum);
    }

    /// The logarithm to base 2 of (1 + x) / (1 - x), for |x| below 0.18.
    static Wide logarithmOfRatio(Wide x) {
        Wide square = x.multiply(x);
        Wide sum = RECIPROCALS[2 * LOGARITHM_TERMS + 1];
        for (int n = LOGARITHM_TERMS - 1; n >= 0; n--) {
            sum = RECIPROCALS[2 * n + 1].add(square.multiply(sum));
        }
        return x.multiply(sum).scale(1).multiply(Wide.LOG2_E);
    }

    /// The logarithm to base 2 of a positive number.
    static Wide logarithm(Wide x) {
        // The mantissa between the roots of 1/2 and 2, so that the sum cannot cancel.
        boolean upper = Long.compareUnsigned(x.high(), 0xB504_F333_F9DE_6484L) > 0;
        int whole = x.exponent() + (upper ? 1 : 0);
        Wide mantissa = x.scale(-whole);
        Wide ratio = mantissa.subtract(Wide.ONE).divide(mantissa.add(Wide.ONE));
        return Wide.of(whole).add(logarithmOfRatio(ratio));
    }

    /// The sine of |x| up to π/4.
    static Wide sine(Wide x) {
        Wide square = x.multiply(x);
        Wide sum = Wide.ONE;
        for (int n = SINE_TERMS; n >= 1; n--) {
            Wide factor = RECIPROCALS[2 * n].multiply(RECIPROCALS[2 * n + 1]);
            sum = Wide.ONE.subtract(square.multiply(factor).multiply(sum));
        }
        return x.multiply(sum);
    }

    /// The cosine of |x| up to π/4.
    static Wide cosine(Wide x) {
        Wide square = x.multiply(x);
        Wide sum = Wide.ONE;
        for (int n = SINE_TERMS; n >= 1; n--) {
            Wide factor = RECIPROCALS[2 * n - 1].multiply(RECIPROCALS[2 * n]);
            sum = Wide.ONE.subtract(square.multiply(factor).multiply(sum));
        }
        return sum;
    }

    /// The arctangent of a number from 0 to 1.
    static Wide arctangent(Wide x) {
        // The nearest eighth.
        int n = x.exponent() < -4 ? 0 : (int) ((x.high() >>> (59 - x.exponent())) + 1 >> 1);
        Wide near = Wide.of(n).scale(-3);
        Wide rest = x.subtract(near).divide(Wide.ONE.add(x.multiply(near)));
        return ARCTANGENTS[n].add(smallArctangent(rest));
    }

    private static Wide smallArctangent(Wide x) {
        Wide square = x.multiply(x);
        Wide sum = RECIPROCALS[2 * ARCTANGENT_TERMS + 1];
        for (int n = ARCTANGENT_TERMS - 1; n >= 0; n--) {
            sum = RECIPROCALS[2 * n + 1].subtract(square.multiply(sum));
        }
        return x.multiply(sum);
    }
}
