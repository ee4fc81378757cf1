package org.xenolith.baseline;

import org.xenolith.ir.Arithmetic;
import org.xenolith.ir.Context;
import org.xenolith.ir.HostInstruction;
import org.xenolith.ir.Op;
import org.xenolith.ir.Op.BinaryKind;
import org.xenolith.ir.Ops;
import org.xenolith.ir.Unit;
import org.xenolith.ir.Width;

import java.util.Arrays;
import java.util.List;

/// What is to be made of each value of a trace ([Traces]): which are the same, which are constants,
/// which are made only where they are used, and where the last use of each is.
///
/// Several values may be one *home value*: a register read after it was read or written, a value
/// cut to fewer bits, or combined with itself. Bits above a value's width are whatever its home
/// value has there; how many bits of a home value can be other than zero is known ([#bits]).
final class Plan {
    private static final int NOBODY = -1;

    /// How far an address may be from what it is made from: the difference between two such
    /// distances is still one that an instruction can have.
    private static final int DISPLACEMENT_MAX = 1 << 29;

    private final List<Op> ops;
    private final int[] homes;
    private final int[] bits;
    private final boolean[] constant;
    private final long[] number;
    private final int[] last;
    private final boolean[] deferred;
    private final boolean[] skipped;

    /// By value: whether it is used other than as a condition, and other than as an address.
    private final boolean[] usedAsNumber;

    private final boolean[] usedAsCondition;
    private final boolean[] usedAsAddress;

    Plan(Unit unit) {
        ops = unit.ops();
        int count = ops.size();
        homes = new int[count];
        bits = new int[count];
        constant = new boolean[count];
        number = new long[count];
        last = new int[count];
        deferred = new boolean[count];
        skipped = new boolean[count];
        usedAsNumber = new boolean[count];
        usedAsCondition = new boolean[count];
        usedAsAddress = new boolean[count];
        Arrays.fill(last, NOBODY);
        findHomes();
        findUses();
    }

    // ---------------------------------------------------------------- answers

    Op op(int index) {
        return ops.get(index);
    }

    int size() {
        return ops.size();
    }

    /// The home value of a value.
    int home(int value) {
        return homes[value];
    }

    boolean isConstant(int value) {
        return constant[homes[value]];
    }

    /// What a constant value is, zero-extended from `width`.
    long constant(int value, Width width) {
        return width.zeroExtend(number[homes[value]]);
    }

    /// How many low bits of a value's home may be other than zero.
    int bits(int value) {
        return bits[homes[value]];
    }

    /// The index of the op that is the last to use a home value.
    int last(int home) {
        return last[home];
    }

    /// Whether a value is made where it is used.
    boolean isDeferred(int value) {
        return deferred[value];
    }

    /// Whether nothing is to be done for an op.
    boolean isSkipped(int index) {
        return skipped[index];
    }

    // ---------------------------------------------------------------- forwards

    private void findHomes() {
        var current = new int[Context.SLOTS];
        Arrays.fill(current, NOBODY);
        for (int index = 0; index < ops.size(); index++) {
            var op = ops.get(index);
            homes[index] = index;
            bits[index] = Long.SIZE;
            switch (op) {
                case Op.Const(var width, long value) -> makeConstant(index, width, value);
                case Op.ReadRegister(int slot) -> {
                    if (current[slot] == NOBODY) {
                        current[slot] = index;
                    } else {
                        homes[index] = current[slot];
                    }
                }
                case Op.WriteRegister(int slot, int value) -> current[slot] = homes[value];
                case Op.Convert convert -> convert(index, convert);
                case Op.Load(var width, _) -> bits[index] = width.bits();
                case Op.Host host -> {
                    bits[index] = VectorCode.bits(host);
                    findHomes(index, host, current);
                }
                case Op.Compare _, Op.Test _ -> bits[index] = 1;
                case Op.Binary binary -> combine(index, binary);
                case Op.Unary(var kind, var width, int value) ->
                        bits[index] = bits(kind, width, bits(value));
                case Op.Select(var width, _, int ifTrue, int ifFalse) ->
                        bits[index] =
                                Math.min(
                                        width == Width.W64 ? Long.SIZE : Integer.SIZE,
                                        Math.max(bits(ifTrue), bits(ifFalse)));
                case Op.Call call when Ops.mayChangeAnything(call) -> Arrays.fill(current, NOBODY);
                case Op _ -> {}
            }
        }
    }

