package org.xenolith.baseline;

import org.xenolith.ir.Op;
import org.xenolith.ir.Unit;

/// Which instructions machine code is made for. The others are left to other ways of executing
/// them: their block ends before them.
final class Support {
    private Support() {}

    /// Whether code can be made for what is asked.
    ///
    /// @param features of the host, see [HostProcessor]
    static boolean canDo(Unit unit, int features) {
        boolean able = true; // to do the instruction so far
        for (var op : unit.ops()) {
            if (op instanceof Op.Leave || op instanceof Op.Boundary && !able) {
                return false;
            }
            able =
                    switch (op) {
                        case Op.Call call -> able && BlockCode.canCall(call, features);
                        case Op.Host host -> has(host, features);
                        case Op _ -> able;
                    };
        }
        return able;
    }

    private static boolean has(Op.Host host, int features) {
        int wanted = host.instruction().opcode().features();
        return (features & wanted) == wanted;
    }
}
