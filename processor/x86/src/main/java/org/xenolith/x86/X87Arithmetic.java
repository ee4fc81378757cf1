package org.xenolith.x86;

import org.xenolith.base.Bug;
import org.xenolith.softfloat.Float80;
import org.xenolith.softfloat.Float80Arithmetic;
import org.xenolith.softfloat.Float80Comparison;
import org.xenolith.softfloat.Float80Functions;
import org.xenolith.softfloat.Float80Parts;
import org.xenolith.softfloat.FloatFlags;
import org.xenolith.softfloat.FpuContext;

/// Helpers of x87 instructions that compute or compare (SDM vol. 1, 8.3.5 to 8.3.8). Operations are
/// named by the `reg` field as in [Float80Arithmetic], functions by ModRM behind D9.
public final class X87Arithmetic {
    /// What one comparison leaves in C0, C2 and C3 if an operand is missing.
    private static final int UNORDERED = FloatFlags.C0 | FloatFlags.C2 | FloatFlags.C3;

    // Formats of a number operand, in the order of the opcodes D8, DA, DC and DE.
    private static final int FLOAT32 = 0;
    private static final int INT32 = 1;
    private static final int FLOAT64 = 2;

    private X87Arithmetic() {}

    private static FpuState begin(Cpu cpu) {
        cpu.fpu.begin();
        return cpu.fpu;
    }

    /// An operation on ST(0) and ST(index), the result to ST(destination).
    public static void operate(Cpu cpu, int operation, int index, int destination, int pops) {
        var f = begin(cpu);
        if (f.isEmpty(0) || f.isEmpty(index)) {
            f.underflow(destination, pops);
            return;
        }
        boolean result =
                Float80Arithmetic.operate(
                        f.context,
                        operation,
                        f.significand(0),
                        f.signExponent(0),
                        f.significand(index),
                        f.signExponent(index));
        give(f, result, destination, pops, FloatFlags.C1);
    }

    private static void give(
            FpuState f, boolean result, int destination, int pops, int conditions) {
        var c = f.context;
        f.finish(c.flags, conditions);
        if (result) {
            f.set(destination, c.significand, c.signExponent);
            f.pop(pops);
        }
    }

    /// An operation on ST(0) and a number from memory, integers sign-extended. `format` is bits 2:1
    /// of the opcode.
    public static void operateNumber(Cpu cpu, int operation, int format, long value) {
        var f = begin(cpu);
        if (f.isEmpty(0)) {
            f.underflow(0, 0);
            return;
        }
        var c = f.context;
        long a = f.significand(0);
        int ae = f.signExponent(0);
        boolean result =
                switch (format) {
                    case FLOAT32 ->
                            Float80Arithmetic.operateFloat32(c, operation, a, ae, (int) value);
                    case FLOAT64 -> Float80Arithmetic.operateFloat64(c, operation, a, ae, value);
                    default -> Float80Arithmetic.operateInteger(c, operation, a, ae, value);
                };
        give(f, result, 0, 0, FloatFlags.C1);
    }

    // ---------------------------------------------------------------- comparisons

    /// FCOM, FCOMP, FCOMPP and, if `quiet`, FUCOM and its kin.
    public static void compare(Cpu cpu, int index, int quiet, int pops) {
        var f = begin(cpu);
        if (f.isEmpty(0) || f.isEmpty(index)) {
            missing(f, pops);
            return;
        }
        boolean result = compare(f, index, quiet);
        f.finish(f.context.flags, FpuState.CONDITIONS);
        f.pop(result ? pops : 0);
    }

    private static boolean compare(FpuState f, int index, int quiet) {
        return Float80Comparison.compare(
                f.context,
                f.significand(0),
                f.signExponent(0),
                f.significand(index),
                f.signExponent(index),
                quiet != 0);
    }

    /// A comparison lacks an operand.
    private static void missing(FpuState f, int pops) {
        if (f.underflow()) {
            f.pop(pops);
        }
        f.finish(UNORDERED, FpuState.CONDITIONS);
    }

    /// FCOM and FICOM with memory, as [#operateNumber].
    public static void compareNumber(Cpu cpu, int format, long value, int pops) {
        var f = begin(cpu);
        if (f.isEmpty(0)) {
            missing(f, pops);
            return;
        }
        var c = f.context;
        long a = f.significand(0);
        int ae = f.signExponent(0);
        boolean result =
                switch (format) {
                    case FLOAT32 -> Float80Comparison.compareFloat32(c, a, ae, (int) value);
                    case FLOAT64 -> Float80Comparison.compareFloat64(c, a, ae, value);
                    default -> Float80Comparison.compareInteger(c, a, ae, value);
                };
        f.finish(c.flags, FpuState.CONDITIONS);
        f.pop(result ? pops : 0);
    }

    /// FTST.
    public static void compareZero(Cpu cpu) {
        compareNumber(cpu, INT32, 0, 0);
    }

