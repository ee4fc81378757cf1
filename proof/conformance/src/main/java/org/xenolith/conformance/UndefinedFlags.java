package org.xenolith.conformance;

/// Which status flags the manual leaves undefined (SDM vol. 2, "Flags Affected").
final class UndefinedFlags {
    static final long CARRY = 1;
    static final long PARITY = 1 << 2;
    static final long ADJUST = 1 << 4;
    static final long ZERO = 1 << 6;
    static final long SIGN = 1 << 7;
    static final long OVERFLOW = 1 << 11;
    static final long STATUS = CARRY | PARITY | ADJUST | ZERO | SIGN | OVERFLOW;

    private UndefinedFlags() {}

    /// `rule` is a form's letters or the name of a rule for shifts; `count` is what a shift shifts
    /// by, before masking, `bits` its operand's width.
    static long of(String rule, int count, int bits) {
        int masked = count & (bits == 64 ? 63 : 31);
        return switch (rule) {
            case "shift" -> shift(masked) | (masked >= bits ? CARRY : 0);
            case "sar" -> shift(masked);
            case "rotate" -> masked == 1 || masked == 0 ? 0 : OVERFLOW;
            case "shld" -> masked > bits ? STATUS : shift(masked);
            case "bswap" -> 0;
            default -> letters(rule);
        };
    }

    private static long shift(int masked) {
        return switch (masked) {
            case 0 -> 0;
            case 1 -> ADJUST;
            default -> ADJUST | OVERFLOW;
        };
    }

    private static long letters(String letters) {
        long flags = 0;
        for (char letter : letters.toCharArray()) {
            flags |=
                    switch (letter) {
                        case 'O' -> OVERFLOW;
                        case 'S' -> SIGN;
                        case 'Z' -> ZERO;
                        case 'A' -> ADJUST;
                        case 'P' -> PARITY;
                        case 'C' -> CARRY;
                        default -> throw new IllegalArgumentException("unknown rule " + letters);
                    };
        }
        return flags;
    }
}
