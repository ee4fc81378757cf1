package org.xenolith.ir;

import java.util.BitSet;

/// What turns a unit into one that does the same with less. Worth it for units of several
/// instructions; each pass takes time in proportion to the ops.
public final class Passes {
    private Passes() {}

    /// All passes, in the order in which one makes work for the next.
    public static Unit optimise(Unit unit) {
        return removeDeadValues(removeDeadFlags(foldConstants(forwardFlags(unit))));
    }

    /// See [FlagForwarding].
    public static Unit forwardFlags(Unit unit) {
        return FlagForwarding.apply(unit);
    }

    /// See [ConstantFolding].
    public static Unit foldConstants(Unit unit) {
        return ConstantFolding.apply(unit);
    }

    /// Removes flag writes that another one follows before any reader, memory access, helper with
    /// the context, or end.
    public static Unit removeDeadFlags(Unit unit) {
        return removeDeadFlags(unit, false);
    }

    /// The same; `overwrittenBehind` says that another one follows the end in this way.
    public static Unit removeDeadFlags(Unit unit, boolean overwrittenBehind) {
        var ops = unit.ops();
        var dead = new BitSet();
        boolean overwritten = overwrittenBehind;
        for (int index = ops.size() - 1; index >= 0; index--) {
            var op = ops.get(index);
            if (Ops.writesFlags(op)) {
                dead.set(index, overwritten);
                overwritten = true;
            } else if (Ops.changesFlags(op)) {
                dead.set(index, overwritten);
            } else if (Ops.readsFlags(op) || Ops.mayFault(op)) {
                overwritten = false;
            }
        }
        return remove(unit, dead);
    }

    /// Removes what only makes a value that nobody uses.
    public static Unit removeDeadValues(Unit unit) {
        var ops = unit.ops();
        var used = new BitSet();
        var dead = new BitSet();
        for (int index = ops.size() - 1; index >= 0; index--) {
            var op = ops.get(index);
            if (Ops.hasValue(op) && !Ops.mayFault(op) && !used.get(index)) {
                dead.set(index);
            } else {
                for (int value : Ops.operands(op)) {
                    used.set(value);
                }
            }
        }
        return remove(unit, dead);
    }

    /// Without what is only for compilers that make a host's machine code.
    public static Unit portable(Unit unit) {
        var dead = new BitSet();
        for (int index = 0; index < unit.ops().size(); index++) {
            dead.set(index, unit.ops().get(index) instanceof Op.Host);
        }
        return remove(unit, dead);
    }

    private static Unit remove(Unit unit, BitSet dead) {
        if (dead.isEmpty()) {
            return unit;
        }
        var rewriter = new Rewriter(unit);
        for (int index = 0; index < unit.ops().size(); index++) {
            if (!dead.get(index)) {
                rewriter.keep(index, unit.ops().get(index));
            }
        }
        return rewriter.unit();
    }
}
