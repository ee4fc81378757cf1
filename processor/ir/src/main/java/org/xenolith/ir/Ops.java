package org.xenolith.ir;

import java.util.ArrayList;
import java.util.stream.IntStream;

/// What verifier, passes and compilers ask about a single op.
public final class Ops {
    private static final int[] NONE = {};

    private Ops() {}

    /// The values that an op uses, in the order of its components.
    public static int[] operands(Op op) {
        return switch (op) {
            case Op.Boundary _,
                    Op.Const _,
                    Op.ReadRegister _,
                    Op.Test _,
                    Op.ReadFlags _,
                    Op.Jump _,
                    Op.Leave _ ->
                    NONE;
            case Op.WriteRegister(_, int value) -> new int[] {value};
            case Op.Load(_, int address) -> new int[] {address};
            case Op.Store(_, int address, int value) -> new int[] {address, value};
            case Op.StorePair(int address, int low, int high) -> new int[] {address, low, high};
            case Op.StoreConditional(_, int address, int expected, int value) ->
                    new int[] {address, expected, value};
            case Op.Binary(_, _, int left, int right) -> new int[] {left, right};
            case Op.Unary(_, _, int value) -> new int[] {value};
            case Op.Convert(_, _, _, int value) -> new int[] {value};
            case Op.Select(_, int condition, int ifTrue, int ifFalse) ->
                    new int[] {condition, ifTrue, ifFalse};
            case Op.Compare(_, _, int left, int right) -> new int[] {left, right};
            case Op.SetFlags(_, _, int left, int right, int result) ->
                    new int[] {left, right, result};
            case Op.SetFlagsIf(int condition, _, _, int left, int right, int result) ->
                    new int[] {condition, left, right, result};
            case Op.WriteFlags(int value) -> new int[] {value};
            case Op.SetCarry(_, _, int value) -> new int[] {value};
            case Op.Call(_, var arguments) -> {
                var values = new int[arguments.size()];
                for (int index = 0; index < values.length; index++) {
                    values[index] = arguments.get(index);
                }
                yield values;
            }
            case Op.Host(_, int address, int result) ->
                    IntStream.of(address, result).filter(value -> value != Op.Host.NONE).toArray();
            case Op.Branch(int condition, _, _) -> new int[] {condition};
            case Op.JumpTo(int target) -> new int[] {target};
        };
    }

    /// The same op on other values: `to[value]` takes the place of `value`. An array and no
    /// function, which the JVM would compile again wherever it meets a second one.
    public static Op renumber(Op op, int[] to) {
        return switch (op) {
            case Op.Boundary _,
                    Op.Const _,
                    Op.ReadRegister _,
                    Op.Test _,
                    Op.ReadFlags _,
                    Op.Jump _,
                    Op.Leave _ ->
                    op;
            case Op.WriteRegister(int slot, int value) -> new Op.WriteRegister(slot, to[value]);
            case Op.Load(var width, int address) -> new Op.Load(width, to[address]);
            case Op.Store(var width, int address, int value) ->
                    new Op.Store(width, to[address], to[value]);
            case Op.StorePair(int address, int low, int high) ->
                    new Op.StorePair(to[address], to[low], to[high]);
            case Op.StoreConditional(var width, int address, int expected, int value) ->
                    new Op.StoreConditional(width, to[address], to[expected], to[value]);
            case Op.Binary(var kind, var width, int left, int right) ->
                    new Op.Binary(kind, width, to[left], to[right]);
            case Op.Unary(var kind, var width, int value) -> new Op.Unary(kind, width, to[value]);
            case Op.Convert(boolean signed, var from, var target, int value) ->
                    new Op.Convert(signed, from, target, to[value]);
            case Op.Select(var width, int condition, int ifTrue, int ifFalse) ->
                    new Op.Select(width, to[condition], to[ifTrue], to[ifFalse]);
            case Op.Compare(var kind, var width, int left, int right) ->
                    new Op.Compare(kind, width, to[left], to[right]);
            case Op.SetFlags(var rule, var width, int left, int right, int result) ->
                    new Op.SetFlags(rule, width, to[left], to[right], to[result]);
            case Op.SetFlagsIf(
                            int condition,
                            var rule,
                            var width,
                            int left,
                            int right,
                            int result) ->
                    new Op.SetFlagsIf(to[condition], rule, width, to[left], to[right], to[result]);
            case Op.WriteFlags(int value) -> new Op.WriteFlags(to[value]);
            case Op.SetCarry(var rule, var width, int value) ->
                    new Op.SetCarry(rule, width, to[value]);
            case Op.Call(var helper, var arguments) -> {
                var renumbered = new ArrayList<Integer>(arguments.size());
                for (int argument : arguments) {
                    renumbered.add(to[argument]);
                }
                yield new Op.Call(helper, renumbered);
            }
            case Op.Host(var instruction, int address, int result) ->
                    new Op.Host(
                            instruction,
                            address == Op.Host.NONE ? address : to[address],
                            result == Op.Host.NONE ? result : to[result]);
            case Op.Branch(int condition, long taken, long notTaken) ->
                    new Op.Branch(to[condition], taken, notTaken);
            case Op.JumpTo(int target) -> new Op.JumpTo(to[target]);
        };
    }

