package org.xenolith.ir.testing;

import org.xenolith.ir.CarryRule;
import org.xenolith.ir.Condition;
import org.xenolith.ir.FlagRule;
import org.xenolith.ir.Helper;
import org.xenolith.ir.Op;
import org.xenolith.ir.Op.BinaryKind;
import org.xenolith.ir.Op.CompareKind;
import org.xenolith.ir.Op.UnaryKind;
import org.xenolith.ir.Ops;
import org.xenolith.ir.Unit;
import org.xenolith.ir.Width;

import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/// Makes units at random that keep the laws of [org.xenolith.ir.Verifier].
public final class RandomUnits {
    private static final int INSTRUCTIONS_MAX = 4;
    private static final int COMPUTATIONS_MAX = 12;
    private static final int REGISTERS = 16;
    private static final long[] CONSTANTS = {0, 1, -1, 8, 0xFF, 0xFFFF, 0x7FFF_FFFF, 1L << 63};

    private final RandomGenerator random;
    private final List<Op> ops = new ArrayList<>();

    private RandomUnits(RandomGenerator random) {
        this.random = random;
    }

    /// One or several instructions.
    public static Unit next(RandomGenerator random) {
        var units = new RandomUnits(random);
        int instructions = 1 + random.nextInt(INSTRUCTIONS_MAX);
        for (int index = 0; index < instructions; index++) {
            units.instruction(index);
        }
        units.end();
        return new Unit(units.ops);
    }

    private void instruction(int index) {
        add(new Op.Boundary(0x1000 + index, 1));
        int computations = random.nextInt(COMPUTATIONS_MAX);
        for (int computation = 0; computation < computations; computation++) {
            compute();
        }
        switch (random.nextInt(8)) {
            case 0, 1 -> {
                var width = width();
                add(new Op.Store(width, address(), value(width)));
            }
            case 2 -> add(new Op.StorePair(address(), value(Width.W64), value(Width.W64)));
            case 3 -> {
                var width = width();
                int address = address();
                int expected =
                        random.nextBoolean() ? add(new Op.Load(width, address)) : value(width);
                add(new Op.StoreConditional(width, address, expected, value(width)));
            }
            case 4 -> {
                if (random.nextBoolean()) {
                    add(new Op.Call(helper("touch"), List.of()));
                } else {
                    var arguments = List.of(value(Width.W64), value(Width.W32));
                    add(new Op.Call(helper("exchange"), arguments));
                }
            }
            default -> {}
        }
        int writes = random.nextInt(3);
        for (int write = 0; write < writes; write++) {
            add(new Op.WriteRegister(slot(), value(Width.W64)));
        }
        switch (random.nextInt(4)) {
            case 0, 1 -> flags();
            case 2 -> {
                if (random.nextBoolean()) {
                    add(new Op.WriteFlags(value(width())));
                } else {
                    var width = width();
                    add(new Op.SetCarry(any(CarryRule.values()), width, value(width)));
                }
            }
            default -> {}
        }
    }

    private void compute() {
        var width = width();
        switch (random.nextInt(13)) {
            case 0 -> constant(width);
            case 1, 2 -> add(new Op.ReadRegister(slot()));
            case 3 -> add(new Op.Load(width, address()));
            case 4, 5 -> binary(width);
            case 6 -> add(new Op.Unary(any(UnaryKind.values()), width, value(width)));
            case 7 -> {
                var from = width();
                add(new Op.Convert(random.nextBoolean(), from, width, value(from)));
            }
            case 8 -> add(new Op.Select(width, value(Width.W8), value(width), value(width)));
            case 9 -> compare();
            case 10 -> test();
            case 11 -> add(new Op.Call(helper("look"), List.of(value(Width.W64))));
            default -> {
                if (random.nextBoolean()) {
                    add(new Op.ReadFlags());
                } else if (random.nextBoolean()) {
                    add(new Op.Call(helper("five"), List.of()));
                } else {
                    var arguments = List.of(value(Width.W64), value(Width.W16));
                    add(new Op.Call(helper("mix"), arguments));
                }
            }
        }
    }

    private int binary(Width width) {
        var kind = any(BinaryKind.values());
        int right = value(width);
        if (Ops.isShift(kind)) {
            int mask = add(new Op.Const(width, width.bits() - 1));
            right = add(new Op.Binary(BinaryKind.AND, width, right, mask));
        }
        return add(new Op.Binary(kind, width, value(width), right));
    }

