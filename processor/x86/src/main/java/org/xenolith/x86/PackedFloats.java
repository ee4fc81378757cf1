package org.xenolith.x86;

import org.xenolith.ir.Quick;
import org.xenolith.softfloat.Float64;
import org.xenolith.softfloat.FloatLanes;

/// Arithmetic of all floating-point lanes of an XMM register. **Hot path.** The first operand and
/// the destination is the register whose low half is `slot`; `low` and `high` are the second. Every
/// lane is computed before any is written.
public final class PackedFloats {
    private PackedFloats() {}

    private static void write(Cpu cpu, int slot, long low, long high) {
        SimdException.check(cpu);
        cpu.registers[slot] = low;
        cpu.registers[slot + 1] = high;
    }

    @Quick(value = "quickSum64", guard = "isQuickSum64")
    public static void add64(Cpu cpu, int slot, long low, long high) {
        var mxcsr = cpu.fpu.mxcsr;
        long first = Float64.add(cpu.registers[slot], low, mxcsr);
        write(cpu, slot, first, Float64.add(cpu.registers[slot + 1], high, mxcsr));
    }

    public static void add32(Cpu cpu, int slot, long low, long high) {
        var mxcsr = cpu.fpu.mxcsr;
        long first = FloatLanes.add(cpu.registers[slot], low, mxcsr);
        write(cpu, slot, first, FloatLanes.add(cpu.registers[slot + 1], high, mxcsr));
    }

    @Quick(value = "quickDifference64", guard = "isQuickDifference64")
    public static void subtract64(Cpu cpu, int slot, long low, long high) {
        var mxcsr = cpu.fpu.mxcsr;
        long first = Float64.subtract(cpu.registers[slot], low, mxcsr);
        write(cpu, slot, first, Float64.subtract(cpu.registers[slot + 1], high, mxcsr));
    }

    public static void subtract32(Cpu cpu, int slot, long low, long high) {
        var mxcsr = cpu.fpu.mxcsr;
        long first = FloatLanes.subtract(cpu.registers[slot], low, mxcsr);
        write(cpu, slot, first, FloatLanes.subtract(cpu.registers[slot + 1], high, mxcsr));
    }

    @Quick(value = "quickProduct64", guard = "isQuickProduct64")
    public static void multiply64(Cpu cpu, int slot, long low, long high) {
        var mxcsr = cpu.fpu.mxcsr;
        long first = Float64.multiply(cpu.registers[slot], low, mxcsr);
        write(cpu, slot, first, Float64.multiply(cpu.registers[slot + 1], high, mxcsr));
    }

    public static void multiply32(Cpu cpu, int slot, long low, long high) {
        var mxcsr = cpu.fpu.mxcsr;
        long first = FloatLanes.multiply(cpu.registers[slot], low, mxcsr);
        write(cpu, slot, first, FloatLanes.multiply(cpu.registers[slot + 1], high, mxcsr));
    }

    @Quick(value = "quickQuotient64", guard = "isQuickQuotient64")
    public static void divide64(Cpu cpu, int slot, long low, long high) {
        var mxcsr = cpu.fpu.mxcsr;
        long first = Float64.divide(cpu.registers[slot], low, mxcsr);
        write(cpu, slot, first, Float64.divide(cpu.registers[slot + 1], high, mxcsr));
    }

    public static void divide32(Cpu cpu, int slot, long low, long high) {
        var mxcsr = cpu.fpu.mxcsr;
        long first = FloatLanes.divide(cpu.registers[slot], low, mxcsr);
        write(cpu, slot, first, FloatLanes.divide(cpu.registers[slot + 1], high, mxcsr));
    }

    public static void minimum64(Cpu cpu, int slot, long low, long high) {
        var mxcsr = cpu.fpu.mxcsr;
        long first = Float64.minimum(cpu.registers[slot], low, mxcsr);
        write(cpu, slot, first, Float64.minimum(cpu.registers[slot + 1], high, mxcsr));
    }

    public static void minimum32(Cpu cpu, int slot, long low, long high) {
        var mxcsr = cpu.fpu.mxcsr;
        long first = FloatLanes.minimum(cpu.registers[slot], low, mxcsr);
        write(cpu, slot, first, FloatLanes.minimum(cpu.registers[slot + 1], high, mxcsr));
    }

    public static void maximum64(Cpu cpu, int slot, long low, long high) {
        var mxcsr = cpu.fpu.mxcsr;
        long first = Float64.maximum(cpu.registers[slot], low, mxcsr);
        write(cpu, slot, first, Float64.maximum(cpu.registers[slot + 1], high, mxcsr));
    }

    public static void maximum32(Cpu cpu, int slot, long low, long high) {
        var mxcsr = cpu.fpu.mxcsr;
        long first = FloatLanes.maximum(cpu.registers[slot], low, mxcsr);
        write(cpu, slot, first, FloatLanes.maximum(cpu.registers[slot + 1], high, mxcsr));
    }

    public static void squareRoot64(Cpu cpu, int slot, long low, long high) {
        var mxcsr = cpu.fpu.mxcsr;
        long first = Float64.squareRoot(low, mxcsr);
        write(cpu, slot, first, Float64.squareRoot(high, mxcsr));
    }

    public static void compare64(Cpu cpu, int slot, long low, long high, int predicate) {
        var mxcsr = cpu.fpu.mxcsr;
        long first = Float64.compare(cpu.registers[slot], low, predicate, mxcsr);
        long second = Float64.compare(cpu.registers[slot + 1], high, predicate, mxcsr);
        write(cpu, slot, first, second);
    }

