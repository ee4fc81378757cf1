package org.xenolith.ir;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Builds the unit that a pass makes of another, op by op. Values of the old unit are named by
/// their old index; the rewriter knows what has become of them.
final class Rewriter {
    private final List<Op> ops = new ArrayList<>();

    /// By old value: the new one, or -1 as long as there is none.
    private final int[] moved;

    Rewriter(Unit unit) {
        moved = new int[unit.ops().size()];
        Arrays.fill(moved, -1);
    }

    /// Keeps an old op, on the new forms of its operands.
    void keep(int index, Op op) {
        replace(index, add(Ops.renumber(op, moved)));
    }

    /// Adds a new op on new values.
    ///
    /// @return its value
    int add(Op op) {
        ops.add(op);
        return ops.size() - 1;
    }

    /// The old value `index` is the new value `by`.
    void replace(int index, int by) {
        moved[index] = by;
    }

    /// What has become of an old value.
    int moved(int index) {
        return moved[index];
    }

    /// The new op that makes a new value.
    Op op(int value) {
        return ops.get(value);
    }

    Unit unit() {
        return new Unit(ops);
    }
}
