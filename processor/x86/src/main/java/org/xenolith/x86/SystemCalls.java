package org.xenolith.x86;

import org.xenolith.ir.Enters;
import org.xenolith.ir.Flags;
import org.xenolith.ir.Guard;

/// SYSCALL, SYSRET, SYSENTER and SYSEXIT, as on an Intel processor: SYSCALL and SYSRET in 64-bit
/// mode only (SDM vol. 2B).
///
/// Where the mode has plain system calls, SYSCALL from CPL 3 and SYSRET to 64-bit code are lifted
/// ([FarTransfers]), and [#enterKernel] and [#leaveKernel] do the rest.
public final class SystemCalls {
    /// Flags that plain system calls have in IA32_FMASK.
    private static final int CLEARED = Flags.STATUS | Bits.TF | Bits.DF | Bits.AC;

    /// Flags that SYSRET takes from R11.
    static final int RETURNED = 0x3C_7FD7;

    private static final int CODE_64 = 0xA09B;
    private static final int CODE_32 = 0xC09B;
    private static final int DATA = 0xC093;
    private static final int RING_3 = 3 << Segments.DPL_SHIFT;

    private SystemCalls() {}

    private static void flat(Cpu cpu, int segment, int selector, int attributes) {
        cpu.setSegment(segment, selector, 0, -1, attributes);
    }

    public static void syscall(Cpu cpu, long next) {
        if (!cpu.is64() || (cpu.efer & Bits.EFER_SCE) == 0) {
            throw Trap.invalidOpcode();
        }
        long mask = cpu.registers[Registers.FMASK];
        cpu.registers[Registers.RCX] = next;
        cpu.registers[Registers.R11] = cpu.rflags() & ~(long) Bits.RF;
        cpu.setRflags(cpu.registers[Registers.R11] & ~mask);
        cpu.interruptedItself = (mask & Bits.TF) != 0;
        setKernelSegments(cpu);
        cpu.pc = cpu.registers[Registers.LSTAR];
        cpu.modeChanged();
    }

    private static void setKernelSegments(Cpu cpu) {
        int selector = (int) (cpu.registers[Registers.STAR] >>> 32) & 0xFFFC;
        flat(cpu, Segments.CS, selector, CODE_64);
        flat(cpu, Segments.SS, selector + 8, DATA);
    }

    private static void setUserSegments(Cpu cpu) {
        int base = (int) (cpu.registers[Registers.STAR] >>> 48);
        flat(cpu, Segments.CS, base + 16 | 3, CODE_64 | RING_3);
        flat(cpu, Segments.SS, base + 8 | 3, DATA | RING_3);
    }

    /// Whether [Mode#plainSystemCalls] holds, the other bits of the mode being known.
    static boolean arePlain(Cpu cpu, int mode) {
        return (mode & Mode.CODE_SIZE_MASK) == 2
                && (mode & Mode.STEPPING) == 0
                && (cpu.efer & Bits.EFER_SCE) != 0
                && (cpu.registers[Registers.FMASK] & CLEARED) == CLEARED;
    }

    /// What a plain SYSCALL does other than to registers.
    ///
    /// @param special 0
    /// @param flags what the flags of the system become
    @Enters(view = View.SUPERVISOR, slot = Registers.VIEW)
    public static void enterKernel(Cpu cpu, long special, long flags) {
        cpu.setSystemFlags((int) flags);
        setKernelSegments(cpu);
        cpu.modeChanged();
    }

    /// What SYSRET to 64-bit code does other than to registers.
    ///
    /// @param special 0 unless the flags are such that more depends on them
    /// @param flags what the flags of the system become
    @Enters(view = View.USER, slot = Registers.VIEW)
    public static void leaveKernel(Cpu cpu, long special, long flags) {
        cpu.setSystemFlags((int) flags);
        setUserSegments(cpu);
        cpu.modeChanged();
    }

