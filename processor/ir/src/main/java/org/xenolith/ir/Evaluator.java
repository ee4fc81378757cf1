package org.xenolith.ir;

import org.xenolith.base.Bug;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// The reference: does what the ops of a unit say, one after the other. Every other way of
/// executing a unit is compared with this one.
public final class Evaluator extends Code {
    /// A helper as `(Context, long[]) → long`. A cache, as long as there are methods that are
    /// helpers; it depends on nothing but them.
    private static final Map<Helper, MethodHandle> INVOKERS = new ConcurrentHashMap<>();

    private static final byte NOTHING = 0;
    private static final byte CONST = 1;
    private static final byte READ_REGISTER = 2;
    private static final byte WRITE_REGISTER = 3;
    private static final byte LOAD = 4;
    private static final byte STORE = 5;
    private static final byte STORE_PAIR = 6;
    private static final byte STORE_CONDITIONAL = 7;
    private static final byte BINARY = 8;
    private static final byte UNARY = 9;
    private static final byte CONVERT = 10;
    private static final byte SELECT = 11;
    private static final byte COMPARE = 12;
    private static final byte SET_FLAGS = 13;
    private static final byte TEST = 14;
    private static final byte READ_FLAGS = 15;
    private static final byte WRITE_FLAGS = 16;
    private static final byte SET_CARRY = 17;
    private static final byte CALL = 18;
    private static final byte JUMP = 19;
    private static final byte BRANCH = 20;
    private static final byte JUMP_TO = 21;
    private static final byte SET_FLAGS_IF = 22;

    private final Op[] ops;

    /// By op: see [#code].
    private final byte[] codes;

    /// By op: how to call the helper of a [Op.Call], else null.
    private final MethodHandle[] invokers;

    public Evaluator(Unit unit) {
        ops = unit.ops().toArray(Op[]::new);
        codes = new byte[ops.length];
        invokers = new MethodHandle[ops.length];
        for (int index = 0; index < ops.length; index++) {
            codes[index] = code(ops[index]);
            if (ops[index] instanceof Op.Call call) {
                invokers[index] = INVOKERS.computeIfAbsent(call.helper(), Evaluator::invoker);
            }
        }
    }

    private static MethodHandle invoker(Helper helper) {
        var handle = helper.handle();
        if (!helper.takesContext()) {
            handle = MethodHandles.dropArguments(handle, 0, Context.class);
        }
        var numbers = Collections.<Class<?>>nCopies(helper.arity(), long.class);
        var type =
                MethodType.methodType(long.class, numbers).insertParameterTypes(0, Context.class);
        return MethodHandles.explicitCastArguments(handle, type)
                .asSpreader(long[].class, helper.arity());
    }

    /// Which case of [#execute] an op is: a switch on a number, for a switch on types is several
    /// times slower, and all cold code comes through here.
    private static byte code(Op op) {
        return switch (op) {
            case Op.Boundary _, Op.Host _, Op.Leave _ -> NOTHING;
            case Op.Const _ -> CONST;
            case Op.ReadRegister _ -> READ_REGISTER;
            case Op.WriteRegister _ -> WRITE_REGISTER;
            case Op.Load _ -> LOAD;
            case Op.Store _ -> STORE;
            case Op.StorePair _ -> STORE_PAIR;
            case Op.StoreConditional _ -> STORE_CONDITIONAL;
            case Op.Binary _ -> BINARY;
            case Op.Unary _ -> UNARY;
            case Op.Convert _ -> CONVERT;
            case Op.Select _ -> SELECT;
            case Op.Compare _ -> COMPARE;
            case Op.SetFlags _ -> SET_FLAGS;
            case Op.SetFlagsIf _ -> SET_FLAGS_IF;
            case Op.Test _ -> TEST;
            case Op.ReadFlags _ -> READ_FLAGS;
            case Op.WriteFlags _ -> WRITE_FLAGS;
            case Op.SetCarry _ -> SET_CARRY;
            case Op.Call _ -> CALL;
            case Op.Jump _ -> JUMP;
            case Op.Branch _ -> BRANCH;
            case Op.JumpTo _ -> JUMP_TO;
        };
    }

