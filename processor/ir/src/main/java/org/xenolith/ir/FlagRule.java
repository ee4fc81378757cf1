package org.xenolith.ir;

/// How the six status flags (CF, PF, AF, ZF, SF, OF) follow from an operation's operands and
/// result. Flags are kept in this form until somebody reads them.
public enum FlagRule {
    /// `result` holds the flags at their places in RFLAGS.
    EXPLICIT,
    /// `result = left + right`.
    ADD,
    /// `result = left + right + carry`.
    ADC,
    /// `result = left - right`.
    SUB,
    /// `result = left - right - borrow`.
    SBB,
    /// AND, OR, XOR, TEST: CF, OF and AF are clear.
    LOGIC,
    /// `result = x + 1`; `left` holds the CF that stays.
    INC,
    /// `result = x - 1`; `left` holds the CF that stays.
    DEC,
    /// `result = left << right`, or what comes in is something else; `right` is from 1 to 31, or of
    /// 64 bits to 63. CF is the last bit that goes out.
    SHL,
    /// `result = left >>> right`, or what comes in is something else; `right` as before.
    SHR,
    /// `result = left >> right`, `right` as before.
    SAR,
    /// `left` is 1 where the product did not fit: CF and OF.
    MUL;

    private static final FlagRule[] VALUES = values();

    public static FlagRule ofOrdinal(int ordinal) {
        return VALUES[ordinal];
    }
}
