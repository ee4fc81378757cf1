package org.xenolith.x86;

import org.xenolith.ir.Flags;
import org.xenolith.ir.Guard;
import org.xenolith.ir.HostTime;
import org.xenolith.ir.ReadOnly;

/// Helpers of the system instructions.
public final class SystemHelpers {
    private SystemHelpers() {}

    private static boolean lacksIoPrivilege(Cpu cpu) {
        return cpu.isProtected() && cpu.cpl() > (cpu.systemFlags() >>> 12 & 3);
    }

    // ---------------------------------------------------------------- flags

    /// RFLAGS as PUSHF stores it in virtual-8086 mode: RF and VM clear.
    @ReadOnly
    public static long readFlags(Cpu cpu) {
        if (lacksIoPrivilege(cpu)) {
            throw Trap.generalProtection(0);
        }
        return cpu.rflags() & ~(long) (Bits.RF | Bits.VM);
    }

    /// Comes before the system flags become `flags`, and does what else depends on them; nothing if
    /// `special` is 0. It is not 0 where something waits for IF too, which a region then leaves to
    /// the engine.
    @Guard(value = "isOrdinary", form = Guard.Form.IS_ZERO)
    public static void adoptFlags(Cpu cpu, long special, long flags) {
        int changed = cpu.systemFlags() ^ (int) flags;
        cpu.setSystemFlags((int) flags);
        if ((changed & Bits.TF) != 0) {
            cpu.modeChanged();
        } else if ((changed & Bits.AC) != 0) {
            cpu.accessModeChanged();
        }
    }

    public static boolean isOrdinary(long special, long flags) {
        return special == 0;
    }

    /// POPF with an operand of `bytes` where the CPL is not 0.
    public static void popFlags(Cpu cpu, int bytes) {
        if (cpu.isVirtual8086() && lacksIoPrivilege(cpu)) {
            throw Trap.generalProtection(0);
        }
        long pointer = cpu.registers[Registers.RSP];
        long value = FarControl.stacked(cpu, pointer, bytes, 0);
        int changeable = Flags.STATUS | Bits.TF | Bits.DF | Bits.NT;
        changeable |= lacksIoPrivilege(cpu) ? 0 : Bits.IF;
        changeable |= bytes > 2 ? Bits.AC | Bits.ID | Bits.RF : 0;
        Frames.setStackWide(cpu, Registers.RSP, pointer + bytes);
        // RF is always cleared; VM, VIF and VIP stay.
        long kept = cpu.rflags() & ~(long) changeable;
        cpu.setRflags(kept | value & changeable & ~(long) Bits.RF);
    }

    /// CLI where the CPL is not 0.
    public static void clearInterruptFlag(Cpu cpu) {
        if (lacksIoPrivilege(cpu)) {
            throw Trap.generalProtection(0);
        }
        cpu.setSystemFlags(cpu.systemFlags() & ~Bits.IF);
    }

    /// STI where the CPL is not 0; the next instruction is at `next`.
    public static void setInterruptFlag(Cpu cpu, long next) {
        if (lacksIoPrivilege(cpu)) {
            throw Trap.generalProtection(0);
        }
        if ((cpu.systemFlags() & Bits.IF) == 0) {
            cpu.setSystemFlags(cpu.systemFlags() | Bits.IF);
            cpu.registers[Registers.SHADOW] = next;
        }
    }

    // ---------------------------------------------------------------- identification, time, MSRs

    public static void halt(Cpu cpu) {
        cpu.halt();
    }

    public static void pause(Cpu cpu) {
        cpu.pause();
    }

    public static void hypercall(Cpu cpu) {
        cpu.hypercall();
    }

    public static void cpuid(Cpu cpu) {
        MemoryOrder.serialise();
        int leaf = (int) cpu.registers[Registers.RAX];
        int subleaf = (int) cpu.registers[Registers.RCX];
        var answer = cpu.cpuid.lookup(leaf, subleaf);
        cpu.registers[Registers.RAX] = Integer.toUnsignedLong(answer.eax());
        cpu.registers[Registers.RBX] = Integer.toUnsignedLong(answer.ebx());
        cpu.registers[Registers.RCX] = Integer.toUnsignedLong(answer.ecx());
        cpu.registers[Registers.RDX] = Integer.toUnsignedLong(answer.edx());
    }

    private static void setPair(Cpu cpu, long value) {
        cpu.registers[Registers.RAX] = value & 0xFFFF_FFFFL;
        cpu.registers[Registers.RDX] = value >>> 32;
    }

    @ReadOnly
    @HostTime(offset = Registers.TSC_OFFSET)
    public static long timeStamp(Cpu cpu) {
        return cpu.timeStampCounter();
    }

