package org.xenolith.jit;

import org.xenolith.ir.Op;
import org.xenolith.ir.Op.CompareKind;
import org.xenolith.ir.Ops;
import org.xenolith.ir.Unit;
import org.xenolith.ir.Width;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.TypeKind;
import java.util.Arrays;
import java.util.List;

/// Emits the ops of a unit as JVM bytecode. Computes on the JVM's stack and in local variables; all
/// that reaches beyond the unit goes through [Homes].
final class Emitter {
    private final CodeBuilder code;
    private final Homes homes;
    private final Unit unit;
    private final List<Op> ops;
    private final Schedule schedule;
    private final Computations computations;

    /// By value: the local variable that holds it.
    private final int[] locals;

    private Emitter(CodeBuilder code, Homes homes, Unit unit) {
        this.code = code;
        this.homes = homes;
        this.unit = unit;
        ops = unit.ops();
        schedule = new Schedule(ops, homes.faultsInPlace());
        computations = new Computations(code);
        locals = new int[ops.size()];
    }

    /// Emits code that executes `unit` and ends every path.
    static void emit(CodeBuilder code, Homes homes, Unit unit) {
        var emitter = new Emitter(code, homes, unit);
        var ops = unit.ops();
        for (int index = 0; index < ops.size(); index++) {
            if (emitter.schedule.isInPlace(index)) {
                emitter.emit(index);
            }
        }
        if (ops.isEmpty() || !ops.getLast().endsUnit()) {
            homes.end();
        }
    }

    private void emit(int index) {
        var op = ops.get(index);
        if (Ops.hasValue(op)) {
            compute(op);
            if (schedule.isUsed(index)) {
                locals[index] = code.allocateLocal(TypeKind.LONG);
                code.lstore(locals[index]);
            } else {
                code.pop2();
            }
        } else {
            act(op);
        }
    }

    /// Emits an op that makes no value.
    private void act(Op op) {
        switch (op) {
            case Op.Boundary(long pc, _) -> homes.boundary(pc);
            case Op.WriteRegister(int slot, int value) -> homes.writeRegister(slot, pushing(value));
            case Op.Store(var width, int address, int value) ->
                    homes.store(width, address, pushing(address), pushing(value));
            case Op.StorePair(int address, int low, int high) ->
                    homes.storePair(address, pushing(address), pushing(low), pushing(high));
            case Op.StoreConditional(var width, int address, int expected, int value) ->
                    homes.storeConditional(
                            width, address, pushing(address), pushing(expected), pushing(value));
            case Op.SetFlags(var rule, var width, int left, int right, int result) ->
                    homes.setFlags(
                            rule,
                            width,
                            Ops.usesLeft(rule) ? pushing(left) : null,
                            Ops.usesRight(rule) ? pushing(right) : null,
                            pushing(result),
                            RegionFlags.isUsedElsewhere(unit, result));
            case Op.SetFlagsIf(
                            int condition,
                            var rule,
                            var width,
                            int left,
                            int right,
                            int result) ->
                    homes.setFlagsIf(
                            kept -> jumpUnless(condition, kept),
                            rule,
                            width,
                            Ops.usesLeft(rule) ? pushing(left) : null,
                            Ops.usesRight(rule) ? pushing(right) : null,
                            pushing(result));
            case Op.WriteFlags(int value) -> homes.writeFlags(pushing(value));
            case Op.SetCarry(var rule, var width, int value) ->
                    homes.setCarry(rule, width, pushing(value));
            case Op.Call call -> call(call);
            case Op.Jump(long target) -> homes.jump(target);
            case Op.Branch(int condition, long taken, long notTaken) -> {
                var otherwise = code.newLabel();
                jumpUnless(condition, otherwise);
                homes.jump(taken);
                code.labelBinding(otherwise);
                homes.jump(notTaken);
            }
            case Op.JumpTo(int target) -> homes.jumpTo(pushing(target));
            case Op.Leave() -> homes.leave();
            case Op _ -> throw new IllegalArgumentException(op + " makes a value");
        }
    }

