package org.xenolith.x86;

import org.xenolith.base.Bug;
import org.xenolith.softfloat.Float80;
import org.xenolith.softfloat.Float80Conversion;
import org.xenolith.softfloat.FloatFlags;

/// Helpers of x87 loads and stores (SDM vol. 1, 8.3.3). Loads get what the memory operand holds;
/// stores write it themselves, since whether they do depends on the value.
public final class X87Transfers {
    /// Formats of a store.
    static final int FLOAT32 = 0;

    static final int FLOAT64 = 1;
    static final int INT16 = 2;
    static final int INT32 = 3;
    static final int INT64 = 4;

    /// Added to an integer format: FISTTP.
    static final int TRUNCATED = 8;

    private X87Transfers() {}

    /// Whether there is room; deals with it if there is not.
    private static boolean hasRoom(FpuState f) {
        if (f.isEmpty(7)) {
            return true;
        }
        if (f.overflow()) {
            f.push(Float80.DEFAULT_NAN, 0xFFFF);
        }
        return false;
    }

    private static void push(FpuState f, boolean result) {
        var c = f.context;
        f.finish(c.flags, FloatFlags.C1);
        if (result) {
            f.push(c.significand, c.signExponent);
        }
    }

    /// FLD m32fp.
    public static void loadFloat32(Cpu cpu, int bits) {
        var f = cpu.fpu;
        f.begin();
        if (hasRoom(f)) {
            push(f, Float80Conversion.loadFloat32(f.context, bits));
        }
    }

    /// FLD m64fp.
    public static void loadFloat64(Cpu cpu, long bits) {
        var f = cpu.fpu;
        f.begin();
        if (hasRoom(f)) {
            push(f, Float80Conversion.loadFloat64(f.context, bits));
        }
    }

    /// FLD m80fp, which takes everything as it is.
    public static void loadFloat80(Cpu cpu, long significand, int signExponent) {
        var f = cpu.fpu;
        f.begin();
        if (hasRoom(f)) {
            f.finish(0, FloatFlags.C1);
            f.push(significand, signExponent);
        }
    }

    /// FILD of a sign-extended integer.
    public static void loadInteger(Cpu cpu, long value) {
        var f = cpu.fpu;
        f.begin();
        if (hasRoom(f)) {
            push(f, Float80Conversion.loadInteger(f.context, value));
        }
    }

    /// FBLD.
    public static void loadDecimal(Cpu cpu, long low, int high) {
        var f = cpu.fpu;
        f.begin();
        if (hasRoom(f)) {
            push(f, Float80Conversion.loadDecimal(f.context, low, high));
        }
    }

    /// FST, FIST and FISTTP, and with a pop FSTP and FISTP. If an exception keeps the value back,
    /// the address does not matter.
    public static void store(Cpu cpu, int segment, long offset, int format, int pops) {
        var f = cpu.fpu;
        int bits = bits(format);
        int flags = FloatFlags.INVALID | FpuState.STACK_FAULT;
        boolean result = f.masks(FloatFlags.INVALID);
        long value = indefinite(format);
        if (!f.isEmpty(0)) {
            var c = f.context;
            c.controlWord(f.controlWord);
            result = convert(f, format);
            flags = c.flags;
            value = c.integer;
        }
        if (result) {
            long address = linear(cpu, segment, offset, bits / 8);
            cpu.store(bits, address, value & -1L >>> (64 - bits));
        }
        end(f, flags, result, pops);
    }

    /// The memory operand is written, so that nothing can stop the instruction any more.
    private static void end(FpuState f, int flags, boolean result, int pops) {
        f.begin();
        f.finish(flags, FloatFlags.C1);
        f.pop(result ? pops : 0);
    }

    /// The linear address of an operand to be written.
    static long linear(Cpu cpu, int segment, long offset, int bytes) {
        if (!cpu.is64()) {
            return SegmentAccess.linearForWrite(cpu, segment, offset, bytes);
        }
        return segment < Segments.FS ? offset : offset + cpu.base(segment);
    }

    private static int bits(int format) {
        return switch (format & ~TRUNCATED) {
            case INT16 -> 16;
            case INT32, FLOAT32 -> 32;
            case INT64, FLOAT64 -> 64;
            default -> throw new Bug("no x87 format " + format);
        };
    }

    /// What is stored where there is no number.
    private static long indefinite(int format) {
        return switch (format & ~TRUNCATED) {
            case FLOAT32 -> 0xFFC0_0000L;
            case FLOAT64 -> 0xFFF8_0000_0000_0000L;
            default -> 1L << (bits(format) - 1);
        };
    }

    private static boolean convert(FpuState f, int format) {
        long significand = f.significand(0);
        int signExponent = f.signExponent(0);
        return switch (format) {
            case FLOAT32 -> Float80Conversion.storeFloat32(f.context, significand, signExponent);
            case FLOAT64 -> Float80Conversion.storeFloat64(f.context, significand, signExponent);
            default ->
                    Float80Conversion.storeInteger(
                            f.context,
                            significand,
                            signExponent,
                            bits(format),
                            (format & TRUNCATED) != 0);
        };
    }

    /// FSTP m80fp.
    public static void storeFloat80(Cpu cpu, int segment, long offset) {
        var f = cpu.fpu;
        boolean empty = f.isEmpty(0);
        boolean result = !empty || f.masks(FloatFlags.INVALID);
        if (result) {
            storeTen(
                    cpu,
                    linear(cpu, segment, offset, 10),
                    empty ? Float80.DEFAULT_NAN : f.significand(0),
                    empty ? 0xFFFF : f.signExponent(0));
        }
        end(f, empty ? FloatFlags.INVALID | FpuState.STACK_FAULT : 0, result, 1);
    }

    /// FBSTP.
    public static void storeDecimal(Cpu cpu, int segment, long offset) {
        var f = cpu.fpu;
        var c = f.context;
        c.controlWord(f.controlWord);
        boolean empty = f.isEmpty(0);
        boolean result =
                empty
                        ? f.masks(FloatFlags.INVALID)
                        : Float80Conversion.storeDecimal(c, f.significand(0), f.signExponent(0));
        int flags = empty ? FloatFlags.INVALID | FpuState.STACK_FAULT : c.flags;
        if (result) {
            storeTen(
                    cpu,
                    linear(cpu, segment, offset, 10),
                    empty ? Float80.DEFAULT_NAN : c.significand,
                    empty ? 0xFFFF : c.signExponent);
        }
        end(f, flags, result, 1);
    }

    /// Stores 80 bits where that cannot fault any more.
    static void storeTen(Cpu cpu, long address, long low, int high) {
        cpu.store64(address, low);
        cpu.store16(X87Environment.behind(cpu, address, 8), high);
    }
}
