package org.xenolith.engine.soft;

import org.xenolith.x86.Bits;
import org.xenolith.x86.Cpu;

/// Breakpoints in DR0 to DR3 (SDM vol. 3B, 18.2).
final class DebugRegisters {
    private static final int EXECUTE = 0;
    private static final int WRITE = 1;
    private static final int PORT = 2;
    private static final int ACCESS = 3;

    /// Bytes that the four values of DR7.LEN stand for.
    private static final int[] LENGTHS = {1, 2, 8, 4};

    private DebugRegisters() {}

    private static boolean isEnabled(Cpu cpu, int index) {
        return (cpu.dr[7] >>> index * 2 & 3) != 0;
    }

    private static int type(Cpu cpu, int index) {
        return (int) (cpu.dr[7] >>> 16 + index * 4) & 3;
    }

    private static boolean covers(Cpu cpu, int index, long address, int bytes) {
        int length = LENGTHS[(int) (cpu.dr[7] >>> 18 + index * 4) & 3];
        long first = cpu.dr[index] & -length;
        return first + length > address && address + bytes > first;
    }

    /// Whether any data breakpoint is enabled.
    static boolean watchesData(Cpu cpu) {
        for (int index = 0; index < 4; index++) {
            int type = type(cpu, index);
            if (isEnabled(cpu, index) && (type == WRITE || type == ACCESS)) {
                return true;
            }
        }
        return false;
    }

    /// The DR6 bits of enabled data breakpoints that an access hits.
    static int dataBreakpoints(Cpu cpu, long linear, int bytes, boolean write) {
        int hit = 0;
        for (int index = 0; index < 4; index++) {
            int type = type(cpu, index);
            if (isEnabled(cpu, index)
                    && (type == ACCESS || type == WRITE && write)
                    && covers(cpu, index, linear, bytes)) {
                hit |= 1 << index;
            }
        }
        return hit;
    }

    /// The DR6 bits of enabled breakpoints on ports, which CR4.DE allows.
    static int portBreakpoints(Cpu cpu, int port, int bytes) {
        int hit = 0;
        for (int index = 0; index < 4; index++) {
            if ((cpu.cr4 & Bits.CR4_DE) != 0
                    && isEnabled(cpu, index)
                    && type(cpu, index) == PORT
                    && covers(cpu, index, port, bytes)) {
                hit |= 1 << index;
            }
        }
        return hit;
    }

    /// The DR6 bits of enabled instruction breakpoints at `linear`.
    static int instructionBreakpoints(Cpu cpu, long linear) {
        int hit = 0;
        for (int index = 0; index < 4; index++) {
            if (isEnabled(cpu, index) && type(cpu, index) == EXECUTE && cpu.dr[index] == linear) {
                hit |= 1 << index;
            }
        }
        return hit;
    }
}
