package org.xenolith.x86;

import static org.xenolith.ir.Flags.CF;
import static org.xenolith.ir.Flags.OF;

import org.xenolith.ir.Flags;

/// Shifts and rotates by counts that are not known at translation. Pure; values are zero-extended
/// from `bits`, counts are masked to 5 or 6 bits, `flags` are those before.
public final class ShiftArithmetic {
    static final int SHL = 0;
    static final int SHR = 1;
    static final int SAR = 2;

    private ShiftArithmetic() {}

    private static long mask(int bits) {
        return -1L >>> (64 - bits);
    }

    private static long signed(int bits, long value) {
        return value << (64 - bits) >> (64 - bits);
    }

    public static long shift(int kind, int bits, long value, long count) {
        return switch (kind) {
            case SHL -> count >= bits ? 0 : value << count & mask(bits);
            case SHR -> count >= bits ? 0 : value >>> count;
            default -> signed(bits, value) >> Math.min(count, 63) & mask(bits);
        };
    }

    public static long shiftFlags(int kind, int bits, long value, long count, long flags) {
        if (count == 0) {
            return flags;
        }
        long result = shift(kind, bits, value, count);
        boolean carry =
                switch (kind) {
                    case SHL -> count <= bits && (value >>> (bits - count) & 1) != 0;
                    case SHR -> count <= bits && (value >>> (count - 1) & 1) != 0;
                    default -> (signed(bits, value) >> Math.min(count - 1, 63) & 1) != 0;
                };
        boolean top = (result >>> (bits - 1) & 1) != 0;
        boolean overflow =
                switch (kind) {
                    case SHL -> top != carry;
                    case SHR -> count == 1 && (value >>> (bits - 1) & 1) != 0;
                    default -> false;
                };
        return Flags.all(Flags.LOGIC, bits, 0, 0, result) | (carry ? CF : 0) | (overflow ? OF : 0);
    }

    /// `result` is the rotated value.
    public static long rotateFlags(int left, int bits, long result, long count, long flags) {
        if (count == 0) {
            return flags;
        }
        boolean top = (result >>> (bits - 1) & 1) != 0;
        boolean carry = left != 0 ? (result & 1) != 0 : top;
        boolean second = left != 0 ? carry : (result >>> (bits - 2) & 1) != 0;
        return flags & ~(long) (CF | OF) | (carry ? CF : 0) | (top != second ? OF : 0);
    }

    public static long rotateThroughCarry(int left, int bits, long value, long count, long carry) {
        long result = value;
        long bit = carry & 1;
        for (long steps = count % (bits + 1); steps > 0; steps--) {
            if (left != 0) {
                long out = result >>> (bits - 1) & 1;
                result = (result << 1 | bit) & mask(bits);
                bit = out;
            } else {
                long out = result & 1;
                result = result >>> 1 | bit << (bits - 1);
                bit = out;
            }
        }
        return result;
    }

    public static long rotateThroughCarryFlags(
            int left, int bits, long value, long count, long flags) {
        int steps = (int) (count % (bits + 1));
        if (steps == 0) {
            // The carry is where it was; OF follows as after any other count.
            return count == 0 ? flags : flags & ~(long) OF | overflow(left, bits, value, flags);
        }
        long result = rotateThroughCarry(left, bits, value, count, flags & CF);
        long carry = left != 0 ? value >>> (bits - steps) & 1 : value >>> (steps - 1) & 1;
        long after = flags & ~(long) (CF | OF) | carry;
        return after | overflow(left, bits, result, after);
    }

    private static long overflow(int left, int bits, long result, long flags) {
        long top = result >>> (bits - 1) & 1;
        long other = left != 0 ? flags & CF : result >>> (bits - 2) & 1;
        return top != other ? OF : 0;
    }

    /// SHLD and SHRD. For 16 bits and counts above 16 the result is what processors give that shift
    /// the three words `value:fill:value` (the manual leaves it undefined).
    public static long doubleShift(int left, int bits, long value, long fill, long count) {
        if (count == 0) {
            return value;
        }
        if (bits == 16) {
            long wide = value << 32 | fill << 16 | value;
            return left != 0 ? wide << count >>> 32 & 0xFFFF : wide >>> count & 0xFFFF;
        }
        long shifted =
                left != 0
                        ? value << count | fill >>> (bits - count)
                        : value >>> count | fill << (bits - count);
        return shifted & mask(bits);
    }

    public static long doubleShiftFlags(
            int left, int bits, long value, long fill, long count, long flags) {
        if (count == 0) {
            return flags;
        }
        long result = doubleShift(left, bits, value, fill, count);
        long wide = value << 32 | fill << 16 | value;
        long carry;
        if (bits == 16) {
            carry = left != 0 ? wide >>> (48 - count) & 1 : wide >>> (count - 1) & 1;
        } else {
            carry = left != 0 ? value >>> (bits - count) & 1 : value >>> (count - 1) & 1;
        }
        boolean overflow = ((value ^ result) >>> (bits - 1) & 1) != 0;
        return Flags.all(Flags.LOGIC, bits, 0, 0, result) | carry | (overflow ? OF : 0);
    }
}
