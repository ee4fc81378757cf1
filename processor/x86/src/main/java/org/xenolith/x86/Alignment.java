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

    /// #GP(0) unless `target` may be called; a fault of pushing `bytes` comes first.
    @ReadOnly
    public static void requireCallable(Cpu cpu, long target, int bytes) {
        if (!isTarget(cpu, target)) {
            long pointer = cpu.registers[Registers.RSP] - bytes;
            cpu.probeWrite(Frames.stackAddress(cpu, pointer, bytes, true), bytes);
            throw Trap.generalProtection(0);
        }
    }

    /// #GP(0) unless `target` may be jumped to.
    @ReadOnly
    public static void requireTarget(Cpu cpu, long target) {
        if (!isTarget(cpu, target)) {
            throw Trap.generalProtection(0);
        }
    }

    /// Canonical in 64-bit mode, else within the code segment.
    private static boolean isTarget(Cpu cpu, long target) {
        return cpu.is64()
                ? target << 16 >> 16 == target
                : SegmentAccess.isWithinCode(cpu, target);
    }
}
