package org.xenolith.baseline;

import org.xenolith.ir.Width;

import java.util.Arrays;

/// Encodes x86-64 instructions (SDM vol. 2, chapter 2) into a buffer. Opcodes are given for widths
/// above 8; the form for bytes is the one before. Two-byte opcodes are `0x0Fxx`.
final class Assembler {
    static final int RAX = 0;
    static final int RCX = 1;
    static final int RDX = 2;
    static final int RBX = 3;
    static final int RSP = 4;
    static final int RBP = 5;
    static final int RSI = 6;
    static final int RDI = 7;
    static final int R8 = 8;
    static final int R9 = 9;
    static final int R10 = 10;
    static final int R11 = 11;
    static final int R12 = 12;
    static final int R13 = 13;
    static final int R14 = 14;
    static final int R15 = 15;

    /// No index register.
    static final int NONE = -1;

    // `op r, r/m` forms.
    static final int ADD = 0x03;
    static final int OR = 0x0B;
    static final int ADC = 0x13;
    static final int AND = 0x23;
    static final int SUB = 0x2B;
    static final int XOR = 0x33;
    static final int CMP = 0x3B;
    static final int MOV = 0x8B;
    static final int IMUL = 0x0FAF;
    static final int BSF = 0x0FBC;
    static final int BSR = 0x0FBD;
    static final int CMOV = 0x0F40;
    static final int LEA = 0x8D;

    // `op r/m, r` forms.
    static final int STORE = 0x89;
    static final int ADD_TO = 0x01;
    static final int SUBTRACT_FROM = 0x29;
    static final int TEST = 0x85;
    static final int BT = 0x0FA3;
    static final int CMPXCHG = 0x0FB1;

    /// What the opcode `/digit` of a shift is.
    static final int ROL = 0;

    static final int ROR = 1;
    static final int SHL = 4;
    static final int SHR = 5;
    static final int SAR = 7;

    /// `jmp` with a distance of four bytes.
    static final int JUMP = 0xE9;

    // Condition codes.
    static final int OVERFLOW = 0;
    static final int BELOW = 2;
    static final int EQUAL = 4;
    static final int NOT_EQUAL = 5;
    static final int ABOVE = 7;
    static final int LESS = 12;
    static final int LESS_OR_EQUAL = 14;
    static final int GREATER = 15;

    private byte[] code = new byte[8192];
    private int size;
    private int[] labels = new int[64];
    private int labelCount;
    private final JumpLengths lengths = new JumpLengths();

    byte[] buffer() {
        return code;
    }

    int size() {
        return size;
    }

    // ---------------------------------------------------------------- bytes

    Assembler bytes(int... values) {
        for (int value : values) {
            one(value);
        }
        return this;
    }

    private void one(int value) {
        if (size == code.length) {
            code = Arrays.copyOf(code, 2 * size);
        }
        code[size++] = (byte) value;
    }

    private void number(long value, int bytes) {
        for (int index = 0; index < bytes; index++) {
            one((int) (value >>> 8 * index));
        }
    }

    // ---------------------------------------------------------------- labels

    int label() {
        if (labelCount == labels.length) {
            labels = Arrays.copyOf(labels, 2 * labelCount);
        }
        labels[labelCount] = -1;
        return labelCount++;
    }

    void bind(int label) {
        labels[label] = size;
    }

    void jump(int label) {
        int room = lengths.jump(size, label);
        room(room);
    }

    void jumpIf(int condition, int label) {
        int room = lengths.branch(size, label);
        bytes(0x0F, 0x80 | condition);
        room(room - 2);
    }

    /// A jump with a distance of four bytes, however far it goes.
    void longJump(int label) {
        one(JUMP);
        distance(label);
    }

    /// The same, where a condition holds.
    void longJumpIf(int condition, int label) {
        bytes(0x0F, 0x80 | condition);
        distance(label);
    }

    /// The distance of a label, of four bytes, from what follows.
    void distance(int label) {
        int room = lengths.distance(size, label);
        room(room);
    }

    /// Instructions that do nothing, up to where a number of four bytes that begins `before` bytes
    /// further on lies within eight at a multiple of eight.
    void pad(int before) {
        int room = lengths.pad(size, before);
        room(room);
    }

    private void room(int bytes) {
        number(0, bytes);
    }

    /// At the end: every jump gets its distance.
    void link() {
        size = lengths.link(code, size, labels);
    }

    // ---------------------------------------------------------------- forms

    private void prefixes(Width width, int reg, int index, int base, boolean byteRegister) {
        if (width == Width.W16) {
            one(0x66);
        }
        int rex = (width == Width.W64 ? 8 : 0) | (reg >>> 3) << 2 | base >>> 3;
        if (index >= 0) {
            rex |= index >>> 3 << 1;
        }
        if (rex != 0 || byteRegister) {
            one(0x40 | rex);
        }
    }