    public static void round64(Cpu cpu, int slot, long low, long high, int control) {
        var mxcsr = cpu.fpu.mxcsr;
        long first = Float64.round(low, control, mxcsr);
        write(cpu, slot, first, Float64.round(high, control, mxcsr));
    }

    public static void dotProduct64(Cpu cpu, int slot, long low, long high, int control) {
        var mxcsr = cpu.fpu.mxcsr;
        long a = cpu.registers[slot];
        long b = cpu.registers[slot + 1];
        long first = FloatLanes.dotProduct64(0, a, b, low, high, control, mxcsr);
        long second = FloatLanes.dotProduct64(1, a, b, low, high, control, mxcsr);
        write(cpu, slot, first, second);
    }

    public static void squareRoot32(Cpu cpu, int slot, long low, long high) {
        var mxcsr = cpu.fpu.mxcsr;
        long first = FloatLanes.squareRoot(low, mxcsr);
        write(cpu, slot, first, FloatLanes.squareRoot(high, mxcsr));
    }

    public static void compare32(Cpu cpu, int slot, long low, long high, int predicate) {
        var mxcsr = cpu.fpu.mxcsr;
        long first = FloatLanes.compare(cpu.registers[slot], low, predicate, mxcsr);
        long second = FloatLanes.compare(cpu.registers[slot + 1], high, predicate, mxcsr);
        write(cpu, slot, first, second);
    }

    public static void round32(Cpu cpu, int slot, long low, long high, int control) {
        var mxcsr = cpu.fpu.mxcsr;
        long first = FloatLanes.round(low, control, mxcsr);
        write(cpu, slot, first, FloatLanes.round(high, control, mxcsr));
    }

    public static void dotProduct32(Cpu cpu, int slot, long low, long high, int control) {
        var mxcsr = cpu.fpu.mxcsr;
        long a = cpu.registers[slot];
        long b = cpu.registers[slot + 1];
        long first = FloatLanes.dotProduct32(0, a, b, low, high, control, mxcsr);
        long second = FloatLanes.dotProduct32(1, a, b, low, high, control, mxcsr);
        write(cpu, slot, first, second);
    }

    public static void addSubtract64(Cpu cpu, int slot, long low, long high) {
        var mxcsr = cpu.fpu.mxcsr;
        long first = Float64.subtract(cpu.registers[slot], low, mxcsr);
        write(cpu, slot, first, Float64.add(cpu.registers[slot + 1], high, mxcsr));
    }

    public static void addSubtract32(Cpu cpu, int slot, long low, long high) {
        var mxcsr = cpu.fpu.mxcsr;
        long first = FloatLanes.addSubtract(cpu.registers[slot], low, mxcsr);
        write(cpu, slot, first, FloatLanes.addSubtract(cpu.registers[slot + 1], high, mxcsr));
    }

    public static void horizontalAdd64(Cpu cpu, int slot, long low, long high) {
        var mxcsr = cpu.fpu.mxcsr;
        long first = Float64.add(cpu.registers[slot], cpu.registers[slot + 1], mxcsr);
        write(cpu, slot, first, Float64.add(low, high, mxcsr));
    }

    public static void horizontalAdd32(Cpu cpu, int slot, long low, long high) {
        var mxcsr = cpu.fpu.mxcsr;
        long first = FloatLanes.horizontalAdd(cpu.registers[slot], cpu.registers[slot + 1], mxcsr);
        write(cpu, slot, first, FloatLanes.horizontalAdd(low, high, mxcsr));
    }

    public static void horizontalSubtract64(Cpu cpu, int slot, long low, long high) {
        var mxcsr = cpu.fpu.mxcsr;
        long first = Float64.subtract(cpu.registers[slot], cpu.registers[slot + 1], mxcsr);
        write(cpu, slot, first, Float64.subtract(low, high, mxcsr));
    }

    public static void horizontalSubtract32(Cpu cpu, int slot, long low, long high) {
        var mxcsr = cpu.fpu.mxcsr;
        long first =
                FloatLanes.horizontalSubtract(cpu.registers[slot], cpu.registers[slot + 1], mxcsr);
        write(cpu, slot, first, FloatLanes.horizontalSubtract(low, high, mxcsr));
    }

    /// RCPPS of two lanes. Pure.
    public static long approximateReciprocal(long value) {
        return FloatLanes.approximateReciprocal(value);
    }

    /// RSQRTPS of two lanes. Pure.
    public static long approximateReciprocalRoot(long value) {
        return FloatLanes.approximateReciprocalRoot(value);
    }

    // ---------------------------------------------------------------- quick forms of one half

    public static long quickSum64(long a, long b) {
        return Float64.quickSum(a, b);
    }

    public static boolean isQuickSum64(long a, long b) {
        return Float64.isQuickSum(a, b);
    }

    public static long quickDifference64(long a, long b) {
        return Float64.quickDifference(a, b);
    }

    public static boolean isQuickDifference64(long a, long b) {
        return Float64.isQuickDifference(a, b);
    }

    public static long quickProduct64(long a, long b) {
        return Float64.quickProduct(a, b);
    }

    public static boolean isQuickProduct64(long a, long b) {
        return Float64.isQuickProduct(a, b);
    }

    public static long quickQuotient64(long a, long b) {
        return Float64.quickQuotient(a, b);
    }

    public static boolean isQuickQuotient64(long a, long b) {
        return Float64.isQuickQuotient(a, b);
    }
}
