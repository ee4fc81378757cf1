package org.xenolith.x86;

import static org.xenolith.x86.Bits.*;

import org.xenolith.ir.ReadOnly;

/// MOV to and from control and debug registers (SDM vol. 3A, 2.5; vol. 3B, 18.2).
public final class ControlRegisters {
    private static final long CR0_DEFINED =
            CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_NW | CR0_CD
                    | CR0_PG;

    private static final long CR4_DEFINED =
            CR4_TSD
                    | CR4_DE
                    | CR4_PSE
                    | CR4_PAE
                    | CR4_MCE
                    | CR4_PGE
                    | CR4_PCE
                    | CR4_OSFXSR
                    | CR4_OSXMMEXCPT
                    | CR4_FSGSBASE
                    | CR4_SMEP
                    | CR4_SMAP;

    /// DR7.GD: any access to a debug register is a debug exception.
    private static final long GENERAL_DETECT = 1 << 13;

    private static final int DR6_BD = 1 << 13;

    private ControlRegisters() {}

    static boolean exists(int number, boolean is64) {
        return number == 0 || number >= 2 && number <= 4 || number == 8 && is64;
    }

    @ReadOnly
    public static long read(Cpu cpu, int number) {
        return switch (number) {
            case 0 -> cpu.cr0;
            case 2 -> cpu.cr2;
            case 3 -> cpu.cr3;
            case 4 -> cpu.cr4;
            default -> cpu.cr8;
        };
    }

    public static void write(Cpu cpu, int number, long value) {
        MemoryOrder.serialise();
        switch (number) {
            case 0 -> writeCr0(cpu, value);
            case 2 -> cpu.cr2 = value;
            case 3 -> writeCr3(cpu, value);
            case 4 -> writeCr4(cpu, value);
            default -> {
                require((value & ~15L) == 0);
                cpu.cr8 = (int) value;
                cpu.taskPriorityChanged();
            }
        }
    }

    private static void require(boolean holds) {
        if (!holds) {
            throw Trap.generalProtection(0);
        }
    }

    private static void writeCr0(Cpu cpu, long value) {
        require(value >>> 32 == 0);
        boolean paging = (value & CR0_PG) != 0;
        require(!paging || (value & CR0_PE) != 0);
        require((value & CR0_NW) == 0 || (value & CR0_CD) != 0);
        boolean wasPaging = (cpu.cr0 & CR0_PG) != 0;
        if (paging && !wasPaging && (cpu.efer & EFER_LME) != 0) {
            require((cpu.cr4 & CR4_PAE) != 0);
            require((cpu.attributes[Segments.CS] & Segments.LONG) == 0);
            cpu.efer |= EFER_LMA;
        } else if (!paging && wasPaging) {
            require(!cpu.is64());
            cpu.efer &= ~EFER_LMA;
        }
        long old = cpu.cr0;
        cpu.cr0 = value & CR0_DEFINED | CR0_ET;
        if (((old ^ cpu.cr0) & (CR0_PG | CR0_PE | CR0_WP)) != 0) {
            cpu.flushTlb(true);
        }
        cpu.modeChanged();
    }

    private static void writeCr3(Cpu cpu, long value) {
        long mask = cpu.longActive() ? -1L >>> 64 - GuestPhysical.BITS : 0xFFFF_FFFFL;
        require(!cpu.longActive() || (value & ~mask) == 0);
        cpu.cr3 = value & mask;
        cpu.flushTlb(false);
    }

    private static void writeCr4(Cpu cpu, long value) {
        require((value & ~CR4_DEFINED) == 0);
        require(!cpu.longActive() || (value & CR4_PAE) != 0);
        long changed = cpu.cr4 ^ value;
        cpu.cr4 = value;
        if ((changed & (CR4_PSE | CR4_PAE | CR4_PGE | CR4_SMEP | CR4_SMAP)) != 0) {
            cpu.flushTlb(true);
        }
        cpu.modeChanged();
    }

    public static void clearTaskSwitched(Cpu cpu) {
        cpu.cr0 &= ~CR0_TS;
        cpu.modeChanged();
    }

    /// LMSW: PE can be set but not cleared.
    public static void loadMachineStatus(Cpu cpu, long value) {
        writeCr0(cpu, cpu.cr0 & ~14L | value & 15);
    }

    // ---------------------------------------------------------------- debug registers

    private static int debugRegister(Cpu cpu, int number) {
        if (number == 4 || number == 5) {
            if ((cpu.cr4 & CR4_DE) != 0) {
                throw Trap.invalidOpcode();
            }
            number += 2;
        }
        if ((cpu.dr[7] & GENERAL_DETECT) != 0) {
            cpu.dr[7] &= ~GENERAL_DETECT;
            cpu.pendingDebug |= DR6_BD;
            throw Trap.of(Trap.DEBUG);
        }
        return number;
    }

    public static long readDebug(Cpu cpu, int number) {
        return cpu.dr[debugRegister(cpu, number)];
    }

    public static void writeDebug(Cpu cpu, int number, long value) {
        MemoryOrder.serialise();
        int register = debugRegister(cpu, number);
        if (register < 4) {
            cpu.dr[register] = value;
            return;
        }
        require(value >>> 32 == 0);
        if (register == 6) {
            cpu.dr[6] = value & 0xE00F | 0xFFFF_0FF0L;
        } else {
            cpu.dr[7] = value & ~0xD800L | 0x400;
            cpu.modeChanged();
        }
    }
}