    /// #GP(0) if CR4.TSD is set.
    @ReadOnly
    @Guard(value = "isEnabled", form = Guard.Form.IS_ZERO)
    public static void requireTimeStamp(Cpu cpu, long disabled) {
        if (!isEnabled(disabled)) {
            throw Trap.generalProtection(0);
        }
    }

    public static boolean isEnabled(long disabled) {
        return disabled == 0;
    }

    public static void readMsr(Cpu cpu) {
        setPair(cpu, ModelSpecificRegisters.read(cpu, (int) cpu.registers[Registers.RCX]));
    }

    public static void writeMsr(Cpu cpu) {
        MemoryOrder.serialise();
        long low = cpu.registers[Registers.RAX] & 0xFFFF_FFFFL;
        long value = cpu.registers[Registers.RDX] << 32 | low;
        ModelSpecificRegisters.write(cpu, (int) cpu.registers[Registers.RCX], value);
    }

    // ---------------------------------------------------------------- tables and segments

    /// SGDT and, with `interrupt` set, SIDT.
    public static void storeTable(Cpu cpu, int interrupt, long address, int bytes) {
        cpu.probeWrite(address, bytes);
        long base = interrupt != 0 ? cpu.idtBase : cpu.gdtBase;
        cpu.store16(address, (interrupt != 0 ? cpu.idtLimit : cpu.gdtLimit) & 0xFFFF);
        if (bytes == 10) {
            cpu.store64(address + 2, base);
        } else {
            cpu.store32(address + 2 & 0xFFFF_FFFFL, base & 0xFFFF_FFFFL);
        }
    }

    public static void loadTable(Cpu cpu, int interrupt, int limit, long base) {
        MemoryOrder.serialise();
        if (base << 16 >> 16 != base) {
            throw Trap.generalProtection(0);
        }
        if (interrupt != 0) {
            cpu.idtBase = base;
            cpu.idtLimit = limit;
        } else {
            cpu.gdtBase = base;
            cpu.gdtLimit = limit;
        }
    }

    public static void invalidatePage(Cpu cpu, long linear) {
        MemoryOrder.serialise();
        cpu.invalidatePage(cpu.is64() ? linear : linear & 0xFFFF_FFFFL);
    }

    /// What LSS and its kin do: unlike MOV SS, LSS holds off neither interrupts nor traps.
    public static void loadFarSegment(Cpu cpu, int segment, int selector) {
        Descriptors.loadSegment(cpu, segment, selector);
    }

    /// MOV and POP. The shadow behind a load of SS, as far as interrupts go, is the caller's to
    /// make.
    public static void loadSegment(Cpu cpu, int segment, int selector) {
        Descriptors.loadSegment(cpu, segment, selector);
        if (segment == Segments.SS) {
            cpu.debugShadow = true;
        }
    }

    public static void loadLdt(Cpu cpu, int selector) {
        if ((selector & 0xFFFC) == 0) {
            cpu.setSegment(Segments.LDTR, selector, 0, 0, Segments.UNUSABLE);
            return;
        }
        long descriptor = systemDescriptor(cpu, selector);
        int attributes = Descriptors.attributes(descriptor);
        if (!Descriptors.isSystem(attributes) || Descriptors.type(attributes) != Descriptors.LDT) {
            throw Trap.generalProtection(selector & 0xFFFC);
        }
        long base = systemBase(cpu, selector, descriptor);
        cpu.setSegment(Segments.LDTR, selector, base, Descriptors.limit(descriptor), attributes);
    }

    public static void loadTask(Cpu cpu, int selector) {
        if ((selector & 0xFFFC) == 0) {
            throw Trap.generalProtection(0);
        }
        long descriptor = systemDescriptor(cpu, selector);
        int attributes = Descriptors.attributes(descriptor);
        int type = Descriptors.type(attributes);
        boolean available =
                type == Descriptors.TSS_AVAILABLE
                        || type == Descriptors.TSS_16_AVAILABLE && !cpu.longActive();
        if (!Descriptors.isSystem(attributes) || !available) {
            throw Trap.generalProtection(selector & 0xFFFC);
        }
        long base = systemBase(cpu, selector, descriptor);
        long at = Descriptors.address(cpu, selector, Trap.GENERAL_PROTECTION, 8);
        cpu.storeSystem(8, at + 5, attributes & 0xFF | 2);
        cpu.setSegment(Segments.TR, selector, base, Descriptors.limit(descriptor), attributes | 2);
    }

    private static long systemDescriptor(Cpu cpu, int selector) {
        if ((selector & 4) != 0) {
            throw Trap.generalProtection(selector & 0xFFFC);
        }
        return Descriptors.read(cpu, selector, Trap.GENERAL_PROTECTION);
    }

