package org.xenolith.baseline;

import org.xenolith.ir.Op;
import org.xenolith.ir.Ops;
import org.xenolith.ir.Unit;

import java.util.OptionalLong;

/// Which instructions machine code is made for. The others are left to other ways of executing
/// them: their block ends before them.
final class Support {
    /// The beginning of a block; where the region is left behind it, if that is not all.
    record Part(Unit unit, OptionalLong leavesAt) {}

    private Support() {}

    /// Whether code can be made for what is asked, whatever the flags are.
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
                        case Op.Call call -> able && BlockCode.canCall(call);
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

    /// The part of a block up to the first instruction that cannot be done.
    ///
    /// @param kind of the flags at its beginning
    /// @throws Unfit when there is no such part
    static Part possible(Unit unit, int kind) {
        var ops = unit.ops();
        int instruction = 0;
        int now = kind;
        boolean kept = true; // the flags before the instruction, since it reads them
        for (int index = 0; index < ops.size(); index++) {
            var op = ops.get(index);
            if (op instanceof Op.Boundary) {
                instruction = index;
                kept = true;
            } else if (!isPossible(op, now)) {
                if (!kept) {
                    throw new Unfit("flags that a block would end with are not kept");
                }
                return before(unit, instruction);
            }
            kept &= !Ops.writesFlags(op);
            now = kindAfter(op, now);
        }
        return new Part(unit, OptionalLong.empty());
    }

    private static boolean isPossible(Op op, int kind) {
        return switch (op) {
            case Op.Test(var condition) -> FlagCode.canTest(condition, kind);
            case Op.ReadFlags() -> FlagCode.canRead(kind);
            case Op _ -> true;
        };
    }

    static int kindAfter(Op op, int kind) {
        return switch (op) {
            case Op.SetFlags(var rule, var width, _, _, _) -> FlagCode.kindAfter(rule, width);
            case Op.WriteFlags _ -> FlagCode.explicit();
            case Op.SetCarry(var rule, var width, _) -> FlagCode.kindAfter(rule, width, kind);
            case Op _ -> kind;
        };
    }

    private static Part before(Unit unit, int instruction) {
        var boundary = (Op.Boundary) unit.ops().get(instruction);
        var part = new Unit(unit.ops().subList(0, instruction));
        return new Part(part, OptionalLong.of(boundary.pc()));
    }
}
