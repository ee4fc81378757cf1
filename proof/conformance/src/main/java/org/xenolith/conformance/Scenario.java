package org.xenolith.conformance;

import static org.xenolith.conformance.CaseBuilder.RAX;
import static org.xenolith.conformance.CaseBuilder.RBP;
import static org.xenolith.conformance.CaseBuilder.RBX;
import static org.xenolith.conformance.CaseBuilder.RCX;
import static org.xenolith.conformance.CaseBuilder.RDI;
import static org.xenolith.conformance.CaseBuilder.RDX;
import static org.xenolith.conformance.CaseBuilder.RSI;
import static org.xenolith.conformance.CaseBuilder.RSP;

import org.xenolith.state.Bytes;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/// Makes register and memory contents meaningful for a kind of instruction: pointers where it wants
/// pointers, equal values where it compares, small counts where it counts.
final class Scenario {
    private static final Bytes INITIAL_FLOATING_STATE = FloatingState.initial();
    private static final int MXCSR_IN_IMAGE = 24;

    private final CaseBuilder builder;
    private final InstructionForm form;
    private final Dice dice;
    private final Values values;
    private final long[] registers;

    Scenario(CaseBuilder builder) {
        this.builder = builder;
        this.form = builder.form;
        this.dice = builder.dice;
        this.values = builder.values;
        this.registers = builder.registers;
    }

    /// A selector of the host's descriptor table, or none of it.
    static int selector(Dice dice) {
        return switch (dice.below(4)) {
            case 0 -> (int) dice.pick(0x33, 0x23);
            case 1 -> 0x2B;
            case 2 -> (int) dice.pick(0, 1, 2, 3, 0x10, 0x18, 0x20, 0x28, 0x30, 0x13, 0x1B);
            default -> (int) dice.pick(0x2A, 0x29, 0x32, 0x22, 0x63, 0x103, 0xFFFB, 0xC, 0xF, 0x80);
        };
    }

    // ---------------------------------------------------------------- before the operands

    void prepareRegisters() {
        if (form.is("string") || form.is("mmxdi") || form.is("ssedi")) {
            point(RSI);
            point(RDI);
            point(RBX);
            registers[RCX] = dice.chance(80) ? dice.below(20) : registers[RCX];
            boolean address16 = builder.addressBits() == 16;
            if (address16 && dice.chance(50)) {
                registers[RCX] = registers[RCX] & 0xF | dice.anyLong() << 16;
            }
        } else if (form.is("loop")) {
            registers[RCX] = dice.chance(70) ? dice.below(3) : registers[RCX];
        } else if (form.is("stack") || form.is("ret") || form.is("popf") || form.is("far")) {
            registers[RSP] = stackPointer();
            registers[RBP] = stackPointer();
            builder.fixed |= 1 << RSP | 1 << RBP;
            fillStack();
        } else if (form.is("shift") && dice.chance(60)) {
            registers[RCX] = registers[RCX] & ~0xFFL | dice.below(70);
        }
    }

    private void point(int register) {
        registers[register] = target(builder.addressBits());
        builder.fixed |= 1 << register;
        if (!form.is("string")) {
            return;
        }
        if (builder.addressBits() != 64 && !builder.compatibility && dice.chance(50)) {
            registers[register] |= dice.anyLong() << 32;
        }
    }

    private long stackPointer() {
        // AMD's read all of a far return's frame before they look at its selector.
        boolean anywhere = builder.features.isIntel() || !form.is("far");
        return dice.chance(90) || !anywhere
                ? Arena.DATA + 64 + dice.below(Arena.WRITABLE_BYTES - 640) / 8 * 8
                : target(64);
    }

    /// What a return or a POP finds.
    private void fillStack() {
        var buffer = ByteBuffer.allocate(40).order(ByteOrder.LITTLE_ENDIAN);
        if (form.is("popf")) {
            buffer.putLong(dice.anyLong() & 0xFFFF_FEFFL);
        } else if (form.is("ret") && dice.chance(85)) {
            buffer.putLong(codeAddress());
        } else if (form.is("far")) {
            putFarFrame(buffer);
        } else {
            buffer.putLong(values.integer());
        }
        patch(registers[RSP], buffer.array());
    }

