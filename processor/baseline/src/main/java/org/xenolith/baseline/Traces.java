package org.xenolith.baseline;

import org.xenolith.ir.Op;
import org.xenolith.ir.Unit;
import org.xenolith.jit.RegionFlow;

import java.util.Arrays;

/// Blocks of a region that follow each other in its code, and to each of which, but the first, only
/// the one before it leads. Such a *trace* is made like one block that may be left in the middle: a
/// block begins with what the one before it has in registers.
final class Traces {
    private static final int NOBODY = -1;
    private static final int SEVERAL = -2;

    private final boolean[] continues;

    Traces(RegionFlow flow) {
        int count = flow.order().size();
        var leading = new int[count]; // the place of the block that leads to one
        Arrays.fill(leading, NOBODY);
        for (int place = 0; place < count; place++) {
            for (long target : flow.targets(place)) {
                int to = flow.place(target);
                if (to >= 0) {
                    leading[to] = leading[to] == NOBODY ? place : SEVERAL;
                }
            }
        }
        continues = new boolean[count];
        for (int place = 1; place < count; place++) {
            continues[place] = leading[place] == place - 1 && !isComputed(flow.unit(place - 1));
        }
    }

    private static boolean isComputed(Unit unit) {
        return unit.ops().getLast() instanceof Op.JumpTo;
    }

    /// The place behind the trace that begins with the block at `first`.
    int behind(int first) {
        int behind = first + 1;
        while (behind < continues.length && continues[behind]) {
            behind++;
        }
        return behind;
    }
}
