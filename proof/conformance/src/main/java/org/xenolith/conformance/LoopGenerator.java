package org.xenolith.conformance;

import org.xenolith.conformance.InstructionForm.Immediate;
import org.xenolith.state.Bytes;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// Random loops in 64-bit mode, of instructions on registers and memory with jumps forward over
/// some of them: what a compiler of regions sees.
///
/// Only RAX to RDI are ever destinations (RSP by PUSH and POP alone); R8 to R11 point into the data
/// pages; R15 counts the turns down.
public final class LoopGenerator implements CaseSource {
    private static final int TURNS_MAX = 40;
    private static final int BODY_MAX = 9;
    private static final int BODY_BYTES_MAX = 50;
    private static final int RSP = 4;

    /// DEC R15.
    private static final byte[] COUNT_DOWN = {0x49, (byte) 0xFF, (byte) 0xCF};

    private static final int JNZ = 0x75;

    /// CDQ or CQO; XOR EDX, EDX.
    private static final byte[] CONVERT = {(byte) 0x99};

    private static final byte[] CLEAR_HIGH = {0x31, (byte) 0xD2};

    private final Dice dice;
    private final Values values;
    private final List<InstructionForm> forms;

    public LoopGenerator(long seed) {
        this(new Dice(seed));
    }

    LoopGenerator(Dice dice) {
        this.dice = dice;
        this.values = new Values(dice);
        this.forms =
                InstructionForm.all().stream()
                        .filter(SequenceGenerator::isSuitable)
                        .filter(form -> !form.is("legacy") && !form.name().equals("BSWAP"))
                        .toList();
    }

    @Override
    public CpuCase next() {
        var code = new ByteArrayOutputStream();
        for (int count = dice.between(2, BODY_MAX); count > 0; count--) {
            appendTo(code);
        }
        close(code);
        var registers = new ArrayList<Long>(16);
        for (int i = 0; i < 16; i++) {
            registers.add(i >= 8 && i < 12 ? pointer() : values.integer());
        }
        registers.set(RSP, Arena.DATA + 0x1000 + 8 * dice.between(-16, 256));
        registers.set(15, (long) dice.between(1, TURNS_MAX));
        return new CpuCase(
                "loop",
                CodeMode.LONG,
                Bytes.of(code.toByteArray()),
                registers,
                Arena.CODE + 0x8000,
                0x202 | dice.anyLong() & UndefinedFlags.STATUS,
                0,
                0,
                List.of(),
                FloatingState.initial(),
                new Allowance(UndefinedFlags.ADJUST, false, false, Set.of()));
    }

    /// Appends what counts R15 down and goes back to the beginning.
    static void close(ByteArrayOutputStream code) {
        code.writeBytes(COUNT_DOWN);
        code.write(JNZ);
        code.write(-(code.size() + 1));
    }

    /// Mostly in the middle of the writable pages; now and then across their borders.
    private long pointer() {
        return dice.chance(90)
                ? Arena.DATA + dice.between(0x100, 0x1E00)
                : Arena.DATA + dice.between(-8, 0x2100);
    }

    private void appendTo(ByteArrayOutputStream code) {
        byte[] instruction = dice.chance(20) ? several() : instruction();
        boolean skipped = dice.chance(15);
        if (code.size() + instruction.length + 2 > BODY_BYTES_MAX) {
            return;
        }
        if (skipped) {
            code.write(0x70 | dice.below(16));
            code.write(instruction.length);
        }
        code.writeBytes(instruction);
    }

    /// What the forms have not: a stack operation, or instructions whose operands are made fit
    /// first so that no flag is left open.
    private byte[] several() {
        return switch (dice.below(5)) {
            case 0 -> division();
            case 1 -> shiftByCount();
            case 2 -> string();
            default -> stack();
        };
    }

    /// REP MOVS or REP STOS of a few elements, or of more than a page of them, now and then
    /// backwards. The ranges of a copy may overlap.
    private byte[] string() {
        var code = new ByteArrayOutputStream();
        int count = dice.chance(90) ? dice.below(24) : dice.below(0x900);
        code.writeBytes(new byte[] {(byte) 0xB9, (byte) count, (byte) (count >> 8), 0, 0});
        code.writeBytes(leaPointer(6));
        code.writeBytes(leaPointer(7));
        boolean backwards = dice.chance(15);
        if (backwards) {
            code.write(0xFD); // std
        }
        boolean bytes = dice.chance(40);
        if (!bytes && dice.chance(30)) {
            code.write(0x66);
        }
        code.write(0xF3);
        if (!bytes && dice.chance(40)) {
            code.write(0x48);
        }
        code.write((dice.chance(60) ? 0xA4 : 0xAA) | (bytes ? 0 : 1));
        if (backwards) {
            code.write(0xFC); // cld
        }
        return code.toByteArray();
    }