    /// Whether an op makes a value.
    public static boolean hasValue(Op op) {
        return switch (op) {
            case Op.Const _,
                    Op.ReadRegister _,
                    Op.Load _,
                    Op.Binary _,
                    Op.Unary _,
                    Op.Convert _,
                    Op.Select _,
                    Op.Compare _,
                    Op.Test _,
                    Op.ReadFlags _ ->
                    true;
            case Op.Call(var helper, _) -> helper.returnsValue();
            case Op.Boundary _,
                    Op.WriteRegister _,
                    Op.Store _,
                    Op.StorePair _,
                    Op.StoreConditional _,
                    Op.SetFlags _,
                    Op.SetFlagsIf _,
                    Op.WriteFlags _,
                    Op.SetCarry _,
                    Op.Host _,
                    Op.Jump _,
                    Op.Branch _,
                    Op.JumpTo _,
                    Op.Leave _ ->
                    false;
        };
    }

    /// The width of the value that an op makes.
    public static Width width(Op op) {
        return switch (op) {
            case Op.Const(var width, _) -> width;
            case Op.Load(var width, _) -> width;
            case Op.Binary(_, var width, _, _) -> width;
            case Op.Unary(_, var width, _) -> width;
            case Op.Convert(_, _, var width, _) -> width;
            case Op.Select(var width, _, _, _) -> width;
            case Op.Compare _, Op.Test _ -> Width.W8;
            case Op.ReadRegister _, Op.ReadFlags _, Op.Call _ -> Width.W64;
            case Op.Boundary _,
                    Op.WriteRegister _,
                    Op.Store _,
                    Op.StorePair _,
                    Op.StoreConditional _,
                    Op.SetFlags _,
                    Op.SetFlagsIf _,
                    Op.WriteFlags _,
                    Op.SetCarry _,
                    Op.Host _,
                    Op.Jump _,
                    Op.Branch _,
                    Op.JumpTo _,
                    Op.Leave _ ->
                    throw new IllegalArgumentException(op + " has no value");
        };
    }

    /// Whether an op can throw [Abort].
    public static boolean mayFault(Op op) {
        return accessesMemory(op) || callsContext(op);
    }

    public static boolean accessesMemory(Op op) {
        return op instanceof Op.Load || storesMemory(op);
    }

    private static boolean storesMemory(Op op) {
        return op instanceof Op.Store
                || op instanceof Op.StorePair
                || op instanceof Op.StoreConditional;
    }

    /// Whether an op calls a helper that takes the context.
    public static boolean callsContext(Op op) {
        return op instanceof Op.Call(var helper, _) && helper.takesContext();
    }

    /// Whether an op calls a helper that may do anything to the context.
    public static boolean mayChangeAnything(Op op) {
        return op instanceof Op.Call(var helper, _) && helper.changesContext();
    }

    /// Whether an op sets all six flags.
    public static boolean writesFlags(Op op) {
        return op instanceof Op.SetFlags || op instanceof Op.WriteFlags;
    }

    /// Whether an op sets some flags or all, perhaps.
    public static boolean changesFlags(Op op) {
        return writesFlags(op) || op instanceof Op.SetCarry || op instanceof Op.SetFlagsIf;
    }

    public static boolean readsFlags(Op op) {
        return op instanceof Op.Test || op instanceof Op.ReadFlags;
    }

    /// Whether an op changes architectural state.
    public static boolean changesState(Op op) {
        return op instanceof Op.WriteRegister
                || changesFlags(op)
                || storesMemory(op)
                || mayChangeAnything(op);
    }

    /// Whether an op does nothing but make a value from other values.
    public static boolean isPure(Op op) {
        return hasValue(op) && !(op instanceof Op.ReadRegister) && !mayFault(op) && !readsFlags(op);
    }

    /// Whether the right operand is a count, which may be of any width.
    public static boolean isShift(Op.BinaryKind kind) {
        return switch (kind) {
            case SHIFT_LEFT, SHIFT_RIGHT, SHIFT_RIGHT_SIGNED, ROTATE_LEFT, ROTATE_RIGHT -> true;
            case ADD, SUB, MUL, MUL_HIGH_UNSIGNED, MUL_HIGH_SIGNED, AND, OR, XOR -> false;
        };
    }

    /// Whether flags after `rule` follow from its left value.
    public static boolean usesLeft(FlagRule rule) {
        return switch (rule) {
            case EXPLICIT, LOGIC -> false;
            case ADD, ADC, SUB, SBB, INC, DEC, SHL, SHR, SAR, MUL -> true;
        };
    }

    /// Whether flags after `rule` follow from its right value.
    public static boolean usesRight(FlagRule rule) {
        return switch (rule) {
            case EXPLICIT, LOGIC, INC, DEC, MUL -> false;
            case ADD, ADC, SUB, SBB, SHL, SHR, SAR -> true;
        };
    }
}
