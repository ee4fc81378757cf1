package org.xenolith.softfloat;

/// Bits of the x87 status word (SDM vol. 1, 8.1.3); the low six are also the flags of MXCSR, and
/// the masks of both (SDM vol. 1, 10.2.3).
public final class FloatFlags {
    /// IE: an operand is a signaling NaN or unsupported, or the operation has no value.
    public static final int INVALID = 0x01;

    /// DE: an operand is denormal.
    public static final int DENORMAL = 0x02;

    /// ZE: a finite number was divided by zero.
    public static final int DIVIDE_BY_ZERO = 0x04;

    /// OE: the rounded result is too large for the destination.
    public static final int OVERFLOW = 0x08;

    /// UE: the rounded result is too small for a normal number of the destination.
    public static final int UNDERFLOW = 0x10;

    /// PE: the result was rounded.
    public static final int PRECISION = 0x20;

    /// All six exceptions.
    public static final int EXCEPTIONS = 0x3F;

    /// C0: compare below; third quotient bit of a remainder.
    public static final int C0 = 0x0100;

    /// C1: the magnitude was rounded up; lowest quotient bit; sign in an examination.
    public static final int C1 = 0x0200;

    /// C2: unordered; a remainder or a reduction is not complete.
    public static final int C2 = 0x0400;

    /// C3: compare equal; second quotient bit of a remainder.
    public static final int C3 = 0x4000;

    /// Exceptions found before anything is computed.
    static final int BEFORE_COMPUTATION = INVALID | DENORMAL | DIVIDE_BY_ZERO;

    private FloatFlags() {}
}