    /// LEA of an address near what R8 to R11 hold.
    private byte[] leaPointer(int register) {
        int modRm = 0x40 | register << 3 | dice.below(4);
        return new byte[] {0x49, (byte) 0x8D, (byte) modRm, (byte) dice.between(-64, 64)};
    }

    /// A division of RDX:RAX by a register, or of AX, behind which all flags are set.
    private byte[] division() {
        int divisor = dice.below(2) == 0 ? 3 : 6; // RBX, RSI
        int wide = dice.chance(50) ? 0x48 : 0x40;
        boolean signed = dice.chance(50);
        var code = new ByteArrayOutputStream();
        code.writeBytes(new byte[] {(byte) wide, (byte) 0x83, (byte) (0xC8 | divisor), 1}); // or
        code.write(wide);
        code.writeBytes(signed ? CONVERT : CLEAR_HIGH);
        code.writeBytes(
                new byte[] {(byte) wide, (byte) 0xF7, (byte) ((signed ? 0xF8 : 0xF0) | divisor)});
        code.writeBytes(new byte[] {(byte) wide, 0x39, (byte) 0xD0}); // cmp rax, rdx
        return code.toByteArray();
    }

    /// A shift or rotation by CL, which is 0 or 1.
    private byte[] shiftByCount() {
        var code = new ByteArrayOutputStream();
        code.writeBytes(new byte[] {(byte) 0x83, (byte) 0xE1, 1}); // and ecx, 1
        int left = otherThanRsp();
        if (dice.chance(50)) {
            code.writeBytes(new byte[] {0x48, 0x39, (byte) (0xC0 | left)}); // cmp left, rax
        }
        if (dice.chance(20)) {
            code.write(0x66);
        }
        int opcode = dice.chance(30) ? 0xD2 : 0xD3;
        code.write(dice.chance(40) ? 0x48 : 0x40);
        code.write(opcode);
        code.write(0xC0 | dice.below(8) << 3 | otherThanRsp());
        return code.toByteArray();
    }

    /// PUSH or POP of a register other than RSP.
    private byte[] stack() {
        int opcode = dice.chance(50) ? 0x50 : 0x58;
        return new byte[] {(byte) (opcode | otherThanRsp())};
    }

    private int otherThanRsp() {
        int register = dice.below(7);
        return register < RSP ? register : register + 1;
    }

    /// One instruction on registers or memory.
    byte[] instruction() {
        var form = forms.get(dice.below(forms.size()));
        var code = new ByteArrayOutputStream();
        boolean narrow = !form.plain() && dice.chance(15);
        boolean wide = !narrow && dice.chance(40);
        boolean inMemory =
                form.modrm()
                        && form.memoryAllowed()
                        && (!form.registerAllowed() || dice.chance(50));
        if (narrow) {
            code.write(0x66);
        }
        // Always a REX prefix, so that no byte register is AH to BH, which are SPL to DIL then.
        code.write(0x40 | (wide ? 8 : 0) | (inMemory ? 1 : 0));
        for (int i = 0; i < form.opcode().length(); i++) {
            boolean register = form.opcodeRegister() && i == form.opcode().length() - 1;
            code.write(form.opcode().get(i) | (register ? otherThanRsp() : 0));
        }
        if (form.modrm()) {
            int reg = form.digit() >= 0 ? form.digit() : otherThanRsp();
            if (inMemory) {
                code.write(0x40 | reg << 3 | dice.below(4));
                code.write(dice.between(-64, 64));
            } else {
                code.write(0xC0 | reg << 3 | otherThanRsp());
            }
        }
        for (var immediate : form.immediates()) {
            int bytes = bytes(immediate, narrow, wide);
            long value = values.integer();
            for (int i = 0; i < bytes; i++, value >>>= 8) {
                code.write((int) value);
            }
        }
        return code.toByteArray();
    }

    private static int bytes(Immediate immediate, boolean narrow, boolean wide) {
        return switch (immediate) {
            case IB, CB -> 1;
            case IW -> 2;
            case ID, CZ, PTR -> 4;
            case IZ -> narrow ? 2 : 4;
            case IV -> wide ? 8 : narrow ? 2 : 4;
            case MOFFS -> 8;
        };
    }
}
