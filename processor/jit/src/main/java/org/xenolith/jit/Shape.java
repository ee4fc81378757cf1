package org.xenolith.jit;

import org.xenolith.ir.Op;
import org.xenolith.ir.Unit;
import org.xenolith.ir.Width;

import java.util.Arrays;
import java.util.List;

/// What units have in common that differ only in registers, constants and addresses: one compiled
/// class serves them all. A shape is the ops of such a unit with the index of a parameter in the
/// place of each slot, constant and program counter. Slots that are equal share a parameter, so
/// different slot parameters are different registers. Two shapes are equal when their ops are.
record Shape(List<Op> ops) {
    /// Constants that belong to the meaning of an instruction, hardly ever to its operands. They
    /// stand in the shape itself, as the complement of their index here.
    private static final long[] BUILT_IN = {
        0, 0xFF, 0xFFFF, 0xFFFF_FFFFL, ~0xFFL, ~0xFF00L, ~0xFFFFL, 0x1F, 0x3F
    };

    /// A shape with the parameters that make a unit of it.
    record Bound(Shape shape, long[] parameters) {}

    static Bound of(Unit unit) {
        return new Abstraction().apply(unit.ops());
    }

    /// Whether the value of a constant in a shape stands for the index of a parameter.
    static boolean isParameter(long constant) {
        return constant >= 0;
    }

    /// The built-in constant that a constant in a shape stands for.
    static long builtIn(long constant) {
        return BUILT_IN[(int) ~constant];
    }

    /// By parameter: whether it is a register slot, not a number of 64 bits.
    boolean[] slots() {
        var slots = new boolean[ops.size() * 2];
        int count = 0;
        for (var op : ops) {
            switch (op) {
                case Op.ReadRegister(int slot) -> {
                    slots[slot] = true;
                    count = Math.max(count, slot + 1);
                }
                case Op.WriteRegister(int slot, _) -> {
                    slots[slot] = true;
                    count = Math.max(count, slot + 1);
                }
                case Op.Const(_, long value) when isParameter(value) ->
                        count = Math.max(count, (int) value + 1);
                case Op.Jump(long target) -> count = Math.max(count, (int) target + 1);
                case Op.Branch(_, _, long notTaken) -> count = Math.max(count, (int) notTaken + 1);
                case Op _ -> {}
            }
        }
        return Arrays.copyOf(slots, count);
    }

    /// One walk over a unit. **Hot path:** every instruction that is decoded comes through here.
    private static final class Abstraction {
        private static final Op BOUNDARY = new Op.Boundary(0, 1);

        private long[] parameters = new long[8];
        private int count;

        /// The parameters that are slots, as bits; those beyond the 64th share nothing.
        private long slots;

        Bound apply(List<Op> unit) {
            var ops = new Op[unit.size()];
            for (int index = 0; index < ops.length; index++) {
                ops[index] = apply(unit.get(index));
            }
            return new Bound(new Shape(List.of(ops)), Arrays.copyOf(parameters, count));
        }

        private Op apply(Op op) {
            return switch (op) {
                case Op.Boundary _ -> BOUNDARY;
                case Op.Const(var width, long value) -> new Op.Const(width, constant(width, value));
                case Op.ReadRegister(int slot) -> new Op.ReadRegister(slot(slot));
                case Op.WriteRegister(int slot, int value) ->
                        new Op.WriteRegister(slot(slot), value);
                case Op.Jump(long target) -> new Op.Jump(parameter(target));
                case Op.Branch(int condition, long taken, long notTaken) ->
                        new Op.Branch(condition, parameter(taken), parameter(notTaken));
                case Op _ -> op;
            };
        }

        private long constant(Width width, long value) {
            long extended = width.zeroExtend(value);
            for (int index = 0; index < BUILT_IN.length; index++) {
                if (BUILT_IN[index] == extended) {
                    return ~index;
                }
            }
            return parameter(extended);
        }

        private int slot(int slot) {
            for (int index = 0; index < Math.min(count, Long.SIZE); index++) {
                if (parameters[index] == slot && (slots >>> index & 1) != 0) {
                    return index;
                }
            }
            if (count < Long.SIZE) {
                slots |= 1L << count;
            }
            return parameter(slot);
        }

        private int parameter(long value) {
            if (count == parameters.length) {
                parameters = Arrays.copyOf(parameters, count * 2);
            }
            parameters[count] = value;
            return count++;
        }
    }
}
