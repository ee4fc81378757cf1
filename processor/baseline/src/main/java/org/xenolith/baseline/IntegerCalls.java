package org.xenolith.baseline;

import static org.xenolith.baseline.Assembler.CMP;
import static org.xenolith.baseline.Assembler.R11;
import static org.xenolith.baseline.Assembler.RAX;
import static org.xenolith.baseline.Assembler.RDX;

import org.xenolith.base.Bug;
import org.xenolith.ir.Computes.Operation;
import org.xenolith.ir.Guard;
import org.xenolith.ir.Op;
import org.xenolith.ir.Width;

import java.util.BitSet;
import java.util.List;

/// Calls of helpers that compute integers, which is division: quotient and remainder of the same
/// numbers are made in one step.
///
/// A division whose quotient does not fit would end the process, so nothing is divided that has not
/// been looked at here: the guard of an instruction comes before its division and leaves nothing of
/// that kind.
final class IntegerCalls {
    private final Assembler code;
    private final Plan plan;
    private final Values values;

    /// Values that have been made together with another.
    private final BitSet made = new BitSet();

    IntegerCalls(Assembler code, Plan plan, Values values) {
        this.code = code;
        this.plan = plan;
        this.values = values;
    }

    static boolean canCall(Op.Call call) {
        return call.helper().operation().isPresent();
    }

    static boolean isDivision(Guard.Form form) {
        return form == Guard.Form.DIVIDES_UNSIGNED || form == Guard.Form.DIVIDES_SIGNED;
    }

    // The numbers of a division.

    private Width width(Op.Call call) {
        return Width.ofBits((int) plan.constant(call.arguments().getFirst(), Width.W32));
    }

    private static int high(Op.Call call) {
        return call.arguments().get(1);
    }

    private static int low(Op.Call call) {
        return call.arguments().get(2);
    }

    private static int divisor(Op.Call call) {
        return call.arguments().get(3);
    }

    // ---------------------------------------------------------------- guards

    /// Goes to `miss` where the quotient may not fit.
    void guard(Op.Call call, Guard.Form form, int miss) {
        if (form == Guard.Form.DIVIDES_UNSIGNED) {
            guardUnsigned(call, miss);
        } else {
            guardSigned(call, miss);
        }
    }

    private void guardUnsigned(Op.Call call, int miss) {
        values.copyExtended(false, width(call), RAX, high(call));
        values.copyExtended(false, width(call), R11, divisor(call));
        code.op(Width.W64, CMP, RAX, R11);
        code.jumpIf(Assembler.BELOW ^ 1, miss);
    }

    /// The dividend must be its low half, sign-extended, and the divisor neither 0 nor -1.
    private void guardSigned(Op.Call call, int miss) {
        values.copyExtended(true, width(call), RAX, low(call));
        values.copyExtended(true, width(call), R11, high(call));
        code.shiftNumber(Width.W64, Assembler.SAR, RAX, Long.SIZE - 1);
        code.op(Width.W64, CMP, RAX, R11);
        code.jumpIf(Assembler.NOT_EQUAL, miss);
        values.copyExtended(true, width(call), R11, divisor(call));
        code.opNumber(Width.W64, Assembler.ADD, R11, 1);
        code.opNumber(Width.W64, CMP, R11, 1);
        code.jumpIf(Assembler.ABOVE ^ 1, miss);
    }

    // ---------------------------------------------------------------- divisions

    void call(int index, Op.Call call) {
        if (made.get(index)) {
            return;
        }
        var operation = call.helper().operation().orElseThrow();
        switch (operation) {
            case QUOTIENT_UNSIGNED -> divide(index, call, false, Operation.REMAINDER_UNSIGNED);
            case REMAINDER_UNSIGNED -> divide(index, call, false, Operation.QUOTIENT_UNSIGNED);
            case QUOTIENT_SIGNED -> divide(index, call, true, Operation.REMAINDER_SIGNED);
            case REMAINDER_SIGNED -> divide(index, call, true, Operation.QUOTIENT_SIGNED);
        }
    }

    private void divide(int index, Op.Call call, boolean signed, Operation other) {
        values.clear(RDX);
        var width = width(call);
        values.copyExtended(signed, width, R11, divisor(call));
        if (signed) {
            divideSigned(call, width);
        } else {
            divideUnsigned(call, width);
        }
        boolean isQuotient =
                other == Operation.REMAINDER_UNSIGNED || other == Operation.REMAINDER_SIGNED;
        boolean narrowSigned = signed && width != Width.W64;
        define(index, isQuotient ? RAX : RDX, narrowSigned);
        int together = find(index, call, other);
        if (together > 0) {
            define(together, isQuotient ? RDX : RAX, narrowSigned);
            made.set(together);
        }
    }

    /// Narrow dividends are put together in RAX.
    private void divideUnsigned(Op.Call call, Width width) {
        if (width == Width.W64 || width == Width.W32) {
            values.copyExtended(false, width, RAX, low(call));
            values.copyExtended(false, width, RDX, high(call));
            code.divide(width, false, R11);
            return;
        }
        values.copyExtended(false, width, RDX, high(call));
        values.copyExtended(false, width, RAX, low(call));
        code.shiftNumber(Width.W32, Assembler.SHL, RDX, width.bits());
        code.op(Width.W32, Assembler.OR, RAX, RDX);
        code.load(RDX, 0);
        code.divide(Width.W32, false, R11);
    }

    private void divideSigned(Op.Call call, Width width) {
        var host = width == Width.W64 ? Width.W64 : Width.W32;
        values.copyExtended(true, width, RAX, low(call));
        code.signOfAccumulator(host);
        code.divide(host, true, R11);
    }

    private void define(int index, int from, boolean narrowSigned) {
        int target = values.define(index);
        code.extend(narrowSigned, narrowSigned ? Width.W32 : Width.W64, Width.W64, target, from);
    }

    /// The call of `operation` on the same numbers that is behind `index` in the same instruction,
    /// or -1.
    private int find(int index, Op.Call call, Operation operation) {
        for (int next = index + 1; next < plan.size(); next++) {
            var op = plan.op(next);
            if (op instanceof Op.Boundary) {
                return -1;
            }
            if (!plan.isSkipped(next)
                    && op instanceof Op.Call other
                    && other.helper().operation().filter(operation::equals).isPresent()
                    && homes(other.arguments()).equals(homes(call.arguments()))) {
                Bug.check(width(other) == width(call), "the same numbers are of one width");
                return next;
            }
        }
        return -1;
    }

    private List<Integer> homes(List<Integer> arguments) {
        return arguments.stream().map(plan::home).toList();
    }
}
