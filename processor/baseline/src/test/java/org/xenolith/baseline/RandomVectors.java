package org.xenolith.baseline;

import org.xenolith.ir.Context;
import org.xenolith.ir.Helper;
import org.xenolith.ir.HostInstruction;
import org.xenolith.ir.HostInstruction.Opcode;
import org.xenolith.ir.HostInstruction.Part;
import org.xenolith.ir.HostInstruction.Use;
import org.xenolith.ir.Op;
import org.xenolith.ir.Op.BinaryKind;
import org.xenolith.ir.Unit;
import org.xenolith.ir.Width;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.random.RandomGenerator;

/// Makes instructions at random for which the host has one of its own. Their registers are the
/// slots that [org.xenolith.ir.testing.RandomUnits] works on: vector `n` is slots `2 * n` and the
/// next.
public final class RandomVectors {
    /// The slot of MXCSR.
    static final int CONTROL = 26;

    private static final int VECTORS = 8;
    private static final int INSTRUCTIONS_MAX = 5;
    private static final long INDEFINITE = Long.MIN_VALUE;

    private static final Helper COMPARE = Helper.named(RandomVectors.class, "compare");
    private static final Helper FROM_INTEGER = Helper.named(RandomVectors.class, "fromInteger");
    private static final Helper TRUNCATE = Helper.named(RandomVectors.class, "truncate");

    private final RandomGenerator random;
    private final List<Op> ops = new ArrayList<>();
    private HostInstruction.Part reg;
    private HostInstruction.Part rm;
    private int address;

    private RandomVectors(RandomGenerator random) {
        this.random = random;
    }

    /// One or several instructions, which do not end a block.
    static Unit next(RandomGenerator random) {
        var made = new RandomVectors(random);
        int instructions = 1 + random.nextInt(INSTRUCTIONS_MAX);
        for (int index = 0; index < instructions; index++) {
            made.instruction(index);
        }
        return new Unit(made.ops);
    }

    // ---------------------------------------------------------------- helpers

    /// UCOMISD: ZF, PF and CF.
    public static long compare(Context context, long a, long b) {
        double left = Double.longBitsToDouble(a);
        double right = Double.longBitsToDouble(b);
        return left < right ? 1 : left > right ? 0 : left == right ? 0x40 : 0x45;
    }

    /// CVTSI2SD.
    public static long fromInteger(Context context, long value) {
        return Double.doubleToRawLongBits(value);
    }

    /// CVTTSD2SI.
    public static long truncate(Context context, long bits) {
        double value = Double.longBitsToDouble(bits);
        return Math.abs(value) < 0x1p63 ? (long) value : INDEFINITE;
    }

    // ---------------------------------------------------------------- instructions

    private void instruction(int index) {
        add(new Op.Boundary(0x4000 + index, 1));
        address = Op.Host.NONE;
        switch (random.nextInt(14)) {
            case 0 -> halves(0xD4, BinaryKind.ADD);
            case 1 -> halves(0xFB, BinaryKind.SUB);
            case 2 -> halves(0xDB, BinaryKind.AND);
            case 3 -> halves(0xEB, BinaryKind.OR);
            case 4 -> halves(0xEF, BinaryKind.XOR);
            case 5 -> move();
            case 6 -> store();
            case 7 -> shift();
            case 8 -> fromGeneral();
            case 9 -> toGeneral();
            case 10 -> unpack();
            case 11 -> signs();
            case 12 -> compare();
            default -> convert();
        }
    }

    /// PADDQ and its kin.
    private void halves(int opcode, BinaryKind kind) {
        int source = source(16);
        int low = first(source);
        int high = second(source);
        int number = vector(Use.BOTH);
        int left = add(new Op.ReadRegister(2 * number));
        int right = add(new Op.ReadRegister(2 * number + 1));
        write(
                number,
                add(new Op.Binary(kind, Width.W64, left, low)),
                add(new Op.Binary(kind, Width.W64, right, high)));
        host(opcode(0x66, opcode));
    }