    /// What the host's instruction answers takes the place of the value that it answers for; what
    /// it writes is nobody's value.
    private void findHomes(int index, Op.Host op, int[] current) {
        int result = op.result();
        if (result != Op.Host.NONE) {
            homes[result] = index;
            Arrays.setAll(current, slot -> current[slot] == result ? NOBODY : current[slot]);
        }
        for (var vector : op.instruction().vectors()) {
            if (vector.use().writes()) {
                current[vector.slot()] = NOBODY;
                current[vector.slot() + 1] = NOBODY;
            }
        }
    }

    private void makeConstant(int index, Width width, long value) {
        constant[index] = true;
        number[index] = width.zeroExtend(value);
        bits[index] = Long.SIZE - Long.numberOfLeadingZeros(number[index]);
    }

    private void convert(int index, Op.Convert op) {
        int value = op.value();
        if (isConstant(value)) {
            long from = constant(value, op.from());
            makeConstant(index, op.to(), Arithmetic.convert(op.signed(), op.from(), op.to(), from));
        } else if (op.to().bits() <= op.from().bits()
                || !op.signed() && bits(value) <= op.from().bits()) {
            homes[index] = homes[value];
        } else if (!op.signed()) {
            bits[index] = op.from().bits();
        } else {
            bits[index] = op.to() == Width.W64 ? Long.SIZE : Integer.SIZE;
        }
    }

    /// A value with itself is what makes a register zero, or looks whether it is.
    private void combine(int index, Op.Binary op) {
        bits[index] = bits(op);
        if (homes[op.left()] == homes[op.right()]) {
            switch (op.kind()) {
                case SUB, XOR -> makeConstant(index, op.width(), 0);
                case AND, OR -> homes[index] = homes[op.left()];
                default -> {}
            }
        }
    }

    /// As `BlockCode` computes them.
    private int bits(Op.Binary op) {
        int computed = op.width() == Width.W64 ? Long.SIZE : Integer.SIZE;
        int left = Math.min(computed, bits(op.left()));
        int right = Math.min(computed, bits(op.right()));
        return switch (op.kind()) {
            case AND -> Math.min(left, right);
            case OR, XOR -> Math.max(left, right);
            case SHIFT_RIGHT -> Math.min(left, op.width().bits());
            case MUL_HIGH_UNSIGNED -> op.width().bits();
            case ROTATE_LEFT, ROTATE_RIGHT ->
                    op.width().bits() < Integer.SIZE
                            ? Math.max(op.width().bits(), bits(op.left()))
                            : computed;
            case ADD, SUB, MUL, MUL_HIGH_SIGNED, SHIFT_LEFT, SHIFT_RIGHT_SIGNED -> computed;
        };
    }

    private static int bits(Op.UnaryKind kind, Width width, int bits) {
        return switch (kind) {
            case LEADING_ZEROS, TRAILING_ZEROS, COUNT_ONES -> 8;
            case SWAP_BYTES ->
                    switch (width) {
                        case W8 -> 8;
                        case W16 -> Math.max(16, bits);
                        case W32, W64 -> width.bits();
                    };
            case NOT, NEGATE -> width == Width.W64 ? Long.SIZE : Integer.SIZE;
        };
    }

    // ---------------------------------------------------------------- backwards

    private void findUses() {
        var overwritten = new boolean[Context.SLOTS];
        int flagsChanged = ops.size();
        boolean hosted = false; // an instruction of the host stands for the op
        for (int index = ops.size() - 1; index >= 0; index--) {
            var op = ops.get(index);
            if (Ops.mayFault(op) || op.endsUnit()) {
                Arrays.fill(overwritten, false);
            }
            if (Ops.changesFlags(op)) {
                flagsChanged = index;
            }
            hosted &= !(op instanceof Op.Boundary);
            if (hosted && isReplaced(index, op)) {
                skipped[index] = true;
                continue;
            }
            switch (op) {
                case Op.Host host -> {
                    hosted = true;
                    use(index, host, overwritten);
                }
                case Op.WriteRegister(int slot, int value) -> {
                    skipped[index] = overwritten[slot];
                    overwritten[slot] = true;
                    if (!skipped[index]) {
                        use(value, index);
                    }
                }
                case Op.Load(_, int address) -> useAsAddress(address, index);
                case Op.Store(_, int address, int value) -> {
                    useAsAddress(address, index);
                    use(value, index);
                }
                case Op.StorePair(int address, int low, int high) -> {
                    useAsAddress(address, index);
                    use(low, index);
                    use(high, index);
                }
                case Op.SetFlags flags -> useForFlags(index, flags);
                case Op.SetFlagsIf set -> {
                    useForFlags(index, set.flags());
                    useAsCondition(set.condition(), index);
                }
                case Op.Branch(int condition, _, _) -> useAsCondition(condition, index);
                case Op.Select(_, int condition, int ifTrue, int ifFalse) -> {
                    if (isUsed(index)) {
                        useAsCondition(condition, index);
                        use(ifTrue, index);
                        use(ifFalse, index);
                    } else {
                        skipped[index] = true;
                    }
                }
                case Op _ -> useOperands(index, op, flagsChanged);
            }
        }
    }

