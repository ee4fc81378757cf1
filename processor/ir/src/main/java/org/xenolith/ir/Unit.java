package org.xenolith.ir;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/// A sequence of ops that is executed as a whole: one instruction, or several that follow each
/// other. If its last op does not end it, execution goes on with the instruction behind it.
public record Unit(List<Op> ops) {
    public Unit {
        ops = List.copyOf(ops);
    }

    /// The unit that does what `units` do one after the other. What ends one that is not the last
    /// goes on with the next, or leaves: such a unit is for compilers only.
    public static Unit join(List<Unit> units) {
        if (units.size() == 1) {
            return units.getFirst();
        }
        var ops = new ArrayList<Op>();
        for (var unit : units) {
            int first = ops.size();
            int[] moved = IntStream.range(first, first + unit.ops().size()).toArray();
            for (var op : unit.ops()) {
                ops.add(Ops.renumber(op, moved));
            }
        }
        return new Unit(ops);
    }

    public boolean endsBlock() {
        return !ops.isEmpty() && ops.getLast().endsUnit();
    }

    /// One op on a line.
    @Override
    public String toString() {
        return Printer.print(this);
    }
}
