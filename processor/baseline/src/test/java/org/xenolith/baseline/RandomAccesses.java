package org.xenolith.baseline;

import org.xenolith.ir.Op;
import org.xenolith.ir.Op.BinaryKind;
import org.xenolith.ir.Unit;
import org.xenolith.ir.Width;

import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/// Makes instructions at random that access memory near what a few registers hold: what functions
/// save on their stack, members of structures, what is read, changed and written back.
final class RandomAccesses {
    private static final int INSTRUCTIONS_MAX = 10;

    /// Registers that addresses are made from, and as many that get what is loaded.
    private static final int REGISTERS = 3;

    /// Where sums and differences of distances no longer are what they seem.
    private static final long[] HUGE = {
        1L << 29, -(1L << 29), 1L << 30, -(1L << 30), 1L << 31, 1L << 32, Long.MIN_VALUE
    };

    private static final int NEAR = 0x180;
    private static final int FAR = 0x1800;

    private final RandomGenerator random;
    private final List<Op> ops = new ArrayList<>();

    private RandomAccesses(RandomGenerator random) {
        this.random = random;
    }

    /// Some instructions, which do not end a block.
    static Unit next(RandomGenerator random) {
        var made = new RandomAccesses(random);
        int instructions = 2 + random.nextInt(INSTRUCTIONS_MAX);
        for (int index = 0; index < instructions; index++) {
            made.ops.add(new Op.Boundary(0x3000 + index, 1));
            made.instruction();
        }
        return new Unit(made.ops);
    }

    private int add(Op op) {
        ops.add(op);
        return ops.size() - 1;
    }

    private void instruction() {
        int register = random.nextInt(REGISTERS);
        int address = add(new Op.ReadRegister(register));
        for (int terms = random.nextInt(3); terms > 0; terms--) {
            int number = add(new Op.Const(Width.W64, distance()));
            var kind = random.nextBoolean() ? BinaryKind.ADD : BinaryKind.SUB;
            address = add(new Op.Binary(kind, Width.W64, address, number));
        }
        var width = Width.values()[random.nextInt(Width.values().length)];
        switch (random.nextInt(6)) {
            case 0 -> add(new Op.Store(width, address, value(width)));
            case 1 -> push(register, address);
            case 2 -> change(width, address);
            case 3 -> add(new Op.StorePair(address, value(Width.W64), value(Width.W64)));
            default -> load(width, address);
        }
    }

    private long distance() {
        if (random.nextInt(20) == 0) {
            return HUGE[random.nextInt(HUGE.length)] + random.nextInt(-2, 3);
        }
        int span = random.nextInt(8) > 0 ? NEAR : FAR;
        return random.nextInt(span) - span / 2;
    }

    /// A register that no address is made from, cut to a width.
    private int value(Width width) {
        int whole = add(new Op.ReadRegister(REGISTERS + random.nextInt(REGISTERS)));
        return width == Width.W64 ? whole : add(new Op.Convert(false, Width.W64, width, whole));
    }

    private void push(int register, int address) {
        add(new Op.Store(Width.W64, address, value(Width.W64)));
        add(new Op.WriteRegister(register, address));
    }

    private void change(Width width, int address) {
        int before = add(new Op.Load(width, address));
        int sum = add(new Op.Binary(BinaryKind.ADD, width, before, value(width)));
        add(
                random.nextBoolean()
                        ? new Op.Store(width, address, sum)
                        : new Op.StoreConditional(width, address, before, sum));
    }

    private void load(Width width, int address) {
        int loaded = add(new Op.Load(width, address));
        int whole =
                width == Width.W64 ? loaded : add(new Op.Convert(false, width, Width.W64, loaded));
        add(new Op.WriteRegister(REGISTERS + random.nextInt(REGISTERS), whole));
    }
}
