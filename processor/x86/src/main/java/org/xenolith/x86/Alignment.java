package org.xenolith.x86;

import org.xenolith.ir.Guard;
import org.xenolith.ir.ReadOnly;

/// Checks of addresses.
public final class Alignment {
    private Alignment() {}

    /// #GP(0) unless `address` is a multiple of 16.
    @ReadOnly
    @Guard(value = "is16", form = Guard.Form.IS_MULTIPLE, bits = 4)
    public static void require16(Cpu cpu, long address) {
        if (!is16(address)) {
            throw Trap.generalProtection(0);
        }
    }

    public static boolean is16(long address) {
        return (address & 15) == 0;
    }

    /// #GP(0) unless `target` may be called in 64-bit mode; a fault of pushing `bytes` comes first.
    @ReadOnly
    @Guard(value = "isCanonicalTarget", form = Guard.Form.FITS_SIGNED, bits = 48)
    public static void requireCanonicalCallable(Cpu cpu, long target, int bytes) {
        requireCallable(cpu, target, bytes);
    }

    public static boolean isCanonicalTarget(long target, int bytes) {
        return isCanonical(target);
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

    /// #GP(0) unless `target` may be jumped to in 64-bit mode.
    @ReadOnly
    @Guard(value = "isCanonical", form = Guard.Form.FITS_SIGNED, bits = 48)
    public static void requireCanonical(Cpu cpu, long target) {
        requireTarget(cpu, target);
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
        return cpu.is64() ? isCanonical(target) : SegmentAccess.isWithinCode(cpu, target);
    }

    /// Whether bits 63 to 47 of a linear address are equal.
    public static boolean isCanonical(long address) {
        return address << 16 >> 16 == address;
    }
}
