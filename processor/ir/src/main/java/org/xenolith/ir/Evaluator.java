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

    private final Op[] ops;

    /// By op: how to call the helper of a [Op.Call], else null.
    private final MethodHandle[] invokers;

    public Evaluator(Unit unit) {
        ops = unit.ops().toArray(Op[]::new);
        invokers = new MethodHandle[ops.length];
        for (int index = 0; index < ops.length; index++) {
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

    @Override
    public void execute(Context context) {
        var values = new long[ops.length];
        for (int index = 0; index < ops.length; index++) {
            switch (ops[index]) {
                case Op.Boundary _ -> {}
                case Op.Const(var width, long value) -> values[index] = width.zeroExtend(value);
                case Op.ReadRegister(int slot) -> values[index] = context.registers[slot];
                case Op.WriteRegister(int slot, int value) ->
                        context.registers[slot] = values[value];
                case Op.Load(var width, int address) ->
                        values[index] = context.load(width.bits(), values[address]);
                case Op.Store(var width, int address, int value) ->
                        context.store(width.bits(), values[address], values[value]);
                case Op.StorePair(int address, int low, int high) ->
                        context.storePair(values[address], values[low], values[high]);
                case Op.StoreConditional(var width, int address, int expected, int value) ->
                        context.storeConditional(
                                width.bits(), values[address], values[expected], values[value]);
                case Op.Binary(var kind, var width, int left, int right) ->
                        values[index] = Arithmetic.binary(kind, width, values[left], values[right]);
                case Op.Unary(var kind, var width, int value) ->
                        values[index] = Arithmetic.unary(kind, width, values[value]);
                case Op.Convert(boolean signed, var from, var to, int value) ->
                        values[index] = Arithmetic.convert(signed, from, to, values[value]);
                case Op.Select(_, int condition, int ifTrue, int ifFalse) ->
                        values[index] = values[values[condition] != 0 ? ifTrue : ifFalse];
                case Op.Compare(var kind, var width, int left, int right) ->
                        values[index] =
                                Arithmetic.compare(kind, width, values[left], values[right])
                                        ? 1
                                        : 0;
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
                case Op.Call(_, var arguments) ->
                        values[index] = call(invokers[index], context, arguments, values);
                case Op.Jump(long target) -> context.pc = target;
                case Op.Branch(int condition, long taken, long notTaken) ->
                        context.pc = values[condition] != 0 ? taken : notTaken;
                case Op.JumpTo(int target) -> context.pc = values[target];
                case Op.Leave() -> {}
            }
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
