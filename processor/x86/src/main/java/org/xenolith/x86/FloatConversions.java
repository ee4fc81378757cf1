package org.xenolith.x86;

import org.xenolith.ir.Quick;
import org.xenolith.softfloat.Float32;
import org.xenolith.softfloat.Float64;
import org.xenolith.softfloat.FloatLanes;

/// Conversions between floating-point formats and to and from integers, for CVTSI2SD and its kin.
/// **Hot path.** Those with a `slot` write the XMM register whose low half it is.
public final class FloatConversions {
    private static final long UPPER = ~0xFFFF_FFFFL;

    private FloatConversions() {}

    private static long checked(Cpu cpu, long result) {
        SimdException.check(cpu);
        return result;
    }

    private static long merged(Cpu cpu, long a, int result) {
        SimdException.check(cpu);
        return a & UPPER | Integer.toUnsignedLong(result);
    }

    private static void write(Cpu cpu, int slot, long low, long high) {
        SimdException.check(cpu);
        cpu.registers[slot] = low;
        cpu.registers[slot + 1] = high;
    }

    /// CVTSI2SD from a sign-extended integer.
    @Quick(value = "quickInteger", guard = "isQuickInteger")
    public static long integerToFloat64(Cpu cpu, long value) {
        return checked(cpu, Float64.fromInteger(value, cpu.fpu.mxcsr));
    }

    /// CVTSI2SS; keeps the high lane of `a`.
    public static long integerToFloat32(Cpu cpu, long a, long value) {
        return merged(cpu, a, Float32.fromInteger(value, cpu.fpu.mxcsr));
    }

    public static long float64ToInt32(Cpu cpu, long value) {
        return checked(cpu, Float64.toInt32(value, cpu.fpu.mxcsr));
    }

    public static long float64ToInt64(Cpu cpu, long value) {
        return checked(cpu, Float64.toInt64(value, cpu.fpu.mxcsr));
    }

    @Quick(value = "quickTruncation", guard = "isQuickTruncation32")
    public static long float64TruncateToInt32(Cpu cpu, long value) {
        return checked(cpu, Float64.truncateToInt32(value, cpu.fpu.mxcsr));
    }

    @Quick(value = "quickTruncation", guard = "isQuickTruncation64")
    public static long float64TruncateToInt64(Cpu cpu, long value) {
        return checked(cpu, Float64.truncateToInt64(value, cpu.fpu.mxcsr));
    }

    public static long float32ToInt32(Cpu cpu, long value) {
        return checked(cpu, Float32.toInt32((int) value, cpu.fpu.mxcsr));
    }

    public static long float32ToInt64(Cpu cpu, long value) {
        return checked(cpu, Float32.toInt64((int) value, cpu.fpu.mxcsr));
    }

    public static long float32TruncateToInt32(Cpu cpu, long value) {
        return checked(cpu, Float32.truncateToInt32((int) value, cpu.fpu.mxcsr));
    }

    public static long float32TruncateToInt64(Cpu cpu, long value) {
        return checked(cpu, Float32.truncateToInt64((int) value, cpu.fpu.mxcsr));
    }

    /// CVTSS2SD.
    public static long float32ToFloat64(Cpu cpu, long value) {
        return checked(cpu, Float32.toFloat64((int) value, cpu.fpu.mxcsr));
    }

    /// CVTSD2SS; keeps the high lane of `a`.
    public static long float64ToFloat32(Cpu cpu, long a, long value) {
        return merged(cpu, a, Float64.toFloat32(value, cpu.fpu.mxcsr));
    }

    /// CVTPS2PD of the two lanes of `value`.
    public static void float32LanesToFloat64(Cpu cpu, int slot, long value) {
        var mxcsr = cpu.fpu.mxcsr;
        long first = Float32.toFloat64((int) value, mxcsr);
        write(cpu, slot, first, Float32.toFloat64((int) (value >>> 32), mxcsr));
    }

    /// CVTPD2PS.
    public static void float64LanesToFloat32(Cpu cpu, int slot, long low, long high) {
        write(cpu, slot, FloatLanes.fromFloat64(low, high, cpu.fpu.mxcsr), 0);
    }

    /// CVTPD2DQ.
    public static void float64LanesToInt32(Cpu cpu, int slot, long low, long high) {
        write(cpu, slot, FloatLanes.float64ToInt32(low, high, cpu.fpu.mxcsr), 0);
    }

    /// CVTTPD2DQ.
    public static void float64LanesTruncateToInt32(Cpu cpu, int slot, long low, long high) {
        write(cpu, slot, FloatLanes.float64TruncateToInt32(low, high, cpu.fpu.mxcsr), 0);
    }

    /// CVTDQ2PS.
    public static void int32LanesToFloat32(Cpu cpu, int slot, long low, long high) {
        var mxcsr = cpu.fpu.mxcsr;
        long first = FloatLanes.fromInt32(low, mxcsr);
        write(cpu, slot, first, FloatLanes.fromInt32(high, mxcsr));
    }

    /// CVTPS2DQ.
    public static void float32LanesToInt32(Cpu cpu, int slot, long low, long high) {
        var mxcsr = cpu.fpu.mxcsr;
        long first = FloatLanes.toInt32(low, mxcsr);
        write(cpu, slot, first, FloatLanes.toInt32(high, mxcsr));
    }

    /// CVTTPS2DQ.
    public static void float32LanesTruncateToInt32(Cpu cpu, int slot, long low, long high) {
        var mxcsr = cpu.fpu.mxcsr;
        long first = FloatLanes.truncateToInt32(low, mxcsr);
        write(cpu, slot, first, FloatLanes.truncateToInt32(high, mxcsr));
    }

    /// One lane of CVTDQ2PD, in the low 32 bits of `value`; always exact. Pure.
    public static long int32ToFloat64(long value) {
        return Double.doubleToRawLongBits((int) value);
    }

    // ---------------------------------------------------------------- quick forms

    public static long quickTruncation(long value) {
        return Float64.quickTruncation(value);
    }

    public static boolean isQuickTruncation32(long value) {
        return Float64.isQuickTruncation(value, 0x1p31);
    }

    public static boolean isQuickTruncation64(long value) {
        return Float64.isQuickTruncation(value, 0x1p63);
    }

    public static long quickInteger(long value) {
        return Float64.quickInteger(value);
    }

    public static boolean isQuickInteger(long value) {
        return Float64.isQuickInteger(value);
    }
}
