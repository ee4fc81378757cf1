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

    // Fields of a kind.
    private static final int FIELD = 0xFF;
    private static final int BITS_SHIFT = 8;
    private static final int CARRY_SHIFT = 16;
    private static final int CARRY_BITS_SHIFT = 20;

    // CarryRule, by ordinal.
    private static final int CARRY_VALUE = 0;
    private static final int CARRY_ROTATE_LEFT = 1;

    private static final int OF_SHIFT = 11;

    private Flags() {}

    /// A rule and a width in one number.
    public static int kind(int rule, int bits) {
        return rule | bits << BITS_SHIFT;
    }

    /// A kind whose CF, and perhaps OF, follow from a [CarryRule], by ordinal, instead. Not if it
    /// [loses the overflow][#losesOverflow].
    public static int withCarry(int kind, int carryRule, int bits) {
        return kind & FIELD
                | kind & FIELD << BITS_SHIFT
                | carryRule + 1 << CARRY_SHIFT
                | bits << CARRY_BITS_SHIFT;
    }

    /// Whether a kind keeps an OF that a [CarryRule], by ordinal, leaves alone and that the kind
    /// with it would not have: the flags must be made explicit first.
    public static boolean losesOverflow(int kind, int carryRule) {
        return carryRule == CARRY_VALUE && (kind >>> CARRY_SHIFT & 0xF) > CARRY_VALUE + 1;
    }

    public static int rule(int kind) {
        return kind & FIELD;
    }

    public static int bits(int kind) {
        return kind >>> BITS_SHIFT & FIELD;
    }

    /// Whether CF follows from a [CarryRule].
    public static boolean hasCarry(int kind) {
        return (kind >>> CARRY_SHIFT & 0xF) != 0;
    }

    /// Whether flags of this rule are kept without their left value: it follows from the others.
    public static boolean isLeftImplied(int rule) {
        return rule == ADD || rule == SUB;
    }

    private static long left(int rule, int bits, long left, long right, long result) {
        return switch (rule) {
            case ADD -> result - right & -1L >>> 64 - bits;
            case SUB -> result + right & -1L >>> 64 - bits;
            default -> left;
        };
    }

    /// As [#all], of flags as a [Context] keeps them.
    public static int allLazy(int kind, long left, long right, long result, long carry) {
        int rule = rule(kind);
        int bits = bits(kind);
        int flags = all(rule, bits, left(rule, bits, left, right, result), right, result);
        return hasCarry(kind) ? replaceCarry(kind, flags, carry) : flags;
    }

    private static int replaceCarry(int kind, int flags, long value) {
        int bits = kind >>> CARRY_BITS_SHIFT;
        int top = (int) (value >>> bits - 1) & 1;
        return switch ((kind >>> CARRY_SHIFT & 0xF) - 1) {
            case CARRY_VALUE -> flags & ~CF | (int) value & 1;
            case CARRY_ROTATE_LEFT -> {
                int carry = (int) value & 1;
                yield flags & ~(CF | OF) | carry | (top ^ carry) << OF_SHIFT;
            }
            default -> {
                int second = (int) (value >>> bits - 2) & 1;
                yield flags & ~(CF | OF) | top | (top ^ second) << OF_SHIFT;
            }
        };
    }

    /// As [#test], of flags as a [Context] keeps them.
    public static boolean testLazy(
            int code, int kind, long left, long right, long result, long carry) {
        int rule = rule(kind);
        int bits = bits(kind);
        if (hasCarry(kind)) {
            return test(code, EXPLICIT, 8, 0, 0, allLazy(kind, left, right, result, carry));
        }
        return test(code, rule, bits, left(rule, bits, left, right, result), right, result);
    }

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
            case SHR -> right == 1 && ((left ^ result) >>> top & 1) != 0;
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
