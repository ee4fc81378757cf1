package org.xenolith.x86;

import org.xenolith.ir.ReadOnly;

/// Checks of addresses.
public final class Alignment {
    private Alignment() {}

    /// #GP(0) unless `address` is a multiple of 16.
    @ReadOnly
    public static void require16(Cpu cpu, long address) {
        if ((address & 15) != 0) {
            throw Trap.generalProtection(0);
        }
    }

    /// #GP(0) unless `target` may be called in 64-bit mode; a fault of the push comes first.
    @ReadOnly
    public static void requireCallable(Cpu cpu, long target) {
        if (target << 16 >> 16 != target) {
            cpu.probeWrite(cpu.registers[Registers.RSP] - 8, 8);
            throw Trap.generalProtection(0);
        }
    }

    /// #GP(0) unless `target` may be jumped to in 64-bit mode.
    @ReadOnly
    public static void requireCanonical(Cpu cpu, long target) {
        if (target << 16 >> 16 != target) {
            throw Trap.generalProtection(0);
        }
    }
}
