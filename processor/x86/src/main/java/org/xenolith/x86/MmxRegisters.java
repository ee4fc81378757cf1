package org.xenolith.x86;

import org.xenolith.ir.ReadOnly;
import org.xenolith.softfloat.Float64;
import org.xenolith.softfloat.FloatLanes;

/// Helpers that reach MMX registers (SDM vol. 1, 9.5). Whatever does makes all x87 registers valid
/// and TOP 0; a register that is written becomes a NaN. Each instruction begins with
/// [X87Registers#await].
public final class MmxRegisters {
    private MmxRegisters() {}

    @ReadOnly
    public static long read(Cpu cpu, int number) {
        return cpu.fpu.significands[number];
    }

    /// An instruction reads MMX registers but writes none.
    public static void use(Cpu cpu) {
        cpu.fpu.top = 0;
        cpu.fpu.occupied = 0xFF;
    }

    public static void write(Cpu cpu, int number, long value) {
        use(cpu);
        cpu.fpu.significands[number] = value;
        cpu.fpu.signExponents[number] = 0xFFFF;
    }

    /// Stores the low `bits` of a register. Even if the address is bad, TOP is 0 afterwards.
    public static void store(Cpu cpu, int segment, long offset, int bits, int number) {
        cpu.fpu.top = 0;
        long address = X87Transfers.linear(cpu, segment, offset, bits / 8);
        cpu.store(bits, address, cpu.fpu.significands[number] & -1L >>> (64 - bits));
        use(cpu);
    }

    /// MASKMOVQ: stores those bytes whose mask byte has its highest bit set. The registers are in
    /// use even if the address is bad.
    public static void storeMasked(Cpu cpu, int segment, long offset, int number, int mask) {
        use(cpu);
        long address = X87Transfers.linear(cpu, segment, offset, 8);
        cpu.probeWrite(address, 8);
        long value = cpu.fpu.significands[number];
        long choice = cpu.fpu.significands[mask];
        for (int index = 0; index < 8; index++) {
            if ((choice >>> 8 * index & 0x80) != 0) {
                cpu.store8(X87Environment.behind(cpu, address, index), value >>> 8 * index & 0xFF);
            }
        }
    }

    /// EMMS.
    public static void empty(Cpu cpu) {
        cpu.fpu.top = 0;
        cpu.fpu.occupied = 0;
    }

    // ---------------------------------------------------------------- conversions

    private static void useFor(Cpu cpu, int fromRegister) {
        if (fromRegister != 0) {
            use(cpu);
        }
    }

    /// CVTPI2PS to the XMM half in `slot`.
    public static void toFloat32(Cpu cpu, int slot, long integers, int fromRegister) {
        useFor(cpu, fromRegister);
        long result = FloatLanes.fromInt32(integers, cpu.fpu.mxcsr);
        SimdException.check(cpu);
        cpu.registers[slot] = result;
    }

    /// CVTPI2PD to the XMM register in `slot` and the one after it.
    public static void toFloat64(Cpu cpu, int slot, long integers, int fromRegister) {
        useFor(cpu, fromRegister);
        cpu.registers[slot] = Float64.fromInteger((int) integers, cpu.fpu.mxcsr);
        cpu.registers[slot + 1] = Float64.fromInteger((int) (integers >> 32), cpu.fpu.mxcsr);
    }

    /// CVTPS2PI, and CVTTPS2PI if `truncate`.
    public static void fromFloat32(Cpu cpu, int number, long lanes, int truncate) {
        var mxcsr = cpu.fpu.mxcsr;
        long result =
                truncate != 0
                        ? FloatLanes.truncateToInt32(lanes, mxcsr)
                        : FloatLanes.toInt32(lanes, mxcsr);
        use(cpu);
        SimdException.check(cpu);
        write(cpu, number, result);
    }

    /// CVTPD2PI, and CVTTPD2PI if `truncate`.
    public static void fromFloat64(Cpu cpu, int number, long low, long high, int truncate) {
        var mxcsr = cpu.fpu.mxcsr;
        long result =
                truncate != 0
                        ? FloatLanes.float64TruncateToInt32(low, high, mxcsr)
                        : FloatLanes.float64ToInt32(low, high, mxcsr);
        use(cpu);
        SimdException.check(cpu);
        write(cpu, number, result);
    }
}
