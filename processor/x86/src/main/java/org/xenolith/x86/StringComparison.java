package org.xenolith.x86;

import org.xenolith.ir.Flags;

/// PCMPESTRI, PCMPESTRM, PCMPISTRI and PCMPISTRM (SDM vol. 1, 5.11; vol. 2B, 4.1): compares two
/// strings of at most 16 bytes or 8 words. Pure helpers. `control` is the immediate.
public final class StringComparison {
    private static final int WORDS = 1;
    private static final int SIGNED = 2;
    private static final int NEGATIVE = 0x10;
    private static final int MASKED = 0x20;

    /// The last index rather than the first; a mask of lanes rather than of bits.
    private static final int OUTPUT = 0x40;

    private StringComparison() {}

    private static int lanes(int control) {
        return (control & WORDS) != 0 ? 8 : 16;
    }

    private static int lane(long low, long high, int index, int control) {
        if ((control & WORDS) != 0) {
            int value = (int) ((index < 4 ? low : high) >>> 16 * (index & 3));
            return (control & SIGNED) != 0 ? (short) value : value & 0xFFFF;
        }
        int value = (int) ((index < 8 ? low : high) >>> 8 * (index & 7));
        return (control & SIGNED) != 0 ? (byte) value : value & 0xFF;
    }

    /// The length of a string that a zero ends, if one is there.
    public static long implicitLength(long low, long high, int control) {
        int length = 0;
        while (length < lanes(control) && lane(low, high, length, control) != 0) {
            length++;
        }
        return length;
    }

    /// A length from a register: its absolute value, at most all lanes.
    public static long explicitLength(long value, int control) {
        long length = Math.abs(value);
        return Long.compareUnsigned(length, lanes(control)) < 0 ? length : lanes(control);
    }

    /// One bit for each lane of the second string (`IntRes2`).
    public static long compare(
            long firstLow,
            long firstHigh,
            long secondLow,
            long secondHigh,
            int firstLength,
            int secondLength,
            int control) {
        int lanes = lanes(control);
        var first = new int[lanes];
        var second = new int[lanes];
        for (int index = 0; index < lanes; index++) {
            first[index] = lane(firstLow, firstHigh, index, control);
            second[index] = lane(secondLow, secondHigh, index, control);
        }
        int result = 0;
        for (int index = 0; index < lanes; index++) {
            boolean holds =
                    switch (control >>> 2 & 3) {
                        case 0 ->
                                index < secondLength && isOneOf(first, firstLength, second[index]);
                        case 1 ->
                                index < secondLength
                                        && isInRange(first, firstLength, second[index]);
                        case 2 ->
                                index < firstLength && index < secondLength
                                        ? first[index] == second[index]
                                        : index >= firstLength && index >= secondLength;
                        default -> beginsAt(first, firstLength, second, secondLength, index);
                    };
            result |= (holds ? 1 : 0) << index;
        }
        if ((control & NEGATIVE) != 0) {
            result ^= (1 << ((control & MASKED) != 0 ? secondLength : lanes)) - 1;
        }
        return result;
    }

    private static boolean isOneOf(int[] set, int length, int value) {
        for (int index = 0; index < length; index++) {
            if (set[index] == value) {
                return true;
            }
        }
        return false;
    }

    private static boolean isInRange(int[] bounds, int length, int value) {
        for (int index = 0; index + 1 < length; index += 2) {
            if (bounds[index] <= value && value <= bounds[index + 1]) {
                return true;
            }
        }
        return false;
    }

    /// Whether the first string is in the second at `index`, as far as lanes go.
    private static boolean beginsAt(
            int[] first, int firstLength, int[] second, int secondLength, int index) {
        for (int at = 0; at < firstLength && index + at < second.length; at++) {
            if (index + at >= secondLength || first[at] != second[index + at]) {
                return false;
            }
        }
        return true;
    }

    /// What PCMPxSTRI puts into ECX, and in the high half the flags.
    public static long index(long result, int firstLength, int secondLength, int control) {
        long flags = flags(result, firstLength, secondLength, control);
        return flags << Integer.SIZE | index(result, control);
    }

    /// The number of lanes if no bit is set.
    private static long index(long result, int control) {
        if (result == 0) {
            return lanes(control);
        }
        return (control & OUTPUT) != 0
                ? 63 - Long.numberOfLeadingZeros(result)
                : Long.numberOfTrailingZeros(result);
    }

    /// What PCMPxSTRM puts into one half (0 low, 1 high) of XMM0.
    public static long mask(long result, int control, int half) {
        if ((control & OUTPUT) == 0) {
            return half == 0 ? result : 0;
        }
        int lanes = lanes(control) / 2;
        int bits = 64 / lanes;
        long mask = 0;
        for (int lane = 0; lane < lanes; lane++) {
            long ones = -(result >>> lane + half * lanes & 1) & -1L >>> 64 - bits;
            mask |= ones << lane * bits;
        }
        return mask;
    }

    /// CF: a bit is set; ZF and SF: the second and the first string are shorter than a register;
    /// OF: the lowest bit.
    public static long flags(long result, int firstLength, int secondLength, int control) {
        int lanes = lanes(control);
        return (result != 0 ? Flags.CF : 0)
                | (secondLength < lanes ? Flags.ZF : 0)
                | (firstLength < lanes ? Flags.SF : 0)
                | ((result & 1) != 0 ? Flags.OF : 0);
    }
}