    /// FCOMI, FCOMIP and, if `quiet`, FUCOMI and FUCOMIP.
    public static void compareToFlags(Cpu cpu, int index, int quiet, int pops) {
        var f = begin(cpu);
        if (f.isEmpty(0) || f.isEmpty(index)) {
            cpu.setStatusFlags(Float80Comparison.toEflags(UNORDERED));
            if (f.underflow()) {
                f.pop(pops);
            }
            return;
        }
        boolean result = compare(f, index, quiet);
        cpu.setStatusFlags(Float80Comparison.toEflags(f.context.flags));
        f.finish(f.context.flags & ~FpuState.CONDITIONS, 0);
        f.pop(result ? pops : 0);
    }

    /// FXAM.
    public static void examine(Cpu cpu) {
        var f = begin(cpu);
        int sign = (f.signExponent(0) & 0x8000) != 0 ? FloatFlags.C1 : 0;
        int found =
                f.isEmpty(0)
                        ? FloatFlags.C3 | FloatFlags.C0 | sign
                        : Float80.examine(f.significand(0), f.signExponent(0));
        f.finish(found, FpuState.CONDITIONS);
    }

    // ---------------------------------------------------------------- functions

    /// F2XM1, FSQRT, FRNDINT, FSIN and FCOS.
    public static void unary(Cpu cpu, int function) {
        var f = begin(cpu);
        boolean angle = function >= 0xFE;
        int conditions = angle ? FloatFlags.C1 | FloatFlags.C2 : FloatFlags.C1;
        if (f.isEmpty(0)) {
            f.finish(0, conditions);
            f.underflow(0, 0);
            return;
        }
        var c = f.context;
        long a = f.significand(0);
        int ae = f.signExponent(0);
        boolean result =
                switch (function) {
                    case 0xF0 -> Float80Functions.powerLessOne(c, a, ae);
                    case 0xFA -> Float80Arithmetic.squareRoot(c, a, ae);
                    case 0xFC -> Float80Parts.roundToIntegral(c, a, ae);
                    case 0xFE -> Float80Functions.sine(c, a, ae);
                    case 0xFF -> Float80Functions.cosine(c, a, ae);
                    default -> throw new Bug("no x87 function " + function);
                };
        give(f, result, 0, 0, conditions);
    }

    /// FPREM1, FPREM and FSCALE: ST(0) and ST(1) to ST(0).
    public static void binary(Cpu cpu, int function) {
        var f = begin(cpu);
        int failing = function == 0xFD ? FloatFlags.C1 : FloatFlags.C1 | FloatFlags.C2;
        if (f.isEmpty(0) || f.isEmpty(1)) {
            f.finish(0, failing);
            f.underflow(0, 0);
            return;
        }
        boolean result = binary(f, function);
        var c = f.context;
        boolean number =
                (c.flags & FloatFlags.INVALID) == 0
                        && Float80.classify(c.significand, c.signExponent) < Float80.QUIET_NAN;
        boolean quotient = result && number && function != 0xFD;
        give(f, result, 0, 0, quotient ? FpuState.CONDITIONS : failing);
    }

    /// FYL2X, FPATAN and FYL2XP1: ST(0) and ST(1) to ST(1), and a pop.
    public static void binaryAndPop(Cpu cpu, int function) {
        var f = begin(cpu);
        if (f.isEmpty(0) || f.isEmpty(1)) {
            f.underflow(1, 1);
            return;
        }
        give(f, binary(f, function), 1, 1, FloatFlags.C1);
    }

    private static boolean binary(FpuState f, int function) {
        var c = f.context;
        long a = f.significand(0);
        int ae = f.signExponent(0);
        long b = f.significand(1);
        int be = f.signExponent(1);
        return switch (function) {
            case 0xF1 -> Float80Functions.logarithm(c, a, ae, b, be);
            case 0xF3 -> Float80Functions.arctangent(c, a, ae, b, be);
            case 0xF5 -> Float80Parts.remainder(c, a, ae, b, be, true);
            case 0xF8 -> Float80Parts.remainder(c, a, ae, b, be, false);
            case 0xF9 -> Float80Functions.logarithmPlusOne(c, a, ae, b, be);
            case 0xFD -> Float80Parts.scale(c, a, ae, b, be);
            default -> throw new Bug("no x87 function " + function);
        };
    }

    /// FPTAN, FXTRACT and FSINCOS: one result to ST(0), another pushed.
    public static void unaryAndPush(Cpu cpu, int function) {
        var f = begin(cpu);
        int conditions = FloatFlags.C1 | (function == 0xF4 ? 0 : FloatFlags.C2);
        boolean empty = f.isEmpty(0);
        if (empty || !f.isEmpty(7)) {
            f.finish(0, conditions);
            if (empty ? f.underflow() : f.overflow()) {
                f.set(0, Float80.DEFAULT_NAN, 0xFFFF);
                f.push(Float80.DEFAULT_NAN, 0xFFFF);
            }
            return;
        }
        var c = f.context;
        boolean result = compute(c, function, f.significand(0), f.signExponent(0));
        give(f, result, 0, 0, conditions);
        if (result) {
            f.push(c.secondSignificand, c.secondSignExponent);
        }
    }

    private static boolean compute(FpuContext c, int function, long a, int ae) {
        return switch (function) {
            case 0xF2 -> Float80Functions.tangent(c, a, ae);
            case 0xF4 -> Float80Parts.extract(c, a, ae);
            case 0xFB -> Float80Functions.sineAndCosine(c, a, ae);
            default -> throw new Bug("no x87 function " + function);
        };
    }
}