    /// MOVDQU.
    private void move() {
        int source = source(16);
        int low = first(source);
        write(vector(Use.WRITTEN), low, second(source));
        host(opcode(0xF3, 0x6F));
    }

    /// MOVDQU to memory.
    private void store() {
        int number = vector(Use.READ);
        int low = add(new Op.ReadRegister(2 * number));
        int high = add(new Op.ReadRegister(2 * number + 1));
        memory(16, true);
        add(new Op.StorePair(address, low, high));
        host(opcode(0xF3, 0x7F));
    }

    /// PSLLQ by an immediate.
    private void shift() {
        int number = random.nextInt(VECTORS);
        reg = new Part.Digit(6);
        rm = new Part.Vector(number, 2 * number, Use.BOTH);
        int bits = random.nextInt(64);
        int low = add(new Op.ReadRegister(2 * number));
        int high = add(new Op.ReadRegister(2 * number + 1));
        int count = add(new Op.Const(Width.W8, bits));
        write(
                number,
                add(new Op.Binary(BinaryKind.SHIFT_LEFT, Width.W64, low, count)),
                add(new Op.Binary(BinaryKind.SHIFT_LEFT, Width.W64, high, count)));
        host(opcode(0x66, 0x73), OptionalInt.of(bits), false, Op.Host.NONE);
    }

    /// MOVD and MOVQ from a general register.
    private void fromGeneral() {
        boolean wide = random.nextBoolean();
        int slot = random.nextInt(2 * VECTORS);
        rm = new Part.General(slot);
        int value = add(new Op.ReadRegister(slot));
        if (!wide) {
            value = add(new Op.Convert(false, Width.W64, Width.W32, value));
            value = add(new Op.Convert(false, Width.W32, Width.W64, value));
        }
        write(vector(Use.WRITTEN), value, add(new Op.Const(Width.W64, 0)));
        host(opcode(0x66, 0x6E), OptionalInt.empty(), wide, Op.Host.NONE);
    }

    /// MOVD and MOVQ to one.
    private void toGeneral() {
        boolean wide = random.nextBoolean();
        var width = wide ? Width.W64 : Width.W32;
        rm = new Part.Result(width);
        int value = add(new Op.ReadRegister(2 * vector(Use.READ)));
        if (!wide) {
            value = add(new Op.Convert(false, Width.W64, Width.W32, value));
        }
        host(opcode(0x66, 0x7E), OptionalInt.empty(), wide, value);
        answer(width, value);
    }

    private void answer(Width width, int value) {
        int whole =
                width == Width.W64 ? value : add(new Op.Convert(false, width, Width.W64, value));
        add(new Op.WriteRegister(random.nextInt(2 * VECTORS), whole));
    }

    /// PUNPCKLQDQ, which keeps the low half.
    private void unpack() {
        int low = first(source(16));
        int number = vector(Use.BOTH);
        add(new Op.WriteRegister(2 * number + 1, low));
        host(opcode(0x66, 0x6C));
    }

    /// MOVMSKPD.
    private void signs() {
        int number = random.nextInt(VECTORS);
        reg = new Part.Result(Width.W32);
        rm = new Part.Vector(number, 2 * number, Use.READ);
        int count = add(new Op.Const(Width.W8, 63));
        int one = add(new Op.Const(Width.W8, 1));
        int low = add(new Op.ReadRegister(2 * number));
        int high = add(new Op.ReadRegister(2 * number + 1));
        int first = add(new Op.Binary(BinaryKind.SHIFT_RIGHT, Width.W64, low, count));
        int second = add(new Op.Binary(BinaryKind.SHIFT_RIGHT, Width.W64, high, count));
        int moved = add(new Op.Binary(BinaryKind.SHIFT_LEFT, Width.W64, second, one));
        int both = add(new Op.Binary(BinaryKind.OR, Width.W64, first, moved));
        int value = add(new Op.Convert(false, Width.W64, Width.W32, both));
        host(opcode(0x66, 0x50), OptionalInt.empty(), false, value);
        answer(Width.W32, value);
    }