    /// STAC.
    ///
    /// @param special 0
    /// @param changed the flags that it changes
    @Enters(view = View.SUPERVISOR_OVERRIDE, slot = Registers.VIEW)
    @Guard("changesNothing")
    public static void allowUserAccess(Cpu cpu, long special, long changed) {
        cpu.setSystemFlags(cpu.systemFlags() | Bits.AC);
        cpu.accessModeChanged();
    }

    /// CLAC, with the same numbers.
    @Enters(view = View.SUPERVISOR, slot = Registers.VIEW)
    @Guard("changesNothing")
    public static void forbidUserAccess(Cpu cpu, long special, long changed) {
        cpu.setSystemFlags(cpu.systemFlags() & ~Bits.AC);
        cpu.accessModeChanged();
    }

    public static boolean changesNothing(long special, long changed) {
        return changed == 0;
    }

    /// To be called after something that could not call these has been executed: does what has been
    /// left to be done.
    public static void catchUp(Cpu cpu) {
        boolean user = cpu.registers[Registers.VIEW] == View.USER;
        if (cpu.registers[Registers.STALE_SEGMENTS] == 0) {
            cpu.accessModeChanged();
            return;
        }
        if (user) {
            setUserSegments(cpu);
        } else {
            setKernelSegments(cpu);
        }
        cpu.modeChanged();
    }

    public static void sysret(Cpu cpu, int wide) {
        if (!cpu.is64() || (cpu.efer & Bits.EFER_SCE) == 0) {
            throw Trap.invalidOpcode();
        }
        long target = cpu.registers[Registers.RCX];
        if (wide != 0 && target << 16 >> 16 != target) {
            throw Trap.generalProtection(0);
        }
        long flags = cpu.registers[Registers.R11] & RETURNED | 2;
        setUserSegments(cpu);
        if (wide == 0) {
            int selector = (int) (cpu.registers[Registers.STAR] >>> 48) | 3;
            flat(cpu, Segments.CS, selector, CODE_32 | RING_3);
            target &= 0xFFFF_FFFFL;
        }
        cpu.pc = target;
        cpu.setRflags(flags);
        cpu.modeChanged();
    }

    public static void sysenter(Cpu cpu) {
        int selector = (int) cpu.msrs.sysenterCs & 0xFFFC;
        if (!cpu.isProtected() || selector == 0) {
            throw Trap.generalProtection(0);
        }
        boolean wide = cpu.longActive();
        cpu.setSystemFlags(cpu.systemFlags() & ~(Bits.VM | Bits.IF | Bits.RF));
        flat(cpu, Segments.CS, selector, wide ? CODE_64 : CODE_32);
        flat(cpu, Segments.SS, selector + 8, DATA);
        long mask = wide ? -1L : 0xFFFF_FFFFL;
        cpu.registers[Registers.RSP] = cpu.msrs.sysenterEsp & mask;
        cpu.pc = cpu.msrs.sysenterEip & mask;
        cpu.modeChanged();
    }

    public static void sysexit(Cpu cpu, int wide) {
        int base = (int) cpu.msrs.sysenterCs & 0xFFFC;
        if (!cpu.isProtected() || base == 0) {
            throw Trap.generalProtection(0);
        }
        long pointer = cpu.registers[Registers.RCX];
        long target = cpu.registers[Registers.RDX];
        if (wide != 0) {
            if (pointer << 16 >> 16 != pointer || target << 16 >> 16 != target) {
                throw Trap.generalProtection(0);
            }
            flat(cpu, Segments.CS, base + 32 | 3, CODE_64 | RING_3);
            flat(cpu, Segments.SS, base + 40 | 3, DATA | RING_3);
        } else {
            flat(cpu, Segments.CS, base + 16 | 3, CODE_32 | RING_3);
            flat(cpu, Segments.SS, base + 24 | 3, DATA | RING_3);
            pointer &= 0xFFFF_FFFFL;
            target &= 0xFFFF_FFFFL;
        }
        cpu.registers[Registers.RSP] = pointer;
        cpu.pc = target;
        cpu.modeChanged();
    }
}
