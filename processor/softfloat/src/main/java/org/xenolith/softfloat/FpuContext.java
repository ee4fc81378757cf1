package org.xenolith.softfloat;

/// What an x87 operation reads and leaves: the control word in, the flags and the result out. One
/// for each virtual processor, reused by every operation; not shared between threads.
///
/// Every operation of the `Float80…` classes sets [#flags] afresh: the low six bits and C0 to C3
/// stand where the status word has them (SDM vol. 1, 8.1.3), so that the caller adds the exceptions
/// to the status word and replaces the condition codes that the instruction defines. It returns
/// whether there is a result to be written: false after an exception that is not masked and found
/// before the computation (or, for a store to memory, also overflow and underflow).
public final class FpuContext extends Unrounded {
    /// Bits 63 to 0 of the result, the integer bit included; or the low part of a decimal.
    public long significand;

    /// Bits 79 to 64 of the result: sign and biased exponent; or the high part of a decimal.
    public int signExponent;

    /// The second result of FSINCOS (cosine), FPTAN (one) and FXTRACT (significand): what is
    /// pushed.
    public long secondSignificand;

    /// Sign and exponent of the second result.
    public int secondSignExponent;

    /// The result of a store to an integer (sign-extended), to float64 or to float32 (low half).
    public long integer;

    private int controlWord = 0x037F;

    /// The control word (SDM vol. 1, 8.1.5).
    public int controlWord() {
        return controlWord;
    }

    /// Sets rounding, precision and masks from a control word.
    public void controlWord(int word) {
        controlWord = word & 0xFFFF;
    }

    @Override
    int rounding() {
        return controlWord >>> 10 & 3;
    }

    @Override
    int masks() {
        return controlWord & FloatFlags.EXCEPTIONS;
    }

    /// Precision control: 24, 53 or 64 bits. The reserved value means 64.
    int precision() {
        return switch (controlWord >>> 8 & 3) {
            case 0 -> 24;
            case 2 -> 53;
            default -> 64;
        };
    }

    void begin() {
        flags = 0;
        inexact = false;
        roundedUp = false;
    }

    /// Sets the result.
    boolean give(long newSignificand, int newSignExponent) {
        significand = newSignificand;
        signExponent = newSignExponent;
        return true;
    }

    boolean give(boolean sign, int biasedExponent, long newSignificand) {
        return give(newSignificand, (sign ? 0x8000 : 0) | biasedExponent);
    }

    /// Gives an operand back; a pseudo-denormal becomes the normal number that it is.
    boolean giveOperand(long operand, int operandSignExponent) {
        boolean pseudo = operand < 0 && (operandSignExponent & Float80.EXPONENT_MAX) == 0;
        return give(operand, pseudo ? operandSignExponent | 1 : operandSignExponent);
    }

    boolean giveZero(boolean sign) {
        return give(sign, 0, 0);
    }

    boolean giveInfinity(boolean sign) {
        return give(sign, Float80.EXPONENT_MAX, Long.MIN_VALUE);
    }

    /// Notes an exception found before the computation; true if it is masked.
    boolean raise(int exception) {
        flags |= exception;
        return masked(exception);
    }

    /// An invalid operation: the default NaN, if masked.
    boolean invalid() {
        return raise(FloatFlags.INVALID) && give(Float80.DEFAULT_NAN, 0xFFFF);
    }

    /// Takes an operand of class zero to normal as the unrounded number.
    void load(long operand, int operandSignExponent) {
        set(
                Float80.isNegative(operandSignExponent),
                Float80.exponent(operand, operandSignExponent),
                Float80.normalized(operand),
                0);
    }
}
