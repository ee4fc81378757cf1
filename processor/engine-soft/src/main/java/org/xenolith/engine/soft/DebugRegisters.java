package org.xenolith.engine.soft;

import org.xenolith.x86.Cpu;

/// Breakpoints in DR0 to DR3 (SDM vol. 3B, 18.2).
final class DebugRegisters {
    private static final int EXECUTE = 0;

    private DebugRegisters() {}

    /// The DR6 bits of enabled instruction breakpoints at `linear`.
    static int instructionBreakpoints(Cpu cpu, long linear) {
        int hit = 0;
        for (int index = 0; index < 4; index++) {
            boolean enabled = (cpu.dr[7] >>> index * 2 & 3) != 0;
            int type = (int) (cpu.dr[7] >>> 16 + index * 4) & 3;
            if (enabled && type == EXECUTE && cpu.dr[index] == linear) {
                hit |= 1 << index;
            }
        }
        return hit;
    }
}
