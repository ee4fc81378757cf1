package org.xenolith.jit;

import org.xenolith.ir.CarryRule;
import org.xenolith.ir.Condition;
import org.xenolith.ir.Context;
import org.xenolith.ir.FlagRule;
import org.xenolith.ir.Flags;
import org.xenolith.ir.Op;
import org.xenolith.ir.Ops;
import org.xenolith.ir.Unit;
import org.xenolith.ir.Width;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;

/// The lazy flags of a region. They are either in the context or *pending*: their values in local
/// variables, their kind known to the compiler. Pending flags go to the context only where the
/// region is left, or where ways meet that do not agree; so a loop carries nothing for them but
/// values that it has anyway.
///
/// A *state* is [#IN_CONTEXT], [#DEAD], or a kind of pending flags: [Flags#kind], and
/// [#RESULT_FOLLOWS].
final class RegionFlags {
    /// The flags are in the context.
    static final int IN_CONTEXT = -1;

    /// The flags are not to be had: nobody looks at them before all are set.
    static final int DEAD = -2;

    /// The result of a difference is not kept: nobody else needs it, as that of a comparison.
    private static final int RESULT_FOLLOWS = 1 << 30;

    private static final ClassDesc CONTEXT = Calls.describe(Context.class);
    private static final ClassDesc FLAGS = Calls.describe(Flags.class);
    private static final ClassDesc INT = ConstantDescs.CD_int;
    private static final ClassDesc LONG = ConstantDescs.CD_long;
    private static final ClassDesc BOOLEAN = ConstantDescs.CD_boolean;

    private final int left;
    private final int right;
    private final int result;
    private final int carry;

    RegionFlags(CodeBuilder code) {
        left = code.allocateLocal(TypeKind.LONG);
        right = code.allocateLocal(TypeKind.LONG);
        result = code.allocateLocal(TypeKind.LONG);
        carry = code.allocateLocal(TypeKind.LONG);
        for (int local : new int[] {left, right, result, carry}) {
            code.lconst_0().lstore(local);
        }
    }

    /// The state behind a flag write.
    static int state(FlagRule rule, Width width, boolean resultUsed) {
        int kind = Flags.kind(rule.ordinal(), width.bits());
        return rule == FlagRule.SUB && !resultUsed ? kind | RESULT_FOLLOWS : kind;
    }

    /// The state behind a carry write.
    static int withCarry(int state, CarryRule rule, Width width) {
        if (state < 0 || Flags.losesOverflow(state & ~RESULT_FOLLOWS, rule.ordinal())) {
            return IN_CONTEXT;
        }
        int kind = Flags.withCarry(state & ~RESULT_FOLLOWS, rule.ordinal(), width.bits());
        return kind | state & RESULT_FOLLOWS;
    }

    /// The state behind a unit that `before` is the state before of.
    static int stateBehind(Unit unit, int before) {
        int state = before;
        var ops = unit.ops();
        for (var op : ops) {
            if (op instanceof Op.SetFlags(var rule, var width, _, _, int value)) {
                state = state(rule, width, isUsedElsewhere(unit, value));
            } else if (op instanceof Op.WriteFlags || op instanceof Op.SetFlagsIf) {
                state = IN_CONTEXT;
            } else if (op instanceof Op.SetCarry(var rule, var width, _)) {
                state = withCarry(state, rule, width);
            }
        }
        return ops.getLast() instanceof Op.JumpTo ? IN_CONTEXT : state;
    }

    /// Whether anything but a flag write uses a value.
    static boolean isUsedElsewhere(Unit unit, int value) {
        for (var op : unit.ops()) {
            if (!(op instanceof Op.SetFlags)) {
                for (int operand : Ops.operands(op)) {
                    if (operand == value) {
                        return true;
                    }
                }
            }
        }
        return false;
    }

    /// Flags become pending. All values are made before any is kept: they may read flags.
    void set(CodeBuilder code, Runnable leftValue, Runnable rightValue, Runnable resultValue) {
        if (leftValue != null) {
            leftValue.run();
        }
        if (rightValue != null) {
            rightValue.run();
        }
        resultValue.run();
        code.lstore(result);
        if (rightValue != null) {
            code.lstore(right);
        }
        if (leftValue != null) {
            code.lstore(left);
        }
    }

    void setCarry(CodeBuilder code, Runnable value) {
        value.run();
        code.lstore(carry);
    }

    /// Puts pending flags into the context.
    void flush(CodeBuilder code, int state) {
        if (state < 0) {
            return;
        }
        int kind = state & ~RESULT_FOLLOWS;
        var rule = FlagRule.ofOrdinal(Flags.rule(kind));
        code.aload(RegionClass.CONTEXT);
        pushResult(code, state);
        code.putfield(CONTEXT, "flagResult", LONG);
        if (Ops.usesRight(rule)) {
            code.aload(RegionClass.CONTEXT).lload(right).putfield(CONTEXT, "flagRight", LONG);
        }
        if (Ops.usesLeft(rule) && !Flags.isLeftImplied(rule.ordinal())) {
            code.aload(RegionClass.CONTEXT).lload(left).putfield(CONTEXT, "flagLeft", LONG);
        }
        if (Flags.hasCarry(kind)) {
            code.aload(RegionClass.CONTEXT).lload(carry).putfield(CONTEXT, "flagCarry", LONG);
        }
        code.aload(RegionClass.CONTEXT).loadConstant(kind).putfield(CONTEXT, "flagKind", INT);
    }

    private void pushResult(CodeBuilder code, int state) {
        if ((state & RESULT_FOLLOWS) == 0) {
            code.lload(result);
            return;
        }
        code.lload(left).lload(right).lsub();
        int bits = Flags.bits(state & ~RESULT_FOLLOWS);
        if (bits < Long.SIZE) {
            code.loadConstant((1L << bits) - 1).land();
        }
    }

    /// Pushes the flags at their places in RFLAGS.
    void push(CodeBuilder code, int state) {
        flush(code, state);
        code.aload(RegionClass.CONTEXT)
                .invokevirtual(CONTEXT, "statusFlags", MethodTypeDesc.of(INT))
                .i2l();
    }

    /// Pushes whether a condition holds.
    void pushTest(CodeBuilder code, int state, Condition condition) {
        if (state == IN_CONTEXT) {
            code.aload(RegionClass.CONTEXT).loadConstant(condition.ordinal());
            code.invokevirtual(CONTEXT, "test", MethodTypeDesc.of(BOOLEAN, INT));
            return;
        }
        code.loadConstant(condition.ordinal()).loadConstant(state & ~RESULT_FOLLOWS);
        code.lload(left).lload(right);
        pushResult(code, state);
        code.lload(carry);
        var type = MethodTypeDesc.of(BOOLEAN, INT, INT, LONG, LONG, LONG, LONG);
        code.invokestatic(FLAGS, "testLazy", type);
    }
}
