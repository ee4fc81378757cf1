package org.xenolith.ir;

import org.xenolith.ir.Op.BinaryKind;

import java.util.OptionalLong;

/// Values that follow from constants become constants; operations that change nothing go; a branch
/// on a constant becomes a jump.
final class ConstantFolding {
    private final Rewriter rewriter;

    private ConstantFolding(Unit unit) {
        rewriter = new Rewriter(unit);
    }

    static Unit apply(Unit unit) {
        var pass = new ConstantFolding(unit);
        for (int index = 0; index < unit.ops().size(); index++) {
            pass.rewrite(index, unit.ops().get(index));
        }
        return pass.rewriter.unit();
    }

    private void rewrite(int index, Op op) {
        switch (op) {
            case Op.Binary binary -> binary(index, binary);
            case Op.Unary(var kind, var width, int value) when constant(value).isPresent() ->
                    fold(index, width, Arithmetic.unary(kind, width, known(value)));
            case Op.Convert(_, var from, var to, int value) when from == to ->
                    rewriter.replace(index, rewriter.moved(value));
            case Op.Convert(boolean signed, var from, var to, int value)
                    when constant(value).isPresent() ->
                    fold(index, to, Arithmetic.convert(signed, from, to, known(value)));
            case Op.Select(_, int condition, int ifTrue, int ifFalse)
                    when constant(condition).isPresent() ->
                    rewriter.replace(
                            index, rewriter.moved(known(condition) != 0 ? ifTrue : ifFalse));
            case Op.Compare(var kind, var width, int left, int right)
                    when constant(left).isPresent() && constant(right).isPresent() ->
                    fold(
                            index,
                            Width.W8,
                            Arithmetic.compare(kind, width, known(left), known(right)) ? 1 : 0);
            case Op.SetFlagsIf set when constant(set.condition()).isPresent() -> {
                if (known(set.condition()) != 0) {
                    rewriter.keep(index, set.flags());
                }
            }
            case Op.Branch(int condition, long taken, long notTaken)
                    when constant(condition).isPresent() ->
                    rewriter.add(new Op.Jump(known(condition) != 0 ? taken : notTaken));
            case Op _ -> rewriter.keep(index, op);
        }
    }

    private void binary(int index, Op.Binary op) {
        var left = constant(op.left());
        var right = constant(op.right());
        if (left.isPresent() && right.isPresent()) {
            long value =
                    Arithmetic.binary(op.kind(), op.width(), left.getAsLong(), right.getAsLong());
            fold(index, op.width(), value);
        } else if (right.isPresent() && changesNothing(op.kind(), right.getAsLong())) {
            rewriter.replace(index, rewriter.moved(op.left()));
        } else {
            rewriter.keep(index, op);
        }
    }

    private static boolean changesNothing(BinaryKind kind, long right) {
        return switch (kind) {
            case ADD, SUB, OR, XOR -> right == 0;
            case SHIFT_LEFT, SHIFT_RIGHT, SHIFT_RIGHT_SIGNED, ROTATE_LEFT, ROTATE_RIGHT ->
                    right == 0;
            case MUL -> right == 1;
            case AND, MUL_HIGH_UNSIGNED, MUL_HIGH_SIGNED -> false;
        };
    }

    private void fold(int index, Width width, long value) {
        rewriter.replace(index, rewriter.add(new Op.Const(width, value)));
    }

    /// What an old value is, if it has become a constant.
    private OptionalLong constant(int index) {
        return rewriter.op(rewriter.moved(index)) instanceof Op.Const(var width, long value)
                ? OptionalLong.of(width.zeroExtend(value))
                : OptionalLong.empty();
    }

    private long known(int index) {
        return constant(index).orElseThrow();
    }
}
