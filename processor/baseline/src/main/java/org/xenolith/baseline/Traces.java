package org.xenolith.baseline;

import org.xenolith.ir.Op;
import org.xenolith.jit.RegionFlow;

/// Blocks of a region that follow each other in its code, and to each of which, but the first, only
/// the one before it leads. Such a *trace* is made like one block that may be left in the middle: a
/// block begins with what the one before it has in registers.
final class Traces {
    private final boolean[] continues;

    Traces(RegionFlow flow) {
        int count = flow.order().size();
        var ways = new int[count];
        for (int place = 0; place < count; place++) {
            for (long target : flow.targets(place)) {
                int to = flow.place(target);
                if (to >= 0) {
                    ways[to]++;
                }
            }
        }
        continues = new boolean[count];
        for (int place = 1; place < count; place++) {
            continues[place] = ways[place] == 1 && leadsToNext(flow, place - 1);
        }
    }

    private static boolean leadsToNext(RegionFlow flow, int place) {
        if (flow.unit(place).ops().getLast() instanceof Op.JumpTo) {
            return false;
        }
        for (long target : flow.targets(place)) {
            if (flow.place(target) == place + 1) {
                return true;
            }
        }
        return false;
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
