package org.xenolith.ir;

/// The meaning of each [FlagRule]. **Hot path.** Static, on primitives; the rule is an ordinal and
/// the width a number of bits. Values are zero-extended from their width.
public final class Flags {
    public static final int CF = 1;
    public static final int PF = 1 << 2;
    public static final int AF = 1 << 4;
    public static final int ZF = 1 << 6;
    public static final int SF = 1 << 7;
    public static final int OF = 1 << 11;

    /// The six status flags.
    public static final int STATUS = CF | PF | AF | ZF | SF | OF;

    public static final int EXPLICIT = 0;
    public static final int ADD = 1;
    public static final int ADC = 2;
    public static final int SUB = 3;
    public static final int SBB = 4;
    public static final int LOGIC = 5;
    public static final int INC = 6;
    public static final int DEC = 7;
    public static final int SHL = 8;
    public static final int SHR = 9;
    public static final int SAR = 10;
    public static final int MUL = 11;

    private Flags() {}

    /// All six flags at their places in RFLAGS.
    public static int all(int rule, int bits, long left, long right, long result) {
        if (rule == EXPLICIT) {
            return (int) result & STATUS;
        }
        int flags = carry(rule, bits, left, right, result) ? CF : 0;
        flags |= parity(rule, result) ? PF : 0;
        flags |= adjust(rule, left, right, result) ? AF : 0;
        flags |= result == 0 ? ZF : 0;
        flags |= sign(rule, bits, result) ? SF : 0;
        flags |= overflow(rule, bits, left, right, result) ? OF : 0;
        return flags;
    }

    public static boolean carry(int rule, int bits, long left, long right, long result) {
        return switch (rule) {
            case EXPLICIT -> (result & CF) != 0;
            case ADD -> Long.compareUnsigned(result, left) < 0;
            case ADC -> (((left & right) | ((left | right) & ~result)) >>> (bits - 1) & 1) != 0;
            case SUB -> Long.compareUnsigned(left, right) < 0;
            case SBB -> (((~left & right) | ((~left | right) & result)) >>> (bits - 1) & 1) != 0;
            case LOGIC -> false;
            case INC, DEC, MUL -> left != 0;
            case SHL -> (left >>> (bits - right) & 1) != 0;
            case SHR -> (left >>> (right - 1) & 1) != 0;
            default -> (left << (64 - bits) >> (64 - bits) >> (right - 1) & 1) != 0;
        };
    }

    public static boolean overflow(int rule, int bits, long left, long right, long result) {
        int top = bits - 1;
        return switch (rule) {
            case EXPLICIT -> (result & OF) != 0;
            case ADD, ADC -> (((left ^ result) & (right ^ result)) >>> top & 1) != 0;
            case SUB, SBB -> (((left ^ right) & (left ^ result)) >>> top & 1) != 0;
            case LOGIC, SAR -> false;
            case INC -> result == 1L << top;
            case DEC -> result == (1L << top) - 1;
            case SHL -> ((result >>> top ^ left >>> (bits - right)) & 1) != 0;
            case SHR -> right == 1 && (left >>> top & 1) != 0;
            default -> left != 0;
        };
    }

    public static boolean zero(int rule, long result) {
        return rule == EXPLICIT ? (result & ZF) != 0 : result == 0;
    }

    public static boolean sign(int rule, int bits, long result) {
        return rule == EXPLICIT ? (result & SF) != 0 : (result >>> (bits - 1) & 1) != 0;
    }

    public static boolean parity(int rule, long result) {
        return rule == EXPLICIT
                ? (result & PF) != 0
                : (Integer.bitCount((int) result & 0xFF) & 1) == 0;
    }

    private static boolean adjust(int rule, long left, long right, long result) {
        return switch (rule) {
            case ADD, ADC, SUB, SBB -> ((left ^ right ^ result) & 0x10) != 0;
            case INC -> (result & 0xF) == 0;
            case DEC -> (result & 0xF) == 0xF;
            default -> false;
        };
    }

    /// Whether the condition with x86 code `code` (0 to 15) holds.
    public static boolean test(int code, int rule, int bits, long left, long right, long result) {
        boolean holds =
                switch (code >>> 1) {
                    case 0 -> overflow(rule, bits, left, right, result);
                    case 1 -> carry(rule, bits, left, right, result);
                    case 2 -> zero(rule, result);
                    case 3 -> carry(rule, bits, left, right, result) || zero(rule, result);
                    case 4 -> sign(rule, bits, result);
                    case 5 -> parity(rule, result);
                    case 6 -> less(rule, bits, left, right, result);
                    default -> zero(rule, result) || less(rule, bits, left, right, result);
                };
        return holds ^ (code & 1) != 0;
    }

    private static boolean less(int rule, int bits, long left, long right, long result) {
        if (rule == SUB) {
            int unused = 64 - bits;
            return left << unused < right << unused;
        }
        return sign(rule, bits, result) != overflow(rule, bits, left, right, result);
    }
}
