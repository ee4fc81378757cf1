package org.xenolith.baseline;

import org.xenolith.ir.Condition;
import org.xenolith.ir.FlagRule;
import org.xenolith.ir.Op;
import org.xenolith.ir.Op.BinaryKind;
import org.xenolith.ir.Op.CompareKind;
import org.xenolith.ir.Unit;
import org.xenolith.ir.Width;

import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/// Makes last instructions of blocks at random, which say where the guest goes on.
final class RandomEnds {
    /// Registers that are read and written.
    private static final int REGISTERS = 6;

    private static final int CONSTANTS = 5;

    private final RandomGenerator random;
    private final List<Op> ops;

    private RandomEnds(Unit body, RandomGenerator random) {
        this.random = random;
        ops = new ArrayList<>(body.ops());
    }

    /// Goes on with `next` or `other`.
    ///
    /// @param entry of the region
    /// @param baseSlot as a region has it
    static Unit end(
            Unit body, long next, long other, long entry, int baseSlot, RandomGenerator random) {
        var end = new RandomEnds(body, random);
        switch (random.nextInt(8)) {
            case 0, 1 -> end.add(new Op.Jump(random.nextInt(4) > 0 ? next : other));
            case 2 -> end.jump(random.nextBoolean() ? next : other, entry, baseSlot);
            case 3 -> end.compare(next, other);
            case 4 -> end.use(next, other);
            default -> {
                end.boundary();
                end.branch(end.test(), next, other);
            }
        }
        return new Unit(end.ops);
    }

    private int add(Op op) {
        ops.add(op);
        return ops.size() - 1;
    }

    private void boundary() {
        add(new Op.Boundary(0, 1));
    }

    private int test() {
        return add(new Op.Test(any(Condition.values())));
    }

    private int read() {
        return add(new Op.ReadRegister(random.nextInt(REGISTERS)));
    }

    private void write(int value) {
        add(new Op.WriteRegister(random.nextInt(REGISTERS), value));
    }

    /// As SETcc does.
    private void set(int condition) {
        write(add(new Op.Convert(false, Width.W8, Width.W64, condition)));
    }

    private void branch(int condition, long next, long other) {
        add(
                random.nextBoolean()
                        ? new Op.Branch(condition, next, other)
                        : new Op.Branch(condition, other, next));
    }

    /// To an address that is computed.
    private void jump(long target, long entry, int baseSlot) {
        boundary();
        int base = add(base(entry, baseSlot));
        int distance = add(new Op.Const(Width.W64, target - entry));
        add(new Op.JumpTo(add(new Op.Binary(BinaryKind.ADD, Width.W64, base, distance))));
    }

    private static Op base(long entry, int baseSlot) {
        return baseSlot >= 0 ? new Op.ReadRegister(baseSlot) : new Op.Const(Width.W64, entry);
    }

    /// By a comparison that flags have no part in, and which is a number perhaps.
    private void compare(long next, long other) {
        boundary();
        var width = any(Width.values());
        int left = cut(width, read());
        int right = cut(width, read());
        int condition = add(new Op.Compare(any(CompareKind.values()), width, left, right));
        if (random.nextBoolean()) {
            set(condition);
        }
        branch(condition, next, other);
    }

    private int cut(Width width, int whole) {
        return width == Width.W64 ? whole : add(new Op.Convert(false, Width.W64, width, whole));
    }

    /// By a condition that is a number too, and selects, and says whether flags change, which it
    /// has been found in; and the next block begins with a constant.
    private void use(long next, long other) {
        boundary();
        int condition = test();
        set(condition);
        int left = read();
        int right = read();
        write(add(new Op.Select(Width.W64, condition, left, right)));
        write(left);
        write(add(new Op.Const(Width.W64, random.nextInt(CONSTANTS) * 0x1000L)));
        int difference = add(new Op.Binary(BinaryKind.SUB, Width.W64, left, right));
        add(new Op.SetFlagsIf(condition, FlagRule.SUB, Width.W64, left, right, difference));
        branch(condition, next, other);
    }

    private <T> T any(T[] values) {
        return values[random.nextInt(values.length)];
    }
}