    private void opcode(Width width, int opcode) {
        int whole = width == Width.W8 ? opcode & ~1 : opcode;
        if (whole > 0xFF) {
            one(whole >>> 8);
        }
        one(whole);
    }

    private static boolean needsRex(Width width, int register) {
        return width == Width.W8 && register >= RSP;
    }

    /// An instruction on two registers, or a register and an opcode's digit.
    void op(Width width, int opcode, int reg, int rm) {
        prefixes(width, reg, 0, rm, needsRex(width, reg) || needsRex(width, rm));
        opcode(width, opcode);
        one(0xC0 | (reg & 7) << 3 | rm & 7);
    }

    /// An instruction on a register and memory at `base + displacement`.
    void op(Width width, int opcode, int reg, int base, int displacement) {
        op(width, opcode, reg, base, NONE, 0, displacement);
    }

    /// An instruction on a register and memory at `base + (index << shift) + displacement`.
    void op(Width width, int opcode, int reg, int base, int index, int shift, int displacement) {
        prefixes(width, reg, index, base, needsRex(width, reg));
        opcode(width, opcode);
        memory(reg, base, index, shift, displacement);
    }

    /// ModRM, SIB and displacement of memory at `base + (index << shift) + displacement`.
    void memory(int reg, int base, int index, int shift, int displacement) {
        boolean none = displacement == 0 && (base & 7) != RBP;
        boolean small = displacement == (byte) displacement;
        int mode = none ? 0 : small ? 0x40 : 0x80;
        if (index < 0 && (base & 7) != RSP) {
            one(mode | (reg & 7) << 3 | base & 7);
        } else {
            one(mode | (reg & 7) << 3 | RSP);
            one(shift << 6 | (index < 0 ? RSP : index & 7) << 3 | base & 7);
        }
        if (!none) {
            number(displacement, small ? 1 : 4);
        }
    }

    // ---------------------------------------------------------------- with numbers

    /// An arithmetic instruction (one of [#ADD] to [#CMP]) on a register and a number.
    void opNumber(Width width, int opcode, int register, int number) {
        boolean small = number == (byte) number;
        op(width, small && width != Width.W8 ? 0x83 : 0x81, opcode >>> 3, register);
        number(number, small || width == Width.W8 ? 1 : immediateBytes(width));
    }

    /// The same on memory.
    void opNumber(Width width, int opcode, int base, int displacement, int number) {
        boolean small = number == (byte) number;
        op(width, small && width != Width.W8 ? 0x83 : 0x81, opcode >>> 3, base, displacement);
        number(number, small || width == Width.W8 ? 1 : immediateBytes(width));
    }

    private static int immediateBytes(Width width) {
        return Math.min(width.bytes(), 4);
    }

    void testNumber(Width width, int register, int number) {
        op(width, 0xF7, 0, register);
        number(number, immediateBytes(width));
    }

    void testNumber(Width width, int base, int displacement, int number) {
        op(width, 0xF7, 0, base, displacement);
        number(number, immediateBytes(width));
    }

    void storeNumber(Width width, int base, int index, int displacement, int number) {
        op(width, 0xC7, 0, base, index, 0, displacement);
        number(number, immediateBytes(width));
    }

    void multiplyNumber(Width width, int register, int source, int number) {
        op(width, 0x69, register, source);
        number(number, immediateBytes(width));
    }

    void shiftNumber(Width width, int digit, int register, int count) {
        op(width, 0xC1, digit, register);
        number(count, 1);
    }

    /// Shifts by CL.
    void shift(Width width, int digit, int register) {
        op(width, 0xD3, digit, register);
    }

    /// Puts a number into the whole register. Flags stay.
    void load(int register, long number) {
        if (number >>> 32 == 0) {
            prefixes(Width.W32, 0, 0, register, false);
            one(0xB8 | register & 7);
            number(number, 4);
        } else if (number == (int) number) {
            op(Width.W64, 0xC7, 0, register);
            number(number, 4);
        } else {
            prefixes(Width.W64, 0, 0, register, false);
            one(0xB8 | register & 7);
            number(number, 8);
        }
    }

    // ---------------------------------------------------------------- others

    void move(Width width, int to, int from) {
        op(width, MOV, to, from);
    }

    private static int extension(boolean signed, Width from) {
        return switch (from) {
            case W8 -> signed ? 0x0FBE : 0x0FB6;
            case W16 -> signed ? 0x0FBF : 0x0FB7;
            case W32 -> signed ? 0x63 : MOV;
            case W64 -> MOV;
        };
    }