    private void putFarFrame(ByteBuffer buffer) {
        int size = dice.chance(75) == builder.sixteen ? 1 : dice.between(2, 3);
        // A 64-bit offset for 32-bit code is cut off by Intel's, and checked first by AMD's.
        int bytes = builder.isWide() && !builder.features.isIntel() ? 8 : 1 << size;
        long[] frame = {
            codeAddress(),
            selector(dice),
            dice.anyLong() & 0xCD5 | 2,
            dice.chance(90) ? registers[RSP] + 8 : values.integer(),
            dice.chance(80) ? 0x2B : selector(dice)
        };
        for (long part : frame) {
            long word = part;
            for (int i = 0; i < bytes; i++, word >>>= 8) {
                buffer.put((byte) word);
            }
        }
    }

    private long codeAddress() {
        return builder.codeStart + dice.below(0x8000);
    }

    // ---------------------------------------------------------------- where memory operands are

    /// A linear address, near the data pages nearly always.
    long target(int addressBits) {
        long start =
                addressBits == 16 || builder.compatibility && dice.chance(3)
                        ? Arena.LOW_DATA
                        : Arena.DATA;
        int page = 4096;
        int kind = dice.below(100);
        if (kind < 45) {
            return start + dice.below(Arena.WRITABLE_BYTES - 16) / 16 * 16;
        }
        if (kind < 72) {
            return start + dice.below(Arena.WRITABLE_BYTES);
        }
        if (kind < 84) {
            return start + page - dice.below(17);
        }
        if (kind < 88) {
            return start + 2 * page - dice.below(17);
        }
        if (kind < 91) {
            return start + 3 * page - dice.below(17);
        }
        if (kind < 93) {
            return start - dice.below(17);
        }
        if (kind < 96) {
            return start + 2 * page + dice.below(page) / 16 * 16;
        }
        if (kind < 98 || addressBits != 64) {
            return start + 3 * page + dice.below(page);
        }
        return dice.pick(0x8000_0000_0000_0000L, 0x0000_8000_0000_0000L, 0x1234_5678_9ABC_DEF0L)
                + dice.below(64);
    }

    // ---------------------------------------------------------------- after the operands

    /// `target` is where a memory operand is; `register` is the register that stands in for it, -1
    /// if it is in memory.
    void prepareOperands(long target, int register) {
        if (form.is("div")) {
            prepareDivision();
        }
        if (form.is("bit") && dice.chance(90)) {
            for (int i = 0; i < 16; i++) {
                if ((builder.fixed >> i & 1) == 0 && i != register) {
                    registers[i] = dice.between(-300, 300);
                }
            }
        }
        boolean free = register >= 0 && (builder.fixed >> register & 1) == 0;
        if (form.is("branch") && free && dice.chance(80)) {
            registers[register] = codeAddress();
        }
        if (form.is("segment") && free) {
            registers[register] = selector(dice);
        }
        if (form.is("cmpxchg") && free && dice.chance(50)) {
            registers[register] = registers[RAX];
        }
        if (form.is("string")) {
            patch(registers[RSI], content());
            patch(registers[RDI], dice.chance(40) ? repeated() : content());
        } else if (target != 0 && dice.chance(85)) {
            patch(target, content());
        }
    }

    private void prepareDivision() {
        if ((builder.fixed & (1 << RAX | 1 << RDX)) != 0) {
            return;
        }
        switch (dice.below(4)) {
            case 0 -> registers[RDX] = 0;
            case 1 -> registers[RDX] = registers[RAX] >> 63;
            case 2 -> registers[RDX] = dice.below(1000);
            default -> {
                registers[RDX] = (int) registers[RAX] >> 31;
                registers[RAX] = (byte) registers[RAX];
            }
        }
    }

    private byte[] repeated() {
        var bytes = new byte[32];
        Arrays.fill(bytes, (byte) registers[RAX]);
        return bytes;
    }