    /// Whether an op need not be done because the host's instruction does what it does: all but
    /// guards, and what makes the values that these and the address follow from.
    private boolean isReplaced(int index, Op op) {
        boolean guards = op instanceof Op.Call(var helper, _) && helper.guard().isPresent();
        boolean answered = homes[index] > index;
        return !guards && !(Ops.hasValue(op) && isUsed(index) && !answered);
    }

    private void use(int index, Op.Host op, boolean[] overwritten) {
        if (op.address() != Op.Host.NONE) {
            useAsAddress(op.address(), index);
            Arrays.fill(overwritten, false); // it may miss
        }
        for (var vector : op.instruction().vectors()) {
            read(vector.slot(), overwritten);
            read(vector.slot() + 1, overwritten);
        }
        if (op.instruction().rm() instanceof HostInstruction.Part.General(int slot)) {
            read(slot, overwritten);
        }
    }

    private static void read(int slot, boolean[] overwritten) {
        overwritten[slot] = false;
    }

    private void useForFlags(int index, Op.SetFlags op) {
        use(op.result(), index);
        if (FlagCode.storesLeft(op.rule())) {
            use(op.left(), index);
        }
        if (Ops.usesRight(op.rule())) {
            use(op.right(), index);
        }
    }

    /// Whether anybody uses a value, itself or as a part of another.
    boolean isUsed(int index) {
        return usedAsNumber[index] || usedAsCondition[index] || usedAsAddress[index];
    }

    private void useOperands(int index, Op op, int flagsChanged) {
        boolean pure = Ops.isPure(op) || op instanceof Op.Test || op instanceof Op.ReadFlags;
        if (constant[index] || pure && !isUsed(index)) {
            skipped[index] = true;
            return;
        }
        if (homes[index] != index) {
            skipped[index] = true;
            switch (op) {
                case Op.Convert(_, _, _, int value) -> passOn(index, value);
                case Op.Binary(_, _, int value, _) -> passOn(index, value);
                default -> {}
            }
            return;
        }
        if (isCondition(index, op, flagsChanged) || isAddress(index, op)) {
            deferred[index] = true;
            skipped[index] = true;
        }
        int at = deferred[index] ? last[index] : index;
        boolean negated = deferred[index] && op instanceof Op.Binary && usedAsCondition[index];
        for (int operand : Ops.operands(op)) {
            if (negated) {
                useAsCondition(operand, at);
            } else {
                use(operand, at);
            }
        }
    }

    /// The uses of a value count for the one that it is cut from; as numbers, since that one has
    /// more bits.
    private void passOn(int index, int value) {
        if (isUsed(index)) {
            usedAsNumber[value] = true;
        }
    }

    /// Whether a value is nothing but a condition that can be computed where it is used.
    private boolean isCondition(int index, Op op, int flagsChanged) {
        if (usedAsNumber[index] || usedAsAddress[index]) {
            return false;
        }
        return switch (op) {
            case Op.Compare _ -> true;
            case Op.Test _ -> last[index] <= flagsChanged;
            case Op.Binary(var kind, _, int left, int right) ->
                    kind == BinaryKind.XOR
                            && isConstant(right)
                            && number[homes[right]] == 1
                            && bits(left) == 1
                            && (ops.get(left) instanceof Op.Compare
                                    || ops.get(left) instanceof Op.Test
                                            && last[index] <= flagsChanged);
            case Op _ -> false;
        };
    }

    /// Whether a value is nothing but the address of accesses, and not far from another value.
    private boolean isAddress(int index, Op op) {
        return !usedAsNumber[index]
                && !usedAsCondition[index]
                && op instanceof Op.Binary(var kind, var width, int left, int right)
                && kind == BinaryKind.ADD
                && width == Width.W64
                && !isConstant(left)
                && isConstant(right)
                && number[homes[right]] > -DISPLACEMENT_MAX
                && number[homes[right]] < DISPLACEMENT_MAX;
    }

    private void use(int value, int at) {
        usedAsNumber[value] = true;
        touch(value, at);
    }

    private void useAsCondition(int value, int at) {
        usedAsCondition[value] = true;
        touch(value, at);
    }

    private void useAsAddress(int value, int at) {
        usedAsAddress[value] = true;
        touch(value, at);
    }

    private void touch(int value, int at) {
        int home = homes[value];
        last[home] = Math.max(last[home], at);
        if (home != value) {
            usedAsNumber[home] = true;
            last[value] = Math.max(last[value], at);
        }
    }
}
