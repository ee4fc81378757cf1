package org.xenolith.ir;

import org.xenolith.ir.Op.BinaryKind;
import org.xenolith.ir.Op.CompareKind;

import java.util.List;

/// A condition tested in the unit that has set the flags becomes a comparison of the values that
/// the flags follow from. The flags are still set, for whoever comes after the unit.
final class FlagForwarding {
    private final List<Op> ops;
    private final Rewriter rewriter;

    /// The flag write in force, if the unit has made it.
    private Op.SetFlags flags;

    /// The new value that is CF, or -1 if none is known to be.
    private int carry = -1;

    /// The new value that holds all flags at their places, or -1.
    private int written = -1;

    private FlagForwarding(Unit unit) {
        ops = unit.ops();
        rewriter = new Rewriter(unit);
    }

    static Unit apply(Unit unit) {
        var pass = new FlagForwarding(unit);
        for (int index = 0; index < pass.ops.size(); index++) {
            pass.rewrite(index, pass.ops.get(index));
        }
        return pass.rewriter.unit();
    }

    private void rewrite(int index, Op op) {
        switch (op) {
            case Op.Test(var condition)
                    when carry >= 0
                            && (condition == Condition.BELOW
                                    || condition == Condition.NOT_BELOW) -> {
                var width = Ops.width(rewriter.op(carry));
                int one = constant(width, 1);
                int set = isSet(rewriter.add(new Op.Binary(BinaryKind.AND, width, carry, one)));
                rewriter.replace(index, condition == Condition.BELOW ? set : not(set));
            }
            case Op.Test(var condition) when written >= 0 && maskOf(condition) != 0 -> {
                var width = Ops.width(rewriter.op(written));
                int mask = constant(width, maskOf(condition));
                int bits = rewriter.add(new Op.Binary(BinaryKind.AND, width, written, mask));
                int set = isSet(bits);
                rewriter.replace(index, (condition.ordinal() & 1) == 0 ? set : not(set));
            }
            case Op.Test(var condition) when flags != null -> {
                int value = condition(condition);
                if (value >= 0) {
                    rewriter.replace(index, value);
                } else {
                    rewriter.keep(index, op);
                }
            }
            case Op.Branch(int condition, long taken, long notTaken)
                    when isNegation(rewriter.op(rewriter.moved(condition))) -> {
                var negation = (Op.Binary) rewriter.op(rewriter.moved(condition));
                rewriter.add(new Op.Branch(negation.left(), notTaken, taken));
            }
            case Op.SetFlags set -> {
                rewriter.keep(index, op);
                flags = set;
                carry = -1;
                written = -1;
            }
            case Op _ -> {
                rewriter.keep(index, op);
                if (Ops.mayChangeAnything(op) || Ops.changesFlags(op)) {
                    flags = null;
                    carry = -1;
                    written = -1;
                }
                if (op instanceof Op.WriteFlags(int value)
                        && Ops.width(rewriter.op(rewriter.moved(value))).bits() >= 16) {
                    written = rewriter.moved(value);
                }
                if (op instanceof Op.SetCarry(var rule, _, int value) && rule == CarryRule.VALUE) {
                    carry = rewriter.moved(value);
                }
            }
        }
    }

    /// Whether an op is the negation that this pass puts behind a comparison.
    private boolean isNegation(Op op) {
        return op instanceof Op.Binary(var kind, _, int left, int right)
                && kind == BinaryKind.XOR
                && rewriter.op(left) instanceof Op.Compare
                && rewriter.op(right) instanceof Op.Const(_, long value)
                && value == 1;
    }

    /// The flags of which one must be set for a condition, or its negation, to hold; 0 if it is not
    /// so simple.
    private static int maskOf(Condition condition) {
        return switch (condition) {
            case OVERFLOW, NOT_OVERFLOW -> Flags.OF;
            case BELOW, NOT_BELOW -> Flags.CF;
            case ZERO, NOT_ZERO -> Flags.ZF;
            case BELOW_OR_EQUAL, ABOVE -> Flags.CF | Flags.ZF;
            case SIGN, NOT_SIGN -> Flags.SF;
            case PARITY, NOT_PARITY -> Flags.PF;
            case LESS, NOT_LESS, LESS_OR_EQUAL, GREATER -> 0;
        };
    }

