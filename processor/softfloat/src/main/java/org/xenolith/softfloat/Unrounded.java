package org.xenolith.softfloat;

/// The exact (or, below bit 0, sticky) result of an operation before it is rounded to a format, and
/// the flags found on the way.
///
/// The magnitude is `(high·2^64 + low) · 2^(exponent - 127)`. Bit 63 of `high` is set unless the
/// number is zero; bit 0 of `low` is set if bits below it are not all zero.
abstract sealed class Unrounded permits FpuContext, Mxcsr {
    boolean negative;
    int exponent;
    long high;
    long low;

    /// Whether the last rounding increased the magnitude.
    boolean roundedUp;

    /// Whether the last rounding changed the value.
    boolean inexact;

    /// Exceptions found so far ([FloatFlags]).
    public int flags;

    /// Rounding control: 0 nearest even, 1 down, 2 up, 3 toward zero.
    abstract int rounding();

    /// The masks of the six exceptions, at their places in [FloatFlags].
    abstract int masks();

    final boolean masked(int exception) {
        return (masks() & exception) != 0;
    }

    final void set(boolean sign, int newExponent, long newHigh, long newLow) {
        negative = sign;
        exponent = newExponent;
        high = newHigh;
        low = newLow;
    }

    final boolean isZero() {
        return (high | low) == 0;
    }
}
