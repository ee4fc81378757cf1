package org.xenolith.x86;

/// SYSCALL, SYSRET, SYSENTER and SYSEXIT, as on an Intel processor: SYSCALL and SYSRET in 64-bit
/// mode only (SDM vol. 2B).
public final class SystemCalls {
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
        cpu.registers[Registers.RCX] = next;
        cpu.registers[Registers.R11] = cpu.rflags() & ~(long) Bits.RF;
        cpu.setRflags(cpu.registers[Registers.R11] & ~cpu.msrs.fmask);
        cpu.interruptedItself = (cpu.msrs.fmask & Bits.TF) != 0;
        int selector = (int) (cpu.msrs.star >>> 32) & 0xFFFC;
        flat(cpu, Segments.CS, selector, CODE_64);
        flat(cpu, Segments.SS, selector + 8, DATA);
        cpu.pc = cpu.msrs.lstar;
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
        int base = (int) (cpu.msrs.star >>> 48) & 0xFFFF;
        long flags = cpu.registers[Registers.R11] & 0x3C_7FD7 | 2;
        if (wide != 0) {
            flat(cpu, Segments.CS, base + 16 | 3, CODE_64 | RING_3);
        } else {
            flat(cpu, Segments.CS, base | 3, CODE_32 | RING_3);
            target &= 0xFFFF_FFFFL;
        }
        flat(cpu, Segments.SS, base + 8 | 3, DATA | RING_3);
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
