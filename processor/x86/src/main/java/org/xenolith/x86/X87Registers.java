package org.xenolith.x86;

import org.xenolith.ir.ReadOnly;
import org.xenolith.softfloat.Float80;
import org.xenolith.softfloat.FloatFlags;

/// Helpers of x87 instructions that begin an instruction or only move registers (SDM vol. 1,
/// 8.3.3).
public final class X87Registers {
    private X87Registers() {}

    /// What every waiting x87 instruction and every MMX instruction does first: #MF if an exception
    /// is pending. With CR0.NE clear the exception goes to an interrupt controller instead, which
    /// ignores it (docs/quirks.md).
    @ReadOnly
    public static void await(Cpu cpu) {
        if ((cpu.fpu.statusWord & FpuState.SUMMARY) != 0 && (cpu.cr0 & Bits.CR0_NE) != 0) {
            throw Trap.of(Trap.FLOATING_POINT);
        }
    }

    /// A waiting instruction without memory operand begins: `pc` and `opcode` are what the state
    /// remembers of it once it is done.
    @ReadOnly
    public static void enter(Cpu cpu, long pc, int opcode) {
        await(cpu);
        var f = cpu.fpu;
        f.enteredPointer = pc;
        f.enteredOpcode = opcode;
        f.enteredData = f.dataPointer;
    }

    /// The same with a memory operand at offset `data`.
    @ReadOnly
    public static void enterWithMemory(Cpu cpu, long pc, int opcode, long data) {
        enter(cpu, pc, opcode);
        cpu.fpu.enteredData = data;
    }

    private static FpuState begin(Cpu cpu) {
        cpu.fpu.begin();
        return cpu.fpu;
    }

    /// FNOP and what no longer does anything.
    public static void nothing(Cpu cpu) {
        begin(cpu);
    }

    /// FLD ST(i).
    public static void load(Cpu cpu, int index) {
        var f = begin(cpu);
        boolean empty = f.isEmpty(index);
        if (empty || !f.isEmpty(7)) {
            if (empty ? f.underflow() : f.overflow()) {
                f.push(Float80.DEFAULT_NAN, 0xFFFF);
            }
            return;
        }
        f.finish(0, FloatFlags.C1);
        f.push(f.significand(index), f.signExponent(index));
    }

    /// FST ST(i) and FSTP ST(i).
    public static void store(Cpu cpu, int index, int pops) {
        var f = begin(cpu);
        if (f.isEmpty(0)) {
            f.underflow(index, pops);
            return;
        }
        f.finish(0, FloatFlags.C1);
        f.set(index, f.significand(0), f.signExponent(0));
        f.pop(pops);
    }

    /// The FSTP that the manual does not name: of an empty register it is only a pop.
    public static void copyAndPop(Cpu cpu, int index) {
        var f = begin(cpu);
        f.finish(0, FloatFlags.C1);
        if (!f.isEmpty(0)) {
            f.set(index, f.significand(0), f.signExponent(0));
        }
        f.pop(1);
    }

    /// FXCH.
    public static void exchange(Cpu cpu, int index) {
        var f = begin(cpu);
        if (f.isEmpty(0) || f.isEmpty(index)) {
            if (!f.underflow()) {
                return;
            }
            fill(f, 0);
            fill(f, index);
        } else {
            f.finish(0, FloatFlags.C1);
        }
        long significand = f.significand(0);
        int signExponent = f.signExponent(0);
        f.set(0, f.significand(index), f.signExponent(index));
        f.set(index, significand, signExponent);
    }

    private static void fill(FpuState f, int index) {
        if (f.isEmpty(index)) {
            f.set(index, Float80.DEFAULT_NAN, 0xFFFF);
        }
    }

    /// FCMOVcc.
    public static void moveIf(Cpu cpu, int index, int condition) {
        var f = begin(cpu);
        if (f.isEmpty(0) || f.isEmpty(index)) {
            f.underflow(0, 0);
            return;
        }
        if (condition != 0) {
            f.set(0, f.significand(index), f.signExponent(index));
        }
    }

    /// FFREE, and FFREEP with a pop.
    public static void free(Cpu cpu, int index, int pops) {
        var f = begin(cpu);
        f.finish(0, FloatFlags.C1);
        f.setEmpty(index);
        f.pop(pops);
    }

    /// FINCSTP and FDECSTP.
    public static void rotate(Cpu cpu, int by) {
        var f = begin(cpu);
        f.finish(0, FloatFlags.C1);
        f.top = f.top + by & 7;
    }

    /// FABS and FCHS: the sign becomes `sign & keep ^ flip`.
    public static void sign(Cpu cpu, int keep, int flip) {
        var f = begin(cpu);
        if (f.isEmpty(0)) {
            f.underflow(0, 0);
            return;
        }
        f.finish(0, FloatFlags.C1);
        int sign = f.signExponent(0) & keep ^ flip;
        f.set(0, f.significand(0), f.signExponent(0) & Float80.EXPONENT_MAX | sign);
    }

    /// FLD1 to FLDZ, by the order of their opcodes.
    public static void constant(Cpu cpu, int which) {
        var f = begin(cpu);
        if (!f.isEmpty(7)) {
            if (f.overflow()) {
                f.push(Float80.DEFAULT_NAN, 0xFFFF);
            }
            return;
        }
        var c = f.context;
        Float80.constant(c, which);
        f.finish(0, FloatFlags.C1);
        f.push(c.significand, c.signExponent);
    }
}