    /// What a memory operand holds.
    private byte[] content() {
        var buffer = ByteBuffer.allocate(MemoryPatch.BYTES_MAX).order(ByteOrder.LITTLE_ENDIAN);
        if (form.is("branch")) {
            return buffer.putLong(codeAddress()).array();
        }
        if (form.is("cmpxchg") && dice.chance(60)) {
            return buffer.putLong(registers[RAX]).array();
        }
        if (form.is("cmpxchg8") && dice.chance(60)) {
            boolean pair = form.rexW();
            buffer.putLong(
                    pair ? registers[RAX] : registers[RAX] & 0xFFFF_FFFFL | registers[RDX] << 32);
            return buffer.putLong(registers[RDX]).array();
        }
        if (form.is("far") || form.is("segment")) {
            return farPointer(buffer);
        }
        if (form.is("fxsave")) {
            return image(buffer);
        }
        if (form.is("x87bcd")) {
            return decimal(buffer);
        }
        if (form.is("x87env")) {
            buffer.put(dice.bytes(28));
            return buffer.putInt(0, 0x037F | dice.below(0x10000) & 0xF00).array();
        }
        if (form.is("x87") && dice.chance(40)) {
            return buffer.put(values.extended()).array();
        }
        while (buffer.remaining() >= 16) {
            buffer.put(values.vector());
        }
        return buffer.array();
    }

    private byte[] farPointer(ByteBuffer buffer) {
        if (form.name().equals("VER") || form.name().equals("MOVSEG")) {
            return buffer.putShort((short) selector(dice)).array();
        }
        int size = (int) dice.pick(2, 4, 4, 8);
        buffer.putLong(0, codeAddress()).putShort(size, (short) selector(dice));
        return buffer.array();
    }

    private byte[] image(ByteBuffer buffer) {
        // AMD's processors have a bit more: see Freedom.MXCSR_MASK.
        int writable = builder.features.isIntel() ? -1 : ~(1 << 17);
        if (form.name().equals("MXCSR")) {
            int value = FloatingState.mxcsr(dice) | (dice.chance(5) ? 1 << dice.below(32) : 0);
            return buffer.putInt(value & writable).array();
        }
        buffer.put(FloatingState.random(dice, values, true, false, false), 0, 64);
        int reserved = dice.chance(5) ? 1 << 16 + dice.below(16) : 0;
        buffer.putInt(MXCSR_IN_IMAGE, FloatingState.mxcsr(dice) | reserved & writable);
        return buffer.array();
    }

    private byte[] decimal(ByteBuffer buffer) {
        for (int i = 0; i < 9; i++) {
            buffer.put((byte) (dice.below(10) << 4 | dice.below(10)));
        }
        return buffer.put((byte) (dice.chance(50) ? 0x80 : 0)).array();
    }

    /// Puts bytes at a linear address as far as they fall into the data pages.
    private void patch(long linear, byte[] bytes) {
        var offset =
                CaseBuilder.arenaOffset(
                        builder.addressBits() == 64 ? linear : linear & 0xFFFF_FFFFL);
        if (offset.isPresent() && builder.patches.size() < CpuCase.PATCHES_MAX) {
            int length = Math.min(bytes.length, Arena.BYTES - offset.get());
            builder.patches.add(
                    new MemoryPatch(offset.get(), Bytes.of(Arrays.copyOf(bytes, length))));
        }
    }

    Bytes floatingState() {
        boolean mmx = form.attributes().stream().anyMatch(a -> a.startsWith("mmx"));
        boolean x87 = form.attributes().stream().anyMatch(a -> a.startsWith("x87"));
        boolean sse = form.attributes().stream().anyMatch(a -> a.startsWith("sse"));
        boolean all = form.is("fxsave");
        if (!(mmx || x87 || sse || all)) {
            return INITIAL_FLOATING_STATE;
        }
        // Some SSE instructions have MMX operands.
        boolean mixed = form.name().startsWith("CVTPI") || form.name().startsWith("MOVDQ2Q");
        return Bytes.of(
                FloatingState.random(dice, values, x87 || all, mmx || mixed, sse || all || mixed));
    }
}
