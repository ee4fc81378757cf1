package org.xenolith.x86;

import static org.xenolith.ir.Flags.AF;
import static org.xenolith.ir.Flags.CF;
import static org.xenolith.ir.Flags.PF;
import static org.xenolith.ir.Flags.SF;
import static org.xenolith.ir.Flags.ZF;

/// The decimal adjustments of AL and AX (SDM vol. 2A). Pure.
public final class Decimal {
    static final int DAA = 0;
    static final int DAS = 1;
    static final int AAA = 2;
    static final int AAS = 3;
    static final int AAM = 4;
    static final int AAD = 5;

    private Decimal() {}

    /// AX after the operation.
    public static long adjustAfter(int operation, int base, long ax, long flags) {
        return perform(operation, base, (int) ax, (int) flags) & 0xFFFF;
    }

    /// The status flags after the operation.
    public static long flagsAfter(int operation, int base, long ax, long flags) {
        return perform(operation, base, (int) ax, (int) flags) >>> 16;
    }

    /// AX in the low 16 bits, the flags above them.
    private static int perform(int operation, int base, int ax, int flags) {
        int al = ax & 0xFF;
        int ah = ax >>> 8;
        return switch (operation) {
            case DAA, DAS -> packed(operation == DAS, ax, flags);
            case AAA, AAS -> {
                boolean adjust = (al & 0xF) > 9 || (flags & AF) != 0;
                int sign = operation == AAA ? 1 : -1;
                int after = adjust ? ax + sign * 0x106 : ax;
                if (operation == AAS && adjust) {
                    after = ax - 6;
                    after = after - 0x100;
                }
                int result = after & 0xFF00 | after & 0x0F;
                yield result | (resultFlags(result & 0xFF) | (adjust ? AF | CF : 0)) << 16;
            }
            case AAM -> {
                int result = (al / base) << 8 | al % base;
                yield result | resultFlags(result & 0xFF) << 16;
            }
            default -> {
                int result = al + ah * base & 0xFF;
                yield result | resultFlags(result) << 16;
            }
        };
    }

    private static int packed(boolean subtract, int ax, int flags) {
        int al = ax & 0xFF;
        boolean carry = (flags & CF) != 0;
        boolean low = (al & 0xF) > 9 || (flags & AF) != 0;
        boolean high = al > 0x99 || carry;
        int result = al;
        boolean carryOut = high;
        if (low) {
            carryOut |= subtract && al < 6;
            result += subtract ? -6 : 6;
        }
        if (high) {
            result += subtract ? -0x60 : 0x60;
        }
        result &= 0xFF;
        int after = resultFlags(result) | (low ? AF : 0) | (carryOut ? CF : 0);
        return ax & 0xFF00 | result | after << 16;
    }

    private static int resultFlags(int result) {
        int flags = result == 0 ? ZF : 0;
        flags |= (result & 0x80) != 0 ? SF : 0;
        return flags | ((Integer.bitCount(result) & 1) == 0 ? PF : 0);
    }
}
