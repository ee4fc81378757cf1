package org.xenolith.x86;

/// Checks of operands that must be aligned.
public final class Alignment {
    private Alignment() {}

    /// #GP(0) unless `address` is a multiple of 16.
    public static void require16(Cpu cpu, long address) {
        if ((address & 15) != 0) {
            throw Trap.generalProtection(0);
        }
    }
}
