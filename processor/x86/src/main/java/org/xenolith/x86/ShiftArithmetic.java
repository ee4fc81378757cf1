package org.xenolith.x86;

import static org.xenolith.ir.Flags.CF;
import static org.xenolith.ir.Flags.OF;

import org.xenolith.ir.Flags;

/// Shifts and rotates by counts that are not known at translation. Pure; values are zero-extended
/// from `bits`, counts are masked to 5 or 6 bits, `flags` are those before.
public final class ShiftArithmetic {
    private ShiftArithmetic() {}

    private static long mask(int bits) {
        return -1L >>> (64 - bits);
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

    /// SHLD and SHRD of 16 bits. For counts above 16 the result is what processors give that shift
    /// the three words `value:fill:value` (the manual leaves it undefined).
    public static long doubleShift(int left, long value, long fill, long count) {
        if (count == 0) {
            return value;
        }
        long words = words(value, fill);
        return left != 0 ? words << count >>> 32 & 0xFFFF : words >>> count & 0xFFFF;
    }

    private static long words(long value, long fill) {
        return value << 32 | fill << 16 | value;
    }

    public static long doubleShiftFlags(int left, long value, long fill, long count, long flags) {
        if (count == 0) {
            return flags;
        }
        long result = doubleShift(left, value, fill, count);
        long words = words(value, fill);
        long carry = left != 0 ? words >>> (48 - count) & 1 : words >>> (count - 1) & 1;
        boolean overflow = ((value ^ result) >>> 15 & 1) != 0;
        return Flags.all(Flags.LOGIC, 16, 0, 0, result) | carry | (overflow ? OF : 0);
    }
}
