package org.xenolith.x86;

import org.xenolith.ir.Quick;
import org.xenolith.softfloat.Float32;
import org.xenolith.softfloat.Float64;

/// Arithmetic of one floating-point lane, for ADDSD, ADDSS and their kin. **Hot path.** Operands
/// are the low halves of XMM registers; the answer is the new low half of the destination, of which
/// an operation on float32 keeps the high lane of `a`.
public final class ScalarFloats {
    private static final long UPPER = ~0xFFFF_FFFFL;

    private ScalarFloats() {}

    private static long checked(Cpu cpu, long result) {
        SimdException.check(cpu);
        return result;
    }

    private static long merged(Cpu cpu, long a, int result) {
        SimdException.check(cpu);
        return a & UPPER | Integer.toUnsignedLong(result);
    }

    @Quick(value = "quickSum64", guard = "isQuickSum64")
    public static long add64(Cpu cpu, long a, long b) {
        return checked(cpu, Float64.add(a, b, cpu.fpu.mxcsr));
    }

    @Quick(value = "quickSum32", guard = "isQuickSum32")
    public static long add32(Cpu cpu, long a, long b) {
        return merged(cpu, a, Float32.add((int) a, (int) b, cpu.fpu.mxcsr));
    }

    @Quick(value = "quickDifference64", guard = "isQuickDifference64")
    public static long subtract64(Cpu cpu, long a, long b) {
        return checked(cpu, Float64.subtract(a, b, cpu.fpu.mxcsr));
    }

    @Quick(value = "quickDifference32", guard = "isQuickDifference32")
    public static long subtract32(Cpu cpu, long a, long b) {
        return merged(cpu, a, Float32.subtract((int) a, (int) b, cpu.fpu.mxcsr));
    }

    @Quick(value = "quickProduct64", guard = "isQuickProduct64")
    public static long multiply64(Cpu cpu, long a, long b) {
        return checked(cpu, Float64.multiply(a, b, cpu.fpu.mxcsr));
    }

    @Quick(value = "quickProduct32", guard = "isQuickProduct32")
    public static long multiply32(Cpu cpu, long a, long b) {
        return merged(cpu, a, Float32.multiply((int) a, (int) b, cpu.fpu.mxcsr));
    }

    @Quick(value = "quickQuotient64", guard = "isQuickQuotient64")
    public static long divide64(Cpu cpu, long a, long b) {
        return checked(cpu, Float64.divide(a, b, cpu.fpu.mxcsr));
    }

    @Quick(value = "quickQuotient32", guard = "isQuickQuotient32")
    public static long divide32(Cpu cpu, long a, long b) {
        return merged(cpu, a, Float32.divide((int) a, (int) b, cpu.fpu.mxcsr));
    }

    public static long minimum64(Cpu cpu, long a, long b) {
        return checked(cpu, Float64.minimum(a, b, cpu.fpu.mxcsr));
    }

    public static long minimum32(Cpu cpu, long a, long b) {
        return merged(cpu, a, Float32.minimum((int) a, (int) b, cpu.fpu.mxcsr));
    }

    public static long maximum64(Cpu cpu, long a, long b) {
        return checked(cpu, Float64.maximum(a, b, cpu.fpu.mxcsr));
    }

    public static long maximum32(Cpu cpu, long a, long b) {
        return merged(cpu, a, Float32.maximum((int) a, (int) b, cpu.fpu.mxcsr));
    }

    @Quick(value = "quickRoot64", guard = "isQuickRoot64")
    public static long squareRoot64(Cpu cpu, long a, long b) {
        return checked(cpu, Float64.squareRoot(b, cpu.fpu.mxcsr));
    }

    public static long squareRoot32(Cpu cpu, long a, long b) {
        return merged(cpu, a, Float32.squareRoot((int) b, cpu.fpu.mxcsr));
    }

    public static long compare64(Cpu cpu, long a, long b, int predicate) {
        return checked(cpu, Float64.compare(a, b, predicate, cpu.fpu.mxcsr));
    }

    public static long compare32(Cpu cpu, long a, long b, int predicate) {
        return merged(cpu, a, Float32.compare((int) a, (int) b, predicate, cpu.fpu.mxcsr));
    }

