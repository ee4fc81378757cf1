package org.xenolith.jit;

import org.xenolith.ir.Op;
import org.xenolith.ir.Ops;

import java.util.Arrays;
import java.util.List;

/// Which values stay on the JVM's stack. A value that is used once is made where it is used, unless
/// something between the two places would change it or be changed by it. All others are made in
/// their place and kept in a local variable.
final class Schedule {
    private final List<Op> ops;

    /// By op: how often what is executed uses its value.
    private final int[] uses;

    /// By op: whether it is executed at all.
    private final boolean[] live;

    /// By op: the op in whose place it is executed, its own index if it is not put off.
    private final int[] place;

    /// By op: whether its value, made where it is used, is only made if a condition holds.
    private final boolean[] conditional;

    private final boolean faultingInPlace;

    /// @param faultingInPlace whether what may fault is always executed in its own place
    Schedule(List<Op> ops, boolean faultingInPlace) {
        this.ops = ops;
        this.faultingInPlace = faultingInPlace;
        conditional = new boolean[ops.size()];
        uses = new int[ops.size()];
        live = new boolean[ops.size()];
        place = new int[ops.size()];
        var user = new int[ops.size()];
        for (int index = ops.size() - 1; index >= 0; index--) {
            var op = ops.get(index);
            live[index] = uses[index] > 0 || !Ops.hasValue(op) || Ops.mayFault(op);
            place[index] = index;
            if (!live[index]) {
                continue;
            }
            if (uses[index] == 1) {
                putOff(index, user[index]);
            }
            for (int value : usedBy(op)) {
                uses[value]++;
                user[value] = index;
            }
        }
    }

    /// The values that an op needs: rules of flags do not use all that they are given.
    private static int[] usedBy(Op op) {
        return switch (op) {
            case Op.SetFlags flags -> usedBy(flags);
            case Op.SetFlagsIf conditional -> {
                var values = usedBy(conditional.flags());
                var all = Arrays.copyOf(values, values.length + 1);
                all[values.length] = conditional.condition();
                yield all;
            }
            case Op _ -> Ops.operands(op);
        };
    }

    private static int[] usedBy(Op.SetFlags op) {
        if (Ops.usesRight(op.rule())) {
            return new int[] {op.left(), op.right(), op.result()};
        }
        return Ops.usesLeft(op.rule())
                ? new int[] {op.left(), op.result()}
                : new int[] {op.result()};
    }

    private void putOff(int index, int user) {
        boolean chosen =
                conditional[user]
                        || switch (ops.get(user)) {
                            case Op.Select(_, int condition, _, _) -> condition != index;
                            case Op.SetFlagsIf op -> op.condition() != index;
                            case Op _ -> false;
                        };
        if (mayWait(index, place[user]) && !(chosen && Ops.mayFault(ops.get(index)))) {
            place[index] = place[user];
            conditional[index] = chosen;
        }
    }

    /// Whether an op is executed in its own place in the sequence.
    boolean isInPlace(int index) {
        return live[index] && place[index] == index && !(ops.get(index) instanceof Op.Const);
    }

    boolean isUsed(int index) {
        return uses[index] > 0;
    }

    /// Whether the value is made where it is used.
    boolean isMadeAtUse(int index) {
        return place[index] != index || ops.get(index) instanceof Op.Const;
    }

    private boolean mayWait(int index, int until) {
        var op = ops.get(index);
        if (Ops.isPure(op)) {
            return true;
        }
        if (Ops.mayChangeAnything(op) || faultingInPlace && Ops.mayFault(op)) {
            return false;
        }
        for (int between = index + 1; between < until; between++) {
            if (live[between] && mustFollow(op, ops.get(between))) {
                return false;
            }
        }
        return true;
    }

    /// Whether `second` must come after `first`, which reads state.
    private static boolean mustFollow(Op first, Op second) {
        return switch (first) {
            case Op.ReadRegister(int slot) ->
                    Ops.mayChangeAnything(second)
                            || second instanceof Op.WriteRegister(int written, _)
                                    && written == slot;
            case Op.Test _, Op.ReadFlags _ ->
                    Ops.mayChangeAnything(second) || Ops.changesFlags(second);
            case Op _ -> Ops.mayFault(second) || Ops.changesState(second);
        };
    }
}
