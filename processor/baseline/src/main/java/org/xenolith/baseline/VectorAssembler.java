package org.xenolith.baseline;

import org.xenolith.ir.HostInstruction.Opcode;

/// Encodes instructions of the SSE unit (SDM vol. 2, 2.1 and 2.2.1) behind those of an [Assembler].
final class VectorAssembler {
    private static final int REX = 0x40;
    private static final int REX_W = 8;

    private final Assembler code;

    VectorAssembler(Assembler code) {
        this.code = code;
    }

    /// An instruction on two registers, of whatever kinds, or a digit and a register.
    void op(Opcode opcode, boolean wide, int reg, int rm) {
        prefixes(opcode.prefix(), wide, reg, 0, rm);
        opcode(opcode);
        code.bytes(0xC0 | (reg & 7) << 3 | rm & 7);
    }

    /// An instruction on a register and memory at `base + index + displacement`.
    void op(Opcode opcode, boolean wide, int reg, int base, int index, int displacement) {
        prefixes(opcode.prefix(), wide, reg, Math.max(index, 0), base);
        opcode(opcode);
        code.memory(reg, base, index, 0, displacement);
    }

    private void prefixes(int prefix, boolean wide, int reg, int index, int base) {
        if (prefix != 0) {
            code.bytes(prefix);
        }
        int rex = (wide ? REX_W : 0) | reg >>> 3 << 2 | index >>> 3 << 1 | base >>> 3;
        if (rex != 0) {
            code.bytes(REX | rex);
        }
    }

    private void opcode(Opcode opcode) {
        code.bytes(0x0F);
        switch (opcode.map()) {
            case 2 -> code.bytes(0x38);
            case 3 -> code.bytes(0x3A);
            default -> {}
        }
        code.bytes(opcode.number());
    }

    // ---------------------------------------------------------------- whole registers

    /// A vector register gets 16 bytes, which may lie anywhere (MOVUPS).
    void load(int register, int base, int displacement) {
        move(0x10, register, base, displacement);
    }

    /// The opposite.
    void store(int register, int base, int displacement) {
        move(0x11, register, base, displacement);
    }

    private void move(int opcode, int register, int base, int displacement) {
        prefixes(0, false, register, 0, base);
        code.bytes(0x0F, opcode);
        code.memory(register, base, Assembler.NONE, 0, displacement);
    }

    // ---------------------------------------------------------------- MXCSR

    void loadControl(int base, int displacement) {
        loadControl(base, Assembler.NONE, displacement);
    }

    /// From `base + 8 * index + displacement`.
    void loadControl(int base, int index, int displacement) {
        control(2, base, index, displacement);
    }

    /// To `base + 8 * index + displacement`.
    void storeControl(int base, int index, int displacement) {
        control(3, base, index, displacement);
    }

    private void control(int digit, int base, int index, int displacement) {
        prefixes(0, false, 0, Math.max(index, 0), base);
        code.bytes(0x0F, 0xAE);
        code.memory(digit, base, index, 3, displacement);
    }

    // ---------------------------------------------------------------- flags

    /// AH gets SF, ZF, AF, PF and CF, at their places in RFLAGS.
    void loadFlags() {
        code.bytes(0x9F);
    }

    /// RAX gets AH.
    void extendHigh() {
        code.bytes(0x0F, 0xB6, 0xC4);
    }
}
