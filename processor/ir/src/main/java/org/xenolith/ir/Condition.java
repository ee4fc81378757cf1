package org.xenolith.ir;

/// A condition on the status flags, in the order of the x86 condition codes (SDM vol. 1, appendix
/// B), so that the low four bits of an opcode are the ordinal.
public enum Condition {
    OVERFLOW,
    NOT_OVERFLOW,
    BELOW,
    NOT_BELOW,
    ZERO,
    NOT_ZERO,
    BELOW_OR_EQUAL,
    ABOVE,
    SIGN,
    NOT_SIGN,
    PARITY,
    NOT_PARITY,
    LESS,
    NOT_LESS,
    LESS_OR_EQUAL,
    GREATER;

    private static final Condition[] VALUES = values();

    /// The condition with the given x86 code, 0 to 15.
    public static Condition ofCode(int code) {
        return VALUES[code & 15];
    }
}