    /// The base of an LDT or TSS that must be present; their descriptors have 16 bytes in long
    /// mode.
    private static long systemBase(Cpu cpu, int selector, long descriptor) {
        if (!Descriptors.isPresent(Descriptors.attributes(descriptor))) {
            throw Trap.of(Trap.SEGMENT_NOT_PRESENT, selector & 0xFFFC);
        }
        long base = Descriptors.base(descriptor);
        if (cpu.longActive()) {
            long at = Descriptors.address(cpu, selector, Trap.GENERAL_PROTECTION, 16);
            base |= cpu.loadSystem(64, at + 8) << 32;
            if (base << 16 >> 16 != base) {
                throw Trap.generalProtection(selector & 0xFFFC);
            }
        }
        return base;
    }

    /// The descriptor that VERR, LAR and their kin look at, or -1 if they may not.
    private static long visible(Cpu cpu, int selector, boolean systemToo) {
        if ((selector & 0xFFFC) == 0) {
            return -1;
        }
        long descriptor;
        try {
            descriptor = Descriptors.read(cpu, selector, Trap.GENERAL_PROTECTION);
        } catch (Trap trap) {
            if (trap.vector() == Trap.GENERAL_PROTECTION && !trap.isNonCanonical()) {
                return -1;
            }
            throw trap;
        }
        int attributes = Descriptors.attributes(descriptor);
        boolean conforming = Descriptors.isCode(attributes) && Descriptors.isConforming(attributes);
        int privilege = Math.max(cpu.cpl(), selector & 3);
        if (!conforming && Segments.dpl(attributes) < privilege) {
            return -1;
        }
        return Descriptors.isSystem(attributes) && !systemToo ? -1 : descriptor;
    }

    /// VERR and, with `write` set, VERW: 1 if the segment may be used so.
    @ReadOnly
    public static long verify(Cpu cpu, int selector, int write) {
        long descriptor = visible(cpu, selector, false);
        if (descriptor == -1) {
            return 0;
        }
        int attributes = Descriptors.attributes(descriptor);
        boolean code = Descriptors.isCode(attributes);
        boolean bit = (attributes & Segments.WRITABLE) != 0;
        boolean allowed = write != 0 ? !code && bit : !code || bit;
        return allowed ? 1 : 0;
    }

    /// LAR: bits 23:8 of the descriptor's upper half, or -1.
    @ReadOnly
    public static long accessRights(Cpu cpu, int selector) {
        long descriptor = visible(cpu, selector, true);
        if (descriptor == -1 || !hasRights(cpu, descriptor, true)) {
            return -1;
        }
        // The manual leaves bits 19:16 undefined; processors give those of the limit.
        return descriptor >>> 32 & 0xFF_FF00;
    }

    /// ARPL in memory, which is written only if it changes. Whether it has been.
    public static long raiseRpl(Cpu cpu, int segment, long offset, int rpl) {
        long selector = cpu.load16(SegmentAccess.linearForRead(cpu, segment, offset, 2));
        if ((selector & 3) >= rpl) {
            return 0;
        }
        long to = SegmentAccess.linearForWrite(cpu, segment, offset, 2);
        cpu.store16(to, selector & ~3L | rpl);
        return 1;
    }

    /// LSL: the limit in bytes, or -1.
    @ReadOnly
    public static long segmentLimit(Cpu cpu, int selector) {
        long descriptor = visible(cpu, selector, true);
        if (descriptor == -1 || !hasRights(cpu, descriptor, false)) {
            return -1;
        }
        return Descriptors.limit(descriptor) & 0xFFFF_FFFFL;
    }

    /// The system types that LAR (gates too) and LSL know (SDM vol. 2A, tables 3-52 and 3-56).
    private static boolean hasRights(Cpu cpu, long descriptor, boolean gates) {
        int attributes = Descriptors.attributes(descriptor);
        if (!Descriptors.isSystem(attributes)) {
            return true;
        }
        boolean wide = cpu.longActive();
        return switch (Descriptors.type(attributes)) {
            case Descriptors.LDT, Descriptors.TSS_AVAILABLE, Descriptors.TSS_BUSY -> true;
            case Descriptors.TSS_16_AVAILABLE, Descriptors.TSS_16_BUSY -> !wide;
            case Descriptors.CALL_GATE -> gates;
            case Descriptors.CALL_GATE_16, Descriptors.TASK_GATE -> gates && !wide;
            default -> false;
        };
    }

    /// #UD if CR4.FSGSBASE is clear.
    @ReadOnly
    @Guard(value = "isEnabled", form = Guard.Form.IS_ZERO)
    public static void requireBases(Cpu cpu, long disabled) {
        if (!isEnabled(disabled)) {
            throw Trap.invalidOpcode();
        }
    }

    @ReadOnly
    public static long random(Cpu cpu) {
        return cpu.random();
    }

    @ReadOnly
    public static void checkBound(Cpu cpu, long index, long lower, long upper) {
        if (index < lower || index > upper) {
            throw Trap.of(Trap.BOUND_RANGE);
        }
    }
}
