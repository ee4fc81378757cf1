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
        shift(l, i, FlagRule.SHL);
    }

    static void shr(Lifter l, Instruction i) {
        shift(l, i, FlagRule.SHR);
    }

    static void sar(Lifter l, Instruction i) {
        shift(l, i, FlagRule.SAR);
    }

    private static void shift(Lifter l, Instruction i, FlagRule rule) {
        int value = l.read(i.first());
        var width = l.width(value);
        if (i.second() instanceof Operand.Immediate immediate) {
            int count = (int) immediate.value() & countMask(width);
            int by = l.constant(width, count);
            int result =
                    count < width.bits() ? shifted(l, rule, value, by) : wide(l, rule, value, by);
            l.write(i.first(), result);
            if (count != 0) {
                l.setFlags(rule, value, by, result);
            }
            return;
        }
        int count = count(l, i.second(), width);
        int result = wide(l, rule, value, count);
        l.write(i.first(), result);
        l.setFlagsIf(l.notZero(count), rule, value, count, result);
    }

    /// The shifted value, for a count below the width.
    private static int shifted(Lifter l, FlagRule rule, int value, int count) {
        return switch (rule) {
            case SHL -> l.shiftLeft(value, count);
            case SHR -> l.shiftRight(value, count);
            default -> l.shiftRightSigned(value, count);
        };
    }

    /// The same for counts up to 31, whatever the width.
    private static int wide(Lifter l, FlagRule rule, int value, int count) {
        var width = l.width(value);
        if (width.bits() >= W32.bits()) {
            return shifted(l, rule, value, l.convert(count, width));
        }
        int extended = rule == FlagRule.SAR ? l.convertSigned(value, W32) : l.convert(value, W32);
        return l.convert(shifted(l, rule, extended, l.convert(count, W32)), width);
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
        var rule = left ? CarryRule.ROTATE_LEFT : CarryRule.ROTATE_RIGHT;
        if (i.second() instanceof Operand.Immediate immediate) {
            l.write(i.first(), result);
            if ((immediate.value() & countMask(width)) != 0) {
                l.setCarry(rule, result);
            }
            return;
        }
        int before = l.flags();
        l.write(i.first(), result);
        l.setCarry(rule, result);
        l.writeFlags(l.select(l.notZero(count), l.flags(), before));
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
        if (i.second() instanceof Operand.Immediate immediate
                && (immediate.value() & countMask(width)) == 1) {
            if (left) {
                rotateLeftOnce(l, i, value);
            } else {
                rotateRightOnce(l, i, value);
            }
            return;
        }
        int count = count(l, i.second(), width);
        int direction = l.constant(W32, left ? 1 : 0);
        int bits = l.constant(W32, width.bits());
        int carry = l.test(Condition.BELOW);
        int result = l.convert(l.call(CARRY, direction, bits, value, count, carry), width);
        int flags = l.call(CARRY_FLAGS, direction, bits, value, count, l.flags());
        l.write(i.first(), result);
        l.writeFlags(flags);
    }

    /// What goes into the lowest bit does not count for CF and OF, so they are those of a rotation
    /// without carry.
    private static void rotateLeftOnce(Lifter l, Instruction i, int value) {
        int one = l.constant(l.width(value), 1);
        int carry = l.convert(l.test(Condition.BELOW), l.width(value));
        l.write(i.first(), l.or(l.shiftLeft(value, one), carry));
        l.setCarry(CarryRule.ROTATE_LEFT, l.rotateLeft(value, one));
    }

    /// CF is the lowest bit of the value, OF its highest one and the old CF, exclusive or.
    private static void rotateRightOnce(Lifter l, Instruction i, int value) {
        var width = l.width(value);
        int one = l.constant(width, 1);
        int top = l.constant(width, width.bits() - 1);
        int carry = l.convert(l.test(Condition.BELOW), width);
        int result = l.or(l.shiftRight(value, one), l.shiftLeft(carry, top));
        int overflow = l.convert(l.xor(l.shiftRight(value, top), carry), W64);
        int others = l.and(l.flags(), l.constant(W64, ~(long) (CF | OF)));
        int changed =
                l.or(
                        l.convert(l.and(value, one), W64),
                        l.shiftLeft(overflow, l.constant(W64, Integer.numberOfTrailingZeros(OF))));
        l.write(i.first(), result);
        l.writeFlags(l.or(others, changed));
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
        if (width == Width.W16) {
            doubleShiftShort(l, i, left, value, fill, count);
            return;
        }
        // By a count of zero nothing comes in; a shift by all bits is done in two.
        int one = l.constant(width, 1);
        int by = l.convert(count, width);
        int rest = l.xor(by, l.constant(width, width.bits() - 1));
        int result =
                left
                        ? l.or(l.shiftLeft(value, by), l.shiftRight(l.shiftRight(fill, one), rest))
                        : l.or(l.shiftRight(value, by), l.shiftLeft(l.shiftLeft(fill, one), rest));
        l.write(i.first(), result);
        var rule = left ? FlagRule.SHL : FlagRule.SHR;
        l.setFlagsIf(l.notZero(count), rule, value, count, result);
    }

    /// For 16 bits and counts above 16 the manual leaves all open.
    private static void doubleShiftShort(
            Lifter l, Instruction i, boolean left, int value, int fill, int count) {
        int direction = l.constant(W32, left ? 1 : 0);
        int result = l.convert(l.call(DOUBLE, direction, value, fill, count), Width.W16);
        int flags = l.call(DOUBLE_FLAGS, direction, value, fill, count, l.flags());
        l.write(i.first(), result);
        l.writeFlags(flags);
    }
}
