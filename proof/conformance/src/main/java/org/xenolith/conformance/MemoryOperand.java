package org.xenolith.conformance;

/// A random ModRM memory operand that points at a chosen address: picks the form and sets the
/// registers that it uses (SDM vol. 2, tables 2-1 to 2-3).
final class MemoryOperand {
    private static final int RSP = 4;
    private static final int RBP = 5;

    /// Base and index of the 16-bit forms; -1 for none.
    private static final int[][] FORMS_16 = {
        {3, 6}, {3, 7}, {5, 6}, {5, 7}, {6, -1}, {7, -1}, {5, -1}, {3, -1}
    };

    private final Dice dice;
    private final long[] registers;
    private final boolean compatibility;
    private final int addressBits;

    int mod;
    int rm;
    int sib = -1;
    int rexBits;
    long displacement;
    int displacementBytes;

    /// RIP-relative: the displacement counts from the end of the instruction.
    boolean ripRelative;

    /// The registers used, one bit each.
    int used;

    /// `rex`: registers 8 to 15 may be used.
    MemoryOperand(
            Dice dice,
            long[] registers,
            boolean compatibility,
            int addressBits,
            boolean rex,
            long effectiveAddress) {
        this.dice = dice;
        this.registers = registers;
        this.compatibility = compatibility;
        this.addressBits = addressBits;
        if (addressBits == 16) {
            aim16((int) effectiveAddress & 0xFFFF);
        } else {
            aim(effectiveAddress, rex);
        }
    }

    private void aim16(int address) {
        rm = dice.below(8);
        mod = dice.below(3);
        if (mod == 0 && rm == 6) {
            displacement = address;
            displacementBytes = 2;
            return;
        }
        displacementBytes = mod;
        displacement = mod == 0 ? 0 : mod == 1 ? (byte) dice.anyLong() : (short) dice.anyLong();
        int rest = address - (int) displacement;
        int base = FORMS_16[rm][0];
        int index = FORMS_16[rm][1];
        if (index >= 0) {
            int offset = dice.chance(50) ? dice.between(-64, 64) : dice.below(0x10000);
            set16(index, offset);
            rest -= offset;
        }
        set16(base, rest);
    }

    private void set16(int register, int value) {
        registers[register] = registers[register] & 0xFFFF_0000L | value & 0xFFFF;
        used |= 1 << register;
    }

    private void aim(long address, boolean rex) {
        boolean reachable = address == (int) address && address >= 0;
        rm = dice.below(8);
        mod = dice.below(3);
        if (mod == 0 && rm == RBP) {
            if (!reachable) {
                mod = 2;
            } else {
                displacement = address;
                displacementBytes = 4;
                ripRelative = !compatibility;
                return;
            }
        }
        int rexB = rex && dice.chance(50) ? 8 : 0;
        if (rm != RSP) {
            chooseDisplacement();
            set(rm | rexB, address - displacement);
            rexBits = rexB >> 3;
            return;
        }
        aimWithSib(address, reachable, rexB, rex && dice.chance(50) ? 8 : 0);
    }

    private void aimWithSib(long address, boolean reachable, int rexB, int rexX) {
        int base = dice.below(8);
        int index = dice.below(8);
        int scale = dice.below(4);
        boolean indexed = index != RSP || rexX != 0;
        boolean based = mod != 0 || base != RBP;
        if ((!based || indexed && (base | rexB) == (index | rexX)) && !reachable) {
            index = RSP;
            rexX = 0;
            base = 0;
            based = true;
            indexed = false;
        }
        sib = scale << 6 | index << 3 | base;
        rexBits = rexB >> 3 | rexX >> 2;
        if (based && !(indexed && (base | rexB) == (index | rexX))) {
            chooseDisplacement();
            long offset = 0;
            if (indexed) {
                offset = indexValue();
                set(index | rexX, offset);
                offset <<= scale;
            }
            set(base | rexB, address - displacement - offset);
            return;
        }
        long value = indexed ? dice.between(-1000, 1000) : 0;
        if (based) {
            mod = 2;
        }
        displacementBytes = 4;
        displacement = address - (value << scale) - (based ? value : 0);
        if (indexed) {
            set(index | rexX, value);
        }
    }

    private long indexValue() {
        return dice.chance(70) ? dice.between(-1000, 1000) : dice.anyLong();
    }

    private void chooseDisplacement() {
        displacementBytes = mod == 0 ? 0 : mod == 1 ? 1 : 4;
        displacement =
                switch (mod) {
                    case 0 -> 0;
                    case 1 -> (byte) dice.anyLong();
                    default -> dice.chance(50) ? dice.between(-1000, 1000) : (int) dice.anyLong();
                };
    }

    private void set(int register, long value) {
        long high = compatibility || dice.chance(50) ? 0 : dice.anyLong() << 32;
        registers[register] = addressBits == 64 ? value : value & 0xFFFF_FFFFL | high;
        used |= 1 << register;
    }
}
