package org.xenolith.x86;

import org.xenolith.ir.Flags;

/// IRET in all modes (SDM vol. 2A, IRET/IRETD/IRETQ).
public final class InterruptReturn {
    private static final int USER_FLAGS = Flags.STATUS | Bits.TF | Bits.DF | Bits.NT;
    private static final int WIDE_FLAGS = Bits.RF | Bits.AC | Bits.ID;

    private InterruptReturn() {}

    /// `bytes` is the operand size; `next` where a nested task comes back to.
    public static void iret(Cpu cpu, int bytes, long next) {
        MemoryOrder.serialise();
        cpu.nmiBlocked = false; // even if it faults
        if (!cpu.isProtected()) {
            iretReal(cpu, bytes);
        } else if (cpu.isVirtual8086()) {
            iretVirtual(cpu, bytes);
        } else if ((cpu.systemFlags() & Bits.NT) != 0) {
            if (cpu.longActive()) {
                throw Trap.generalProtection(0);
            }
            cpu.pc = next;
            TaskSwitch.back(cpu);
        } else {
            iretProtected(cpu, bytes);
        }
    }

    private static void iretReal(Cpu cpu, int bytes) {
        long pointer = cpu.registers[Registers.RSP];
        long offset = FarControl.stacked(cpu, pointer, bytes, 0);
        int selector = FarControl.stackedSelector(cpu, pointer, bytes, 1);
        long flags = FarControl.stacked(cpu, pointer, bytes, 2);
        Frames.setStackWide(cpu, Registers.RSP, pointer + 3L * bytes);
        Descriptors.loadReal(cpu, Segments.CS, selector);
        cpu.pc = offset;
        int changeable = USER_FLAGS | Bits.IF | Bits.IOPL | (bytes > 2 ? WIDE_FLAGS : 0);
        setFlags(cpu, flags, changeable);
        cpu.modeChanged();
    }

    private static void iretVirtual(Cpu cpu, int bytes) {
        if ((cpu.systemFlags() & Bits.IOPL) != Bits.IOPL) {
            throw Trap.generalProtection(0);
        }
        long pointer = cpu.registers[Registers.RSP];
        long offset = FarControl.stacked(cpu, pointer, bytes, 0);
        int selector = FarControl.stackedSelector(cpu, pointer, bytes, 1);
        long flags = FarControl.stacked(cpu, pointer, bytes, 2);
        Frames.setStackWide(cpu, Registers.RSP, pointer + 3L * bytes);
        Descriptors.loadReal(cpu, Segments.CS, selector);
        cpu.pc = offset & 0xFFFF;
        setFlags(cpu, flags, USER_FLAGS | Bits.IF | (bytes > 2 ? WIDE_FLAGS : 0));
        cpu.modeChanged();
    }

    private static void setFlags(Cpu cpu, long flags, int changeable) {
        cpu.setRflags(cpu.rflags() & ~(long) changeable | flags & changeable);
    }

    private static void iretProtected(Cpu cpu, int bytes) {
        long pointer = cpu.registers[Registers.RSP];
        long flags = FarControl.stacked(cpu, pointer, bytes, 2);
        int selector = FarControl.stackedSelector(cpu, pointer, bytes, 1);
        long offset = FarControl.stacked(cpu, pointer, bytes, 0);
        if ((flags & Bits.VM) != 0 && cpu.cpl() == 0 && bytes == 4 && !cpu.longActive()) {
            toVirtual8086(cpu, pointer, offset, selector, flags);
            return;
        }
        long descriptor = FarControl.returnSegment(cpu, selector);
        long target = FarControl.checkTarget(cpu, descriptor, offset);
        int cpl = cpu.cpl();
        int rpl = selector & 3;
        int changeable = USER_FLAGS;
        changeable |= cpl <= (cpu.systemFlags() >>> 12 & 3) ? Bits.IF : 0;
        changeable |= cpl == 0 ? Bits.IOPL | Bits.VIF | Bits.VIP : 0;
        changeable |= Bits.RF | (bytes > 2 ? WIDE_FLAGS : 0);
        changeable = bytes > 2 ? changeable : changeable & 0xFFFF;
        boolean to64 =
                cpu.longActive() && (Descriptors.attributes(descriptor) & Segments.LONG) != 0;
        // In 64-bit mode SS:RSP is popped even if the privilege stays the same.
        if (rpl == cpl && !cpu.is64()) {
            Frames.setStackWide(cpu, Registers.RSP, pointer + 3L * bytes);
            FarControl.installCode(cpu, selector, descriptor, rpl);
        } else {
            long newPointer = FarControl.stacked(cpu, pointer, bytes, 3);
            int newStack = FarControl.stackedSelector(cpu, pointer, bytes, 4);
            FarControl.outerStack(cpu, newStack, rpl, to64);
            FarControl.installCode(cpu, selector, descriptor, rpl);
            cpu.modeChanged();
            if (cpu.is64()) {
                cpu.registers[Registers.RSP] = newPointer;
            } else {
                Frames.setStackWide(cpu, Registers.RSP, newPointer);
            }
            if (rpl != cpl) {
                Descriptors.dropPrivilegedData(cpu);
            }
        }
        cpu.pc = target;
        setFlags(cpu, flags, changeable);
        cpu.modeChanged();
    }

    private static void toVirtual8086(
            Cpu cpu, long pointer, long offset, int selector, long flags) {
        var values = new long[6];
        for (int index = 0; index < 6; index++) {
            values[index] = FarControl.stacked(cpu, pointer, 4, 3 + index);
        }
        cpu.setRflags(flags & 0x3F_FFFF | 2);
        int[] segments = {Segments.SS, Segments.ES, Segments.DS, Segments.FS, Segments.GS};
        Descriptors.loadReal(cpu, Segments.CS, selector);
        for (int index = 0; index < segments.length; index++) {
            Descriptors.loadReal(cpu, segments[index], (int) values[index + 1] & 0xFFFF);
        }
        cpu.registers[Registers.RSP] = values[0] & 0xFFFF_FFFFL;
        cpu.pc = offset & 0xFFFF;
        cpu.modeChanged();
    }
}
