package org.xenolith.baseline;

import org.xenolith.ir.Context;

/// Where things are while machine code of a region runs.
final class Frame {
    /// The address of the context's registers, [#BIAS] bytes further, so that the first 32 slots
    /// are reached with a displacement of one byte.
    static final int REGISTERS = Assembler.RDI;

    static final int BIAS = 128;

    /// What is added to a place to get its address.
    static final int BASE = Assembler.RBP;

    static final int READ_TAGS = Assembler.RSI;
    static final int WRITE_TAGS = Assembler.R8;
    static final int OFFSETS = Assembler.R9;

    /// How many instructions may still be executed.
    static final int BUDGET = Assembler.R10;

    // Slots of the context for what Java keeps in fields.
    static final int PC = Context.COMPILER_SLOTS;
    static final int FLAG_KIND = PC + 1;
    static final int FLAG_LEFT = PC + 2;
    static final int FLAG_RIGHT = PC + 3;
    static final int FLAG_RESULT = PC + 4;
    static final int FLAG_CARRY = PC + 5;

    private Frame() {}

    /// The displacement of a slot from [#REGISTERS].
    static int slot(int slot) {
        return slot * Long.BYTES - BIAS;
    }
}
