package org.xenolith.x86;

import static org.xenolith.ir.Flags.AF;
import static org.xenolith.ir.Flags.CF;
import static org.xenolith.ir.Flags.OF;
import static org.xenolith.ir.Width.W32;
import static org.xenolith.ir.Width.W64;
import static org.xenolith.ir.Width.W8;
import static org.xenolith.x86.Row.row;
import static org.xenolith.x86.Spec.*;

import org.xenolith.ir.CarryRule;
import org.xenolith.ir.Condition;
import org.xenolith.ir.FlagRule;
import org.xenolith.ir.Helper;
import org.xenolith.ir.Width;

import java.util.List;

/// Shifts and rotates (SDM vol. 1, 5.1.5).
final class Shifts {
    // spotless:off
    static final Table TABLE = Table.of(Moves.join(
        group("ROL", 0, Shifts::rol, OF),
        group("ROR", 1, Shifts::ror, OF),
        group("RCL", 2, Shifts::rcl, OF),
        group("RCR", 3, Shifts::rcr, OF),
        group("SHL", 4, Shifts::shl, OF | AF | CF),
        group("SHR", 5, Shifts::shr, OF | AF | CF),
        group("SHL", 6, Shifts::shl, OF | AF | CF),
        group("SAR", 7, Shifts::sar, OF | AF),
        List.of(
            row("SHLD", "0F A4 /r", Shifts::shld, Ev, Gv, Ib).modifying().undefined(OF | AF),
            row("SHLD", "0F A5 /r", Shifts::shld, Ev, Gv, CL).undefined(OF | AF).modifying(),
            row("SHRD", "0F AC /r", Shifts::shrd, Ev, Gv, Ib).undefined(OF | AF).modifying(),
            row("SHRD", "0F AD /r", Shifts::shrd, Ev, Gv, CL).undefined(OF | AF).modifying())));
    // spotless:on

    private static final Helper SHIFT = Helper.named(ShiftArithmetic.class, "shift");
    private static final Helper SHIFT_FLAGS = Helper.named(ShiftArithmetic.class, "shiftFlags");
    private static final Helper ROTATE_FLAGS = Helper.named(ShiftArithmetic.class, "rotateFlags");
    private static final Helper CARRY = Helper.named(ShiftArithmetic.class, "rotateThroughCarry");
    private static final Helper CARRY_FLAGS =
            Helper.named(ShiftArithmetic.class, "rotateThroughCarryFlags");
    private static final Helper DOUBLE = Helper.named(ShiftArithmetic.class, "doubleShift");
    private static final Helper DOUBLE_FLAGS =
            Helper.named(ShiftArithmetic.class, "doubleShiftFlags");

    private Shifts() {}

    private static List<Row> group(String name, int digit, Row.Meaning meaning, int undefined) {
        String slash = " /" + digit;
        return List.of(
                row(name, "C0" + slash, meaning, Eb, Ib).undefined(undefined).modifying(),
                row(name, "C1" + slash, meaning, Ev, Ib).undefined(undefined).modifying(),
                row(name, "D0" + slash, meaning, Eb, ONE).undefined(undefined & AF).modifying(),
                row(name, "D1" + slash, meaning, Ev, ONE).undefined(undefined & AF).modifying(),
                row(name, "D2" + slash, meaning, Eb, CL).undefined(undefined).modifying(),
                row(name, "D3" + slash, meaning, Ev, CL).undefined(undefined).modifying());
    }

    static void shl(Lifter l, Instruction i) {
        shift(l, i, ShiftArithmetic.SHL, FlagRule.SHL);
    }

    static void shr(Lifter l, Instruction i) {
        shift(l, i, ShiftArithmetic.SHR, FlagRule.SHR);
    }

    static void sar(Lifter l, Instruction i) {
        shift(l, i, ShiftArithmetic.SAR, FlagRule.SAR);
    }

