package org.xenolith.ir;

import java.util.List;

/// A sequence of ops that is executed as a whole: one instruction, or several that follow each
/// other. If its last op does not end it, execution goes on with the instruction behind it.
public record Unit(List<Op> ops) {
    public Unit {
        ops = List.copyOf(ops);
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
