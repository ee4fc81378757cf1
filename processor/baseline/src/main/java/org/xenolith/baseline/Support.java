package org.xenolith.baseline;

import org.xenolith.ir.Op;
import org.xenolith.ir.Ops;
import org.xenolith.ir.Unit;

import java.util.ArrayList;

/// Which instructions machine code is made for. The others are left to other ways of executing
/// them: their block ends before them.
final class Support {
    private Support() {}

    /// Whether code can be made for what is asked, whatever the flags are.
    static boolean canDo(Unit unit) {
        for (var op : unit.ops()) {
            if (op instanceof Op.Leave || op instanceof Op.Call call && !BlockCode.canCall(call)) {
                return false;
            }
        }
        return true;
    }

    /// The part of a block up to the first instruction that cannot be done.
    ///
    /// @param kind of the flags at its beginning
    /// @throws Unfit when there is no such part
    static Unit possible(Unit unit, int kind) {
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
        return unit;
    }

    private static boolean isPossible(Op op, int kind) {
        return switch (op) {
            case Op.Test(var condition) -> FlagCode.canTest(condition, kind);
            case Op.ReadFlags() -> FlagCode.canRead(kind);
            case Op _ -> true;
        };
    }

    private static int kindAfter(Op op, int kind) {
        return switch (op) {
            case Op.SetFlags(var rule, var width, _, _, _) -> FlagCode.kindAfter(rule, width);
            case Op.WriteFlags _ -> FlagCode.explicit();
            case Op.SetCarry(var rule, var width, _) -> FlagCode.kindAfter(rule, width, kind);
            case Op _ -> kind;
        };
    }

    private static Unit before(Unit unit, int instruction) {
        var boundary = (Op.Boundary) unit.ops().get(instruction);
        var ops = new ArrayList<>(unit.ops().subList(0, instruction));
        ops.add(new Op.Jump(boundary.pc()));
        return new Unit(ops);
    }
}
