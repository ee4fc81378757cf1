package org.xenolith.jit;

import org.xenolith.ir.CarryRule;
import org.xenolith.ir.Condition;
import org.xenolith.ir.Context;
import org.xenolith.ir.FlagRule;
import org.xenolith.ir.Op;
import org.xenolith.ir.Width;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.util.List;
import java.util.function.Consumer;

/// The homes of a handler: everything stays in the [Context], and slots, constants and targets are
/// fields of the handler. Emits the body of an instance method whose only argument is the context.
final class ContextHomes implements Homes {
    static final int THIS = 0;
    static final int CONTEXT_ARGUMENT = 1;

    static final ClassDesc CONTEXT = ClassDesc.ofDescriptor(Context.class.descriptorString());
    private static final ClassDesc INT = ConstantDescs.CD_int;
    private static final ClassDesc LONG = ConstantDescs.CD_long;
    private static final ClassDesc VOID = ConstantDescs.CD_void;

    private final CodeBuilder code;
    private final FlagFields flags;
    private final ClassDesc handler;

    ContextHomes(CodeBuilder code, ClassDesc handler) {
        this.code = code;
        flags = new FlagFields(code);
        this.handler = handler;
    }

    /// The name of the field that holds a parameter.
    static String field(int parameter) {
        return "p" + parameter;
    }

    private void context() {
        code.aload(CONTEXT_ARGUMENT);
    }

    private void pushParameter(long parameter, ClassDesc type) {
        code.aload(THIS).getfield(handler, field((int) parameter), type);
    }

    @Override
    public boolean faultsInPlace() {
        return false;
    }

    @Override
    public void boundary(long pc) {}

    @Override
    public void pushConstant(Width width, long value) {
        if (Shape.isParameter(value)) {
            pushParameter(value, LONG);
        } else {
            code.loadConstant(Shape.builtIn(value));
        }
    }

    private void pushRegisterPlace(int slot) {
        context();
        code.getfield(CONTEXT, "registers", LONG.arrayType());
        pushParameter(slot, INT);
    }

    @Override
    public void pushRegister(int slot) {
        pushRegisterPlace(slot);
        code.laload();
    }

    @Override
    public void writeRegister(int slot, Runnable value) {
        pushRegisterPlace(slot);
        value.run();
        code.lastore();
    }

    @Override
    public void setFlags(
            FlagRule rule,
            Width width,
            Runnable left,
            Runnable right,
            Runnable result,
            boolean resultUsed) {
        flags.set(rule, width, left, right, result);
    }

    @Override
    public void setFlagsIf(
            Consumer<Label> unless,
            FlagRule rule,
            Width width,
            Runnable left,
            Runnable right,
            Runnable result) {
        var kept = code.newLabel();
        unless.accept(kept);
        flags.set(rule, width, left, right, result);
        code.labelBinding(kept);
    }

    @Override
    public void writeFlags(Runnable value) {
        flags.write(value);
    }

    @Override
    public void setCarry(CarryRule rule, Width width, Runnable value) {
        flags.setCarry(rule, width, value);
    }

    @Override
    public void pushFlags() {
        flags.push();
    }

    @Override
    public void pushTest(Condition condition) {
        flags.pushTest(condition);
    }

    @Override
    public void pushLoad(Width width, int address, Runnable target) {
        context();
        target.run();
        code.invokevirtual(CONTEXT, "load" + width.bits(), MethodTypeDesc.of(LONG, LONG));
    }

    @Override
    public void store(Width width, int address, Runnable target, Runnable value) {
        context();
        target.run();
        value.run();
        code.invokevirtual(CONTEXT, "store" + width.bits(), MethodTypeDesc.of(VOID, LONG, LONG));
    }

    @Override
    public void storePair(int address, Runnable target, Runnable low, Runnable high) {
        context();
        target.run();
        low.run();
        high.run();
        code.invokevirtual(CONTEXT, "storePair", MethodTypeDesc.of(VOID, LONG, LONG, LONG));
    }

    @Override
    public void storeConditional(
            Width width, int address, Runnable target, Runnable expected, Runnable value) {
        context();
        code.loadConstant(width.bits());
        target.run();
        expected.run();
        value.run();
        code.invokevirtual(
                CONTEXT, "storeConditional", MethodTypeDesc.of(VOID, INT, LONG, LONG, LONG));
    }

    @Override
    public void call(Op.Call call, List<Runnable> arguments) {
        var helper = call.helper();
        if (helper.takesContext()) {
            context();
            var type = helper.method().getParameterTypes()[0];
            if (type != Context.class) {
                code.checkcast(Calls.describe(type));
            }
        }
        Calls.call(code, helper.method(), arguments);
    }

    @Override
    public void jump(long target) {
        context();
        pushParameter(target, LONG);
        code.putfield(CONTEXT, "pc", LONG).return_();
    }

    @Override
    public void jumpTo(Runnable target) {
        context();
        target.run();
        code.putfield(CONTEXT, "pc", LONG).return_();
    }

    @Override
    public void leave() {
        code.return_();
    }

    @Override
    public void end() {
        code.return_();
    }
}