    private Runnable pushing(int value) {
        return () -> push(value);
    }

    /// Emits what pushes a value.
    private void push(int value) {
        if (schedule.isMadeAtUse(value)) {
            compute(ops.get(value));
        } else {
            code.lload(locals[value]);
        }
    }

    /// Emits an op that makes a value, and leaves it on the stack.
    private void compute(Op op) {
        switch (op) {
            case Op.Const(var width, long value) -> homes.pushConstant(width, value);
            case Op.ReadRegister(int slot) -> homes.pushRegister(slot);
            case Op.Load(var width, int address) ->
                    homes.pushLoad(width, address, pushing(address));
            case Op.Binary(var kind, var width, int left, int right) ->
                    computations.binary(kind, width, pushing(left), pushing(right));
            case Op.Unary(var kind, var width, int value) ->
                    computations.unary(kind, width, pushing(value));
            case Op.Convert(boolean signed, var from, var to, int value) ->
                    computations.convert(signed, from, to, pushing(value));
            case Op.Select(_, int condition, int ifTrue, int ifFalse) ->
                    choose(condition, pushing(ifTrue), pushing(ifFalse));
            case Op.Compare compare -> chooseOne(compare);
            case Op.Test(var condition) -> {
                homes.pushTest(condition);
                code.i2l();
            }
            case Op.ReadFlags() -> homes.pushFlags();
            case Op.Call call -> call(call);
            case Op _ -> throw new IllegalArgumentException(op + " makes no value");
        }
    }

    private void call(Op.Call call) {
        homes.call(call, call.arguments().stream().map(this::pushing).toList());
    }

    private void chooseOne(Op.Compare compare) {
        var otherwise = code.newLabel();
        jumpUnless(compare, otherwise);
        choose(otherwise, code::lconst_1, code::lconst_0);
    }

    /// Values that are in no local variable yet are made in one arm only, which is right: they are
    /// used once.
    private void choose(int condition, Runnable ifTrue, Runnable ifFalse) {
        var otherwise = code.newLabel();
        jumpUnless(condition, otherwise);
        choose(otherwise, ifTrue, ifFalse);
    }

    private void choose(Label otherwise, Runnable ifTrue, Runnable ifFalse) {
        var done = code.newLabel();
        ifTrue.run();
        code.goto_(done);
        code.labelBinding(otherwise);
        ifFalse.run();
        code.labelBinding(done);
    }

    private void jumpUnless(int condition, Label otherwise) {
        var op = ops.get(condition);
        if (!schedule.isMadeAtUse(condition)) {
            code.lload(locals[condition]).lconst_0().lcmp().ifeq(otherwise);
        } else if (op instanceof Op.Compare compare) {
            jumpUnless(compare, otherwise);
        } else if (op instanceof Op.Test(var tested)) {
            homes.pushTest(tested);
            code.ifeq(otherwise);
        } else {
            compute(op);
            code.lconst_0().lcmp().ifeq(otherwise);
        }
    }

    private void jumpUnless(Op.Compare compare, Label otherwise) {
        var width = compare.width();
        boolean narrowSigned = compare.kind() == CompareKind.LESS_SIGNED && width != Width.W64;
        for (int value : Arrays.asList(compare.left(), compare.right())) {
            push(value);
            if (narrowSigned) {
                computations.toSignedInt(width);
            }
        }
        switch (compare.kind()) {
            case EQUAL -> code.lcmp().ifne(otherwise);
            case NOT_EQUAL -> code.lcmp().ifeq(otherwise);
            case LESS_UNSIGNED -> {
                computations.compareUnsigned(width);
                code.ifge(otherwise);
            }
            case LESS_SIGNED -> {
                if (narrowSigned) {
                    code.if_icmpge(otherwise);
                } else {
                    code.lcmp().ifge(otherwise);
                }
            }
        }
    }
}