    @Override
    public void execute(Context context) {
        var values = new long[ops.length];
        for (int index = 0; index < ops.length; index++) {
            switch (codes[index]) {
                case NOTHING -> {}
                case CONST -> {
                    var op = (Op.Const) ops[index];
                    values[index] = op.width().zeroExtend(op.value());
                }
                case READ_REGISTER ->
                        values[index] = context.registers[((Op.ReadRegister) ops[index]).slot()];
                case WRITE_REGISTER -> {
                    var op = (Op.WriteRegister) ops[index];
                    context.registers[op.slot()] = values[op.value()];
                }
                case LOAD, STORE, STORE_PAIR, STORE_CONDITIONAL ->
                        access(context, index, ops[index], values);
                case BINARY -> {
                    var op = (Op.Binary) ops[index];
                    long left = values[op.left()];
                    values[index] =
                            Arithmetic.binary(op.kind(), op.width(), left, values[op.right()]);
                }
                case UNARY -> {
                    var op = (Op.Unary) ops[index];
                    values[index] = Arithmetic.unary(op.kind(), op.width(), values[op.value()]);
                }
                case CONVERT -> {
                    var op = (Op.Convert) ops[index];
                    values[index] =
                            Arithmetic.convert(op.signed(), op.from(), op.to(), values[op.value()]);
                }
                case SELECT -> {
                    var op = (Op.Select) ops[index];
                    boolean chosen = values[op.condition()] != 0;
                    values[index] = values[chosen ? op.ifTrue() : op.ifFalse()];
                }
                case COMPARE -> {
                    var op = (Op.Compare) ops[index];
                    long left = values[op.left()];
                    boolean holds =
                            Arithmetic.compare(op.kind(), op.width(), left, values[op.right()]);
                    values[index] = holds ? 1 : 0;
                }
                case SET_FLAGS, TEST, READ_FLAGS, WRITE_FLAGS, SET_CARRY ->
                        flags(context, index, ops[index], values);
                case SET_FLAGS_IF -> {
                    var op = (Op.SetFlagsIf) ops[index];
                    if (values[op.condition()] != 0) {
                        flags(context, index, op.flags(), values);
                    }
                }
                case CALL -> {
                    var op = (Op.Call) ops[index];
                    values[index] = call(invokers[index], context, op.arguments(), values);
                }
                default -> end(context, ops[index], values);
            }
        }
    }

    private static void access(Context context, int index, Op op, long[] values) {
        switch (op) {
            case Op.Load(var width, int address) ->
                    values[index] = context.load(width.bits(), values[address]);
            case Op.Store(var width, int address, int value) ->
                    context.store(width.bits(), values[address], values[value]);
            case Op.StorePair(int address, int low, int high) ->
                    context.storePair(values[address], values[low], values[high]);
            case Op.StoreConditional(var width, int address, int expected, int value) ->
                    context.storeConditional(
                            width.bits(), values[address], values[expected], values[value]);
            case Op _ -> throw new Bug(op + " accesses memory");
        }
    }

    private static void flags(Context context, int index, Op op, long[] values) {
        switch (op) {
            case Op.SetFlags(var rule, var width, int left, int right, int result) ->
                    context.setFlags(
                            rule.ordinal(),
                            width.bits(),
                            values[left],
                            values[right],
                            values[result]);
            case Op.Test(var condition) ->
                    values[index] = context.test(condition.ordinal()) ? 1 : 0;
            case Op.ReadFlags() -> values[index] = context.statusFlags();
            case Op.WriteFlags(int value) -> context.setStatusFlags(values[value]);
            case Op.SetCarry(var rule, var width, int value) ->
                    context.setCarry(rule.ordinal(), width.bits(), values[value]);
            case Op _ -> throw new Bug(op + " is about flags");
        }
    }

    private static void end(Context context, Op op, long[] values) {
        switch (op) {
            case Op.Jump(long target) -> context.pc = target;
            case Op.Branch(int condition, long taken, long notTaken) ->
                    context.pc = values[condition] != 0 ? taken : notTaken;
            case Op.JumpTo(int target) -> context.pc = values[target];
            case Op _ -> throw new Bug(op + " ends a unit");
        }
    }

    private static long call(
            MethodHandle invoker, Context context, List<Integer> arguments, long[] values) {
        var numbers = new long[arguments.size()];
        for (int index = 0; index < numbers.length; index++) {
            numbers[index] = values[arguments.get(index)];
        }
        try {
            return (long) invoker.invokeExact(context, numbers);
        } catch (RuntimeException | Error thrown) {
            throw thrown;
        } catch (Throwable impossible) {
            throw new Bug("a helper throws no checked exception", impossible);
        }
    }
}
