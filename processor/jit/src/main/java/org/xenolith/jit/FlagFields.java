package org.xenolith.jit;

import org.xenolith.ir.CarryRule;
import org.xenolith.ir.Condition;
import org.xenolith.ir.Context;
import org.xenolith.ir.FlagRule;
import org.xenolith.ir.Flags;
import org.xenolith.ir.Width;

import java.lang.classfile.CodeBuilder;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;

/// Emits what sets and reads the lazy flags in the fields of the [Context].
final class FlagFields {
    static final ClassDesc CONTEXT = Calls.describe(Context.class);
    private static final ClassDesc INT = ConstantDescs.CD_int;
    private static final ClassDesc LONG = ConstantDescs.CD_long;
    private static final int CONTEXT_ARGUMENT = 1;

    private final CodeBuilder code;

    FlagFields(CodeBuilder code) {
        this.code = code;
    }

    private CodeBuilder context() {
        return code.aload(CONTEXT_ARGUMENT);
    }

    /// All values are made before any field is written: they may fault or read the flags.
    void set(FlagRule rule, Width width, Runnable left, Runnable right, Runnable result) {
        boolean keepsLeft = left != null && !Flags.isLeftImplied(rule.ordinal());
        if (keepsLeft) {
            context();
            left.run();
        }
        if (right != null) {
            context();
            right.run();
        }
        context();
        result.run();
        code.putfield(CONTEXT, "flagResult", LONG);
        if (right != null) {
            code.putfield(CONTEXT, "flagRight", LONG);
        }
        if (keepsLeft) {
            code.putfield(CONTEXT, "flagLeft", LONG);
        }
        setKind(Flags.kind(rule.ordinal(), width.bits()));
    }

    /// Sets the flags from their places in RFLAGS.
    void write(Runnable value) {
        context();
        value.run();
        code.loadConstant((long) Flags.STATUS).land().putfield(CONTEXT, "flagResult", LONG);
        setKind(Flags.kind(Flags.EXPLICIT, Width.W8.bits()));
    }

    void setCarry(CarryRule rule, Width width, Runnable value) {
        context().loadConstant(rule.ordinal()).loadConstant(width.bits());
        value.run();
        code.invokevirtual(
                CONTEXT, "setCarry", MethodTypeDesc.of(ConstantDescs.CD_void, INT, INT, LONG));
    }

    private void setKind(int kind) {
        context().loadConstant(kind).putfield(CONTEXT, "flagKind", INT);
    }

    /// Pushes the flags at their places in RFLAGS.
    void push() {
        context().invokevirtual(CONTEXT, "statusFlags", MethodTypeDesc.of(INT)).i2l();
    }

    /// Pushes whether a condition holds.
    void pushTest(Condition condition) {
        context().loadConstant(condition.ordinal());
        code.invokevirtual(CONTEXT, "test", MethodTypeDesc.of(ConstantDescs.CD_boolean, INT));
    }
}