    private static void shift(Lifter l, Instruction i, int kind, FlagRule rule) {
        int value = l.read(i.first());
        var width = l.width(value);
        if (i.second() instanceof Operand.Immediate immediate) {
            int count = (int) immediate.value() & countMask(width);
            if (count < width.bits()) {
                shiftByConstant(l, i, kind, rule, value, count);
                return;
            }
        }
        int bits = l.constant(W32, width.bits());
        int code = l.constant(W32, kind);
        int count = count(l, i.second(), width);
        int result = l.convert(l.call(SHIFT, code, bits, value, count), width);
        int flags = l.call(SHIFT_FLAGS, code, bits, value, count, l.flags());
        l.write(i.first(), result);
        l.writeFlags(flags);
    }

    private static void shiftByConstant(
            Lifter l, Instruction i, int kind, FlagRule rule, int value, int count) {
        if (count == 0) {
            l.write(i.first(), value);
            return;
        }
        int by = l.constant(l.width(value), count);
        int result =
                switch (kind) {
                    case ShiftArithmetic.SHL -> l.shiftLeft(value, by);
                    case ShiftArithmetic.SHR -> l.shiftRight(value, by);
                    default -> l.shiftRightSigned(value, by);
                };
        l.write(i.first(), result);
        l.setFlags(rule, value, by, result);
    }

    private static int countMask(Width width) {
        return width == W64 ? 63 : 31;
    }

    /// The masked count, of width 8.
    private static int count(Lifter l, Operand operand, Width width) {
        return l.and(l.read(operand), l.constant(W8, countMask(width)));
    }

    static void rol(Lifter l, Instruction i) {
        rotate(l, i, true);
    }

    static void ror(Lifter l, Instruction i) {
        rotate(l, i, false);
    }

    private static void rotate(Lifter l, Instruction i, boolean left) {
        int value = l.read(i.first());
        var width = l.width(value);
        int count = count(l, i.second(), width);
        int by = l.convert(l.and(count, l.constant(W8, width.bits() - 1)), width);
        int result = left ? l.rotateLeft(value, by) : l.rotateRight(value, by);
        if (i.second() instanceof Operand.Immediate immediate
                && (immediate.value() & countMask(width)) != 1) {
            // OF is open unless the count is 1.
            l.write(i.first(), result);
            if ((immediate.value() & countMask(width)) != 0) {
                l.setCarry(left ? CarryRule.ROTATE_LEFT : CarryRule.ROTATE_RIGHT, result);
            }
            return;
        }
        int flags =
                l.call(
                        ROTATE_FLAGS,
                        l.constant(W32, left ? 1 : 0),
                        l.constant(W32, width.bits()),
                        result,
                        count,
                        l.flags());
        l.write(i.first(), result);
        l.writeFlags(flags);
    }

    static void rcl(Lifter l, Instruction i) {
        rotateThroughCarry(l, i, true);
    }

    static void rcr(Lifter l, Instruction i) {
        rotateThroughCarry(l, i, false);
    }

    private static void rotateThroughCarry(Lifter l, Instruction i, boolean left) {
        int value = l.read(i.first());
        var width = l.width(value);
        int count = count(l, i.second(), width);
        int direction = l.constant(W32, left ? 1 : 0);
        int bits = l.constant(W32, width.bits());
        int carry = l.test(Condition.BELOW);
        int result = l.convert(l.call(CARRY, direction, bits, value, count, carry), width);
        int flags = l.call(CARRY_FLAGS, direction, bits, value, count, l.flags());
        l.write(i.first(), result);
        l.writeFlags(flags);
    }

    static void shld(Lifter l, Instruction i) {
        doubleShift(l, i, true);
    }

    static void shrd(Lifter l, Instruction i) {
        doubleShift(l, i, false);
    }

    private static void doubleShift(Lifter l, Instruction i, boolean left) {
        int value = l.read(i.first());
        int fill = l.read(i.second());
        var width = l.width(value);
        int count = count(l, i.third(), width);
        int direction = l.constant(W32, left ? 1 : 0);
        int bits = l.constant(W32, width.bits());
        int result = l.convert(l.call(DOUBLE, direction, bits, value, fill, count), width);
        int flags = l.call(DOUBLE_FLAGS, direction, bits, value, fill, count, l.flags());
        l.write(i.first(), result);
        l.writeFlags(flags);
    }
}