    /// The width of the destination: what is above is cleared anyway.
    private static Width extended(boolean signed, Width from, Width to) {
        return from == Width.W64 || signed && to == Width.W64 ? Width.W64 : Width.W32;
    }

    /// Zero-extends, or sign-extends to at least `to` and zero-extends from there.
    void extend(boolean signed, Width from, Width to, int target, int register) {
        var width = extended(signed, from, to);
        prefixes(width, target, 0, register, needsRex(from, register));
        opcode(width, extension(signed, from));
        one(0xC0 | (target & 7) << 3 | register & 7);
    }

    /// The same from memory.
    void extend(
            boolean signed,
            Width from,
            Width to,
            int target,
            int base,
            int index,
            int displacement) {
        var width = extended(signed, from, to);
        op(width, extension(signed, from), target, base, index, 0, displacement);
    }

    /// `to` becomes bits of the low half of `from`, as a register says: BEXTR (SDM vol. 2A), which
    /// only hosts with BMI1 have.
    void extractBits(int to, int from, int bits) {
        int flipped = (to >>> 3 ^ 1) << 7 | 1 << 6 | (from >>> 3 ^ 1) << 5;
        bytes(0xC4, flipped | 0x02, (~bits & 15) << 3, 0xF7, 0xC0 | (to & 7) << 3 | from & 7);
    }

    void not(Width width, int register) {
        op(width, 0xF7, 2, register);
    }

    void negate(Width width, int register) {
        op(width, 0xF7, 3, register);
    }

    /// RDX:RAX becomes RAX times the register.
    void multiply(boolean signed, int register) {
        op(Width.W64, 0xF7, signed ? 5 : 4, register);
    }

    /// RAX becomes the quotient, RDX the remainder, of RDX:RAX and the register. The host faults if
    /// the quotient does not fit.
    void divide(Width width, boolean signed, int register) {
        op(width, 0xF7, signed ? 7 : 6, register);
    }

    /// RDX becomes the sign of RAX: CDQ, CQO.
    void signOfAccumulator(Width width) {
        prefixes(width, 0, 0, 0, false);
        one(0x99);
    }

    void swapBytes(Width width, int register) {
        prefixes(width, 0, 0, register, false);
        bytes(0x0F, 0xC8 | register & 7);
    }

    void populationCount(int to, int from) {
        one(0xF3);
        op(Width.W64, 0x0FB8, to, from);
    }

    /// The byte register becomes 1 where the condition holds, else 0.
    void set(int condition, int register) {
        prefixes(Width.W32, 0, 0, register, register >= RSP);
        bytes(0x0F, 0x90 | condition, 0xC0 | register & 7);
    }

    /// If RAX is what memory at the base holds, replaces that by the register, atomically.
    void compareAndExchange(Width width, int base, int register) {
        one(0xF0);
        op(width, CMPXCHG, register, base, 0);
    }

    /// `rep movs`.
    void repeatMove(Width width) {
        string(width, 0xA4);
    }

    /// `rep stos`.
    void repeatStore(Width width) {
        string(width, 0xAA);
    }

    private void string(Width width, int opcode) {
        switch (width) {
            case W8 -> bytes(0xF3, opcode);
            case W16 -> bytes(0x66, 0xF3, opcode | 1);
            case W32 -> bytes(0xF3, opcode | 1);
            case W64 -> bytes(0xF3, 0x48, opcode | 1);
        }
    }

    void push(int register) {
        prefixes(Width.W32, 0, 0, register, false);
        one(0x50 | register & 7);
    }

    void pop(int register) {
        prefixes(Width.W32, 0, 0, register, false);
        one(0x58 | register & 7);
    }

    void pushFlags() {
        one(0x9C);
    }

    void call(int register) {
        op(Width.W32, 0xFF, 2, register);
    }

    void jumpTo(int base, int displacement) {
        op(Width.W32, 0xFF, 4, base, displacement);
    }

    /// Calls what memory at `base + displacement` points to.
    void call(int base, int displacement) {
        op(Width.W32, 0xFF, 2, base, displacement);
    }

    /// The host's CF becomes a bit of a register.
    void bitTest(int register, int bit) {
        op(Width.W64, 0x0FBA, 4, register);
        one(bit);
    }

    void jumpToRegister(int register) {
        bytes(0xFF, 0xE0 | register);
    }

    /// The address of a label.
    void loadAddress(int register, int label) {
        bytes(0x48 | register >>> 3 << 2, LEA, 0x05 | (register & 7) << 3);
        distance(label);
    }

    void ret() {
        one(0xC3);
    }
}