    public static long round64(Cpu cpu, long a, long b, int control) {
        return checked(cpu, Float64.round(b, control, cpu.fpu.mxcsr));
    }

    public static long round32(Cpu cpu, long a, long b, int control) {
        return merged(cpu, a, Float32.round((int) b, control, cpu.fpu.mxcsr));
    }

    /// COMISD: ZF, PF and CF at their places in RFLAGS.
    @Quick(value = "quickOrder64", guard = "isQuickOrder64")
    public static long compareOrdered64(Cpu cpu, long a, long b) {
        return checked(cpu, Float64.compareOrdered(a, b, cpu.fpu.mxcsr));
    }

    public static long compareOrdered32(Cpu cpu, long a, long b) {
        return checked(cpu, Float32.compareOrdered((int) a, (int) b, cpu.fpu.mxcsr));
    }

    /// UCOMISD.
    @Quick(value = "quickOrder64", guard = "isQuickOrder64")
    public static long compareUnordered64(Cpu cpu, long a, long b) {
        return checked(cpu, Float64.compareUnordered(a, b, cpu.fpu.mxcsr));
    }

    public static long compareUnordered32(Cpu cpu, long a, long b) {
        return checked(cpu, Float32.compareUnordered((int) a, (int) b, cpu.fpu.mxcsr));
    }

    /// RCPSS. Pure.
    public static long reciprocal32(long a, long b) {
        return a & UPPER | Integer.toUnsignedLong(Float32.approximateReciprocal((int) b));
    }

    /// RSQRTSS. Pure.
    public static long reciprocalRoot32(long a, long b) {
        return a & UPPER | Integer.toUnsignedLong(Float32.approximateReciprocalRoot((int) b));
    }

    // ---------------------------------------------------------------- quick forms

    public static long quickSum64(long a, long b) {
        return Float64.quickSum(a, b);
    }

    public static boolean isQuickSum64(long a, long b) {
        return Float64.isQuickSum(a, b);
    }

    public static long quickSum32(long a, long b) {
        return a & UPPER | Integer.toUnsignedLong(Float32.quickSum((int) a, (int) b));
    }

    public static boolean isQuickSum32(long a, long b) {
        return Float32.isQuickSum((int) a, (int) b);
    }

    public static long quickDifference64(long a, long b) {
        return Float64.quickDifference(a, b);
    }

    public static boolean isQuickDifference64(long a, long b) {
        return Float64.isQuickDifference(a, b);
    }

    public static long quickDifference32(long a, long b) {
        return a & UPPER | Integer.toUnsignedLong(Float32.quickDifference((int) a, (int) b));
    }

    public static boolean isQuickDifference32(long a, long b) {
        return Float32.isQuickDifference((int) a, (int) b);
    }

    public static long quickProduct64(long a, long b) {
        return Float64.quickProduct(a, b);
    }

    public static boolean isQuickProduct64(long a, long b) {
        return Float64.isQuickProduct(a, b);
    }

    public static long quickProduct32(long a, long b) {
        return a & UPPER | Integer.toUnsignedLong(Float32.quickProduct((int) a, (int) b));
    }

    public static boolean isQuickProduct32(long a, long b) {
        return Float32.isQuickProduct((int) a, (int) b);
    }

    public static long quickQuotient64(long a, long b) {
        return Float64.quickQuotient(a, b);
    }

    public static boolean isQuickQuotient64(long a, long b) {
        return Float64.isQuickQuotient(a, b);
    }

    public static long quickQuotient32(long a, long b) {
        return a & UPPER | Integer.toUnsignedLong(Float32.quickQuotient((int) a, (int) b));
    }

    public static boolean isQuickQuotient32(long a, long b) {
        return Float32.isQuickQuotient((int) a, (int) b);
    }

    public static long quickRoot64(long a, long b) {
        return Float64.quickRoot(b);
    }

    public static boolean isQuickRoot64(long a, long b) {
        return Float64.isQuickRoot(b);
    }

    public static long quickOrder64(long a, long b) {
        return Float64.quickOrder(a, b);
    }

    public static boolean isQuickOrder64(long a, long b) {
        return Float64.isQuickOrder(a, b);
    }
}