    /// A new value that is 1 where the condition holds, or -1 if there is no simple one.
    private int condition(Condition condition) {
        return switch (condition) {
            case OVERFLOW -> overflow();
            case NOT_OVERFLOW -> not(overflow());
            case BELOW -> carry();
            case NOT_BELOW -> not(carry());
            case ZERO -> zero();
            case NOT_ZERO -> not(zero());
            case BELOW_OR_EQUAL -> belowOrEqual();
            case ABOVE -> not(belowOrEqual());
            case SIGN -> sign();
            case NOT_SIGN -> not(sign());
            case PARITY, NOT_PARITY -> -1;
            case LESS -> less();
            case NOT_LESS -> not(less());
            case LESS_OR_EQUAL -> lessOrEqual();
            case GREATER -> not(lessOrEqual());
        };
    }

    private int overflow() {
        return switch (flags.rule()) {
            case LOGIC, SAR -> constant(Width.W8, 0);
            case INC -> equal(result(), flags.width().signBit());
            case DEC -> equal(result(), flags.width().signBit() - 1);
            case MUL -> leftIsSet();
            case EXPLICIT, ADD, ADC, SUB, SBB, SHL, SHR -> -1;
        };
    }

    private int carry() {
        return switch (flags.rule()) {
            case LOGIC -> constant(Width.W8, 0);
            case ADD -> compare(CompareKind.LESS_UNSIGNED, result(), left());
            case SUB -> compare(CompareKind.LESS_UNSIGNED, left(), right());
            case INC, DEC, MUL -> leftIsSet();
            case EXPLICIT, ADC, SBB, SHL, SHR, SAR -> -1;
        };
    }

    private int zero() {
        return switch (flags.rule()) {
            case EXPLICIT -> -1;
            case SUB -> compare(CompareKind.EQUAL, left(), right());
            case ADD, ADC, SBB, LOGIC, INC, DEC, SHL, SHR, SAR, MUL -> equal(result(), 0);
        };
    }

    private int sign() {
        return flags.rule() == FlagRule.EXPLICIT
                ? -1
                : compare(CompareKind.LESS_SIGNED, result(), constant(flags.width(), 0));
    }

    private int belowOrEqual() {
        return switch (flags.rule()) {
            case LOGIC -> zero();
            case SUB -> not(compare(CompareKind.LESS_UNSIGNED, right(), left()));
            case EXPLICIT, ADD, ADC, SBB, INC, DEC, SHL, SHR, SAR, MUL -> -1;
        };
    }

    private int less() {
        return switch (flags.rule()) {
            case LOGIC, SAR -> sign();
            case SUB -> compare(CompareKind.LESS_SIGNED, left(), right());
            case EXPLICIT, ADD, ADC, SBB, INC, DEC, SHL, SHR, MUL -> -1;
        };
    }

    private int lessOrEqual() {
        return switch (flags.rule()) {
            case LOGIC, SAR -> {
                int zero = constant(flags.width(), 0);
                yield not(compare(CompareKind.LESS_SIGNED, zero, result()));
            }
            case SUB -> not(compare(CompareKind.LESS_SIGNED, right(), left()));
            case EXPLICIT, ADD, ADC, SBB, INC, DEC, SHL, SHR, MUL -> -1;
        };
    }

    private int left() {
        return rewriter.moved(flags.left());
    }

    private int right() {
        return rewriter.moved(flags.right());
    }

    private int result() {
        return rewriter.moved(flags.result());
    }

    /// The left value of some rules is a flag, of whatever width.
    private int leftIsSet() {
        return isSet(left());
    }

    private int isSet(int value) {
        var width = Ops.width(rewriter.op(value));
        int zero = constant(width, 0);
        return rewriter.add(new Op.Compare(CompareKind.NOT_EQUAL, width, value, zero));
    }

    private int equal(int value, long constant) {
        return compare(CompareKind.EQUAL, value, constant(flags.width(), constant));
    }

    private int compare(CompareKind kind, int left, int right) {
        return rewriter.add(new Op.Compare(kind, flags.width(), left, right));
    }

    private int constant(Width width, long value) {
        return rewriter.add(new Op.Const(width, value));
    }

    private int not(int value) {
        if (value < 0) {
            return -1;
        }
        if (rewriter.op(value) instanceof Op.Const(_, long constant)) {
            return constant(Width.W8, constant ^ 1);
        }
        if (rewriter.op(value) instanceof Op.Compare(var kind, var width, int left, int right)
                && kind == CompareKind.EQUAL) {
            return rewriter.add(new Op.Compare(CompareKind.NOT_EQUAL, width, left, right));
        }
        if (isNegation(rewriter.op(value))) {
            return ((Op.Binary) rewriter.op(value)).left();
        }
        int one = constant(Width.W8, 1);
        return rewriter.add(new Op.Binary(BinaryKind.XOR, Width.W8, value, one));
    }
}