    /// UCOMISD.
    private void compare() {
        int right = first(source(8));
        int left = add(new Op.ReadRegister(2 * vector(Use.READ)));
        int flags = add(new Op.Call(COMPARE, List.of(left, right)));
        host(floating(0x66, 0x2E), OptionalInt.empty(), false, flags);
        add(new Op.WriteFlags(flags));
    }

    /// CVTSI2SD and CVTTSD2SI of 64 bits.
    private void convert() {
        if (random.nextBoolean()) {
            int slot = random.nextInt(2 * VECTORS);
            rm = new Part.General(slot);
            int value = add(new Op.Call(FROM_INTEGER, List.of(add(new Op.ReadRegister(slot)))));
            add(new Op.WriteRegister(2 * vector(Use.BOTH), value));
            host(floating(0xF2, 0x2A), OptionalInt.empty(), true, Op.Host.NONE);
        } else {
            int value = add(new Op.Call(TRUNCATE, List.of(first(source(8)))));
            reg = new Part.Result(Width.W64);
            host(floating(0xF2, 0x2C), OptionalInt.empty(), true, value);
            answer(Width.W64, value);
        }
    }

    // ---------------------------------------------------------------- operands

    private static Opcode opcode(int prefix, int number) {
        return new Opcode(prefix, 1, number, 0, Opcode.NO_CONTROL);
    }

    private static Opcode floating(int prefix, int number) {
        return new Opcode(prefix, 1, number, 0, CONTROL);
    }

    private int vector(Use use) {
        int number = random.nextInt(VECTORS);
        reg = new Part.Vector(number, 2 * number, use);
        return number;
    }

    /// A register or memory as ModRM.rm; answers the register's number, or -1 for memory. Memory is
    /// aligned, as other ways to execute the instruction would have seen to it.
    private int source(int bytes) {
        if (random.nextBoolean()) {
            memory(bytes, false);
            return -1;
        }
        int number = random.nextInt(VECTORS);
        rm = new Part.Vector(number, 2 * number, Use.READ);
        return number;
    }

    private void memory(int bytes, boolean written) {
        rm = new Part.Memory(bytes, written);
        int register = add(new Op.ReadRegister(random.nextInt(2 * VECTORS)));
        int mask = add(new Op.Const(Width.W64, -16));
        int aligned = add(new Op.Binary(BinaryKind.AND, Width.W64, register, mask));
        int distance = add(new Op.Const(Width.W64, 16 * random.nextInt(8)));
        address = add(new Op.Binary(BinaryKind.ADD, Width.W64, aligned, distance));
    }

    private int first(int source) {
        return source < 0
                ? add(new Op.Load(Width.W64, address))
                : add(new Op.ReadRegister(2 * source));
    }

    private int second(int source) {
        if (source >= 0) {
            return add(new Op.ReadRegister(2 * source + 1));
        }
        int eight = add(new Op.Const(Width.W64, 8));
        int behind = add(new Op.Binary(BinaryKind.ADD, Width.W64, address, eight));
        return add(new Op.Load(Width.W64, behind));
    }

    private void write(int number, int low, int high) {
        add(new Op.WriteRegister(2 * number, low));
        add(new Op.WriteRegister(2 * number + 1, high));
    }

    private void host(Opcode opcode) {
        host(opcode, OptionalInt.empty(), false, Op.Host.NONE);
    }

    private void host(Opcode opcode, OptionalInt immediate, boolean wide, int result) {
        var instruction = new HostInstruction(opcode, wide, reg, rm, immediate, List.of());
        add(new Op.Host(instruction, address, result));
    }

    private int add(Op op) {
        ops.add(op);
        return ops.size() - 1;
    }
}