    private int compare() {
        var width = width();
        return add(new Op.Compare(any(CompareKind.values()), width, value(width), value(width)));
    }

    private int test() {
        return add(new Op.Test(any(Condition.values())));
    }

    /// A flag write whose values are related as its rule says.
    private void flags() {
        var rule = any(FlagRule.values());
        var width = width();
        int left = value(width);
        int right = value(width);
        int count = add(new Op.Const(width, 1 + random.nextInt(width.bits() - 1)));
        int result =
                switch (rule) {
                    case EXPLICIT, LOGIC, MUL -> value(width);
                    case ADD -> binary(BinaryKind.ADD, width, left, right);
                    case SUB -> binary(BinaryKind.SUB, width, left, right);
                    case ADC -> withCarry(BinaryKind.ADD, width, left, right);
                    case SBB -> withCarry(BinaryKind.SUB, width, left, right);
                    case INC -> binary(BinaryKind.ADD, width, left, add(new Op.Const(width, 1)));
                    case DEC -> binary(BinaryKind.SUB, width, left, add(new Op.Const(width, 1)));
                    case SHL -> binary(BinaryKind.SHIFT_LEFT, width, left, count);
                    case SHR -> binary(BinaryKind.SHIFT_RIGHT, width, left, count);
                    case SAR -> binary(BinaryKind.SHIFT_RIGHT_SIGNED, width, left, count);
                };
        int setLeft =
                switch (rule) {
                    case INC, DEC, MUL -> add(new Op.Test(Condition.BELOW));
                    case EXPLICIT, ADD, ADC, SUB, SBB, LOGIC, SHL, SHR, SAR -> left;
                };
        int setRight =
                switch (rule) {
                    case SHL, SHR, SAR -> count;
                    case EXPLICIT, ADD, ADC, SUB, SBB, LOGIC, INC, DEC, MUL -> right;
                };
        if (random.nextInt(4) == 0) {
            int condition = random.nextBoolean() ? value(width()) : compare();
            add(new Op.SetFlagsIf(condition, rule, width, setLeft, setRight, result));
        } else {
            add(new Op.SetFlags(rule, width, setLeft, setRight, result));
        }
    }

    private int binary(BinaryKind kind, Width width, int left, int right) {
        return add(new Op.Binary(kind, width, left, right));
    }

    private int withCarry(BinaryKind kind, Width width, int left, int right) {
        int test = add(new Op.Test(Condition.BELOW));
        int carry = add(new Op.Convert(false, Width.W8, width, test));
        return binary(kind, width, binary(kind, width, left, right), carry);
    }

    private void end() {
        switch (random.nextInt(6)) {
            case 0 -> add(new Op.Jump(random.nextLong()));
            case 1, 2 -> {
                int condition = random.nextBoolean() ? test() : compare();
                add(new Op.Branch(condition, random.nextLong(), random.nextLong()));
            }
            case 3 -> add(new Op.JumpTo(value(Width.W64)));
            case 4 -> {
                add(new Op.Boundary(0x2000, 1));
                var arguments = List.of(value(Width.W64), value(Width.W64));
                add(new Op.Call(helper("go"), arguments));
                add(new Op.Leave());
            }
            default -> {}
        }
    }

    private int address() {
        return value(Width.W64);
    }

    /// A value of the given width that exists, or a new one.
    private int value(Width width) {
        for (int attempt = 0; attempt < 4; attempt++) {
            int index = random.nextInt(ops.size());
            var op = ops.get(index);
            if (Ops.hasValue(op) && Ops.width(op) == width) {
                return index;
            }
        }
        if (random.nextBoolean()) {
            return constant(width);
        }
        int register = add(new Op.ReadRegister(slot()));
        return width == Width.W64
                ? register
                : add(new Op.Convert(false, Width.W64, width, register));
    }

    private int constant(Width width) {
        long value =
                random.nextBoolean()
                        ? CONSTANTS[random.nextInt(CONSTANTS.length)]
                        : random.nextLong();
        return add(new Op.Const(width, value));
    }

    private int slot() {
        return random.nextInt(REGISTERS);
    }

    private Width width() {
        return any(Width.values());
    }

    private static Helper helper(String name) {
        return Helper.named(FakeHelpers.class, name);
    }

    private <T> T any(T[] values) {
        return values[random.nextInt(values.length)];
    }

    private int add(Op op) {
        ops.add(op);
        return ops.size() - 1;
    }
}
