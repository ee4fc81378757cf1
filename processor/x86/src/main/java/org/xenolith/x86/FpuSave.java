package org.xenolith.x86;

import static org.xenolith.ir.Width.W32;
import static org.xenolith.x86.Row.row;
import static org.xenolith.x86.Spec.*;

import org.xenolith.ir.Helper;
import org.xenolith.ir.ReadOnly;
import org.xenolith.softfloat.Mxcsr;
import org.xenolith.x86.Row.Unit;

/// FXSAVE and FXRSTOR (SDM vol. 1, 10.5), LDMXCSR and STMXCSR. See [FpuImage] for the same image
/// outside guest memory.
public final class FpuSave {
    // spotless:off
    static final Table TABLE = Table.of(
        row("FXSAVE",  "NP 0F AE /0", FpuSave::fxsave,  M).uses(Unit.X87),
        row("FXRSTOR", "NP 0F AE /1", FpuSave::fxrstor, M).uses(Unit.X87),
        row("LDMXCSR", "NP 0F AE /2", FpuSave::ldmxcsr, Md).uses(Unit.SSE),
        row("STMXCSR", "NP 0F AE /3", FpuSave::stmxcsr, Md).uses(Unit.SSE));
    // spotless:on

    private static final Helper SAVE = Helper.named(FpuSave.class, "save");
    private static final Helper RESTORE = Helper.named(FpuSave.class, "restore");
    private static final Helper LOAD_MXCSR = Helper.named(FpuSave.class, "loadMxcsr");
    private static final Helper MXCSR = Helper.named(FpuSave.class, "mxcsr");

    private static final int BYTES = 512;
    private static final int REGISTERS = 32;
    private static final int XMM = 160;

    private FpuSave() {}

    private static void fxsave(Lifter l, Instruction i) {
        int address = l.address((Operand.Memory) i.first(), BYTES, true);
        l.call(SAVE, address, l.constant(W32, i.rexW() ? 1 : 0));
    }

    private static void fxrstor(Lifter l, Instruction i) {
        int address = l.address((Operand.Memory) i.first(), BYTES, false);
        l.call(RESTORE, address, l.constant(W32, i.rexW() ? 1 : 0));
    }

    private static void ldmxcsr(Lifter l, Instruction i) {
        l.call(LOAD_MXCSR, l.read(i.first()));
    }

    private static void stmxcsr(Lifter l, Instruction i) {
        l.write(i.first(), l.convert(l.call(MXCSR), W32));
    }

    /// STMXCSR.
    @ReadOnly
    public static long mxcsr(Cpu cpu) {
        return cpu.fpu.mxcsr.value();
    }

    /// LDMXCSR.
    public static void loadMxcsr(Cpu cpu, int value) {
        requireValid(value);
        cpu.fpu.mxcsr.value(value);
    }

    private static void requireValid(int mxcsr) {
        if ((mxcsr & ~Mxcsr.WRITABLE) != 0) {
            throw Trap.generalProtection(0);
        }
    }

    /// Faults of the address alone.
    private static void requireAddress(Cpu cpu, long address) {
        if (cpu.is64() && address << 16 >> 16 != address) {
            throw Trap.nonCanonical(address);
        }
        Alignment.require16(cpu, address);
    }

    /// Halves of XMM registers that the mode can reach.
    private static int halves(Cpu cpu) {
        return cpu.is64() ? 32 : 16;
    }

    /// FXSAVE; `wide` is REX.W.
    public static void save(Cpu cpu, long address, int wide) {
        requireAddress(cpu, address);
        cpu.probeWrite(address + BYTES - 1, 1);
        cpu.probeWrite(address, 1);
        var f = cpu.fpu;
        long pointers = wide != 0 ? -1 : 0xFFFF_FFFFL;
        long start = f.controlWord | (long) f.status() << 16;
        cpu.store64(address, start | (long) f.occupied << 32 | (long) f.lastOpcode << 48);
        cpu.store64(address + 8, f.instructionPointer & pointers);
        cpu.store64(address + 16, f.dataPointer & pointers);
        cpu.store64(address + 24, f.mxcsr.value() | (long) Mxcsr.WRITABLE << 32);
        for (int index = 0; index < 8; index++) {
            cpu.storePair(
                    address + REGISTERS + 16 * index, f.significand(index), f.signExponent(index));
        }
        for (int half = 0; half < halves(cpu); half++) {
            cpu.store64(address + XMM + 8 * half, cpu.registers[Registers.XMM + half]);
        }
    }

    /// FXRSTOR.
    public static void restore(Cpu cpu, long address, int wide) {
        requireAddress(cpu, address);
        cpu.probeRead(address + BYTES - 1, 1);
        cpu.probeRead(address, 1);
        int mxcsr = (int) cpu.load32(address + 24);
        requireValid(mxcsr);
        var f = cpu.fpu;
        long start = cpu.load64(address);
        f.control((int) start & 0xFFFF);
        f.status((int) (start >>> 16) & 0xFFFF);
        f.occupied = (int) (start >>> 32) & 0xFF;
        f.lastOpcode = (int) (start >>> 48) & 0x7FF;
        long pointers = wide != 0 ? -1 : 0xFFFF_FFFFL;
        f.instructionPointer = cpu.load64(address + 8) & pointers;
        f.dataPointer = cpu.load64(address + 16) & pointers;
        f.mxcsr.value(mxcsr);
        for (int index = 0; index < 8; index++) {
            int register = f.top + index & 7;
            long at = address + REGISTERS + 16 * index;
            f.significands[register] = cpu.load64(at);
            f.signExponents[register] = (int) cpu.load16(at + 8);
        }
        for (int half = 0; half < halves(cpu); half++) {
            cpu.registers[Registers.XMM + half] = cpu.load64(address + XMM + 8 * half);
        }
    }
}
