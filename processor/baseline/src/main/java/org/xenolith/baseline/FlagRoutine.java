package org.xenolith.baseline;

import static org.xenolith.baseline.Assembler.ADD;
import static org.xenolith.baseline.Assembler.AND;
import static org.xenolith.baseline.Assembler.CMP;
import static org.xenolith.baseline.Assembler.EQUAL;
import static org.xenolith.baseline.Assembler.MOV;
import static org.xenolith.baseline.Assembler.NONE;
import static org.xenolith.baseline.Assembler.NOT_EQUAL;
import static org.xenolith.baseline.Assembler.OR;
import static org.xenolith.baseline.Assembler.R11;
import static org.xenolith.baseline.Assembler.RAX;
import static org.xenolith.baseline.Assembler.RBX;
import static org.xenolith.baseline.Assembler.RCX;
import static org.xenolith.baseline.Assembler.RDX;
import static org.xenolith.baseline.Assembler.SAR;
import static org.xenolith.baseline.Assembler.SHL;
import static org.xenolith.baseline.Assembler.SHR;
import static org.xenolith.baseline.Assembler.SUB;
import static org.xenolith.baseline.Assembler.TEST;
import static org.xenolith.baseline.Assembler.XOR;

import org.xenolith.ir.CarryRule;
import org.xenolith.ir.FlagRule;
import org.xenolith.ir.Flags;
import org.xenolith.ir.Width;

/// A routine that puts the six flags together, of whatever kind they are: [Flags#allLazy] in
/// machine code. For what is rare, or known only when the code runs. There is one for all regions,
/// which find its address in the frame. The answer is in RAX; R11 is lost, everything else stays.
final class FlagRoutine {
    private static final Width WORD = Width.W64;
    private static final int OF_SHIFT = 11;

    private final Assembler code = new Assembler();

    // Within the routine: RAX gathers flags, RCX has 64 less the width, RDX the result.
    private int carryPart;
    private int end;

    private FlagRoutine() {}

    static Assembler generate() {
        var routine = new FlagRoutine();
        routine.emit();
        routine.code.link();
        return routine.code;
    }

    private void emit() {
        carryPart = code.label();
        end = code.label();
        for (int register : new int[] {RCX, RDX, RBX}) {
            code.push(register);
        }
        int notExplicit = code.label();
        field(RBX, 0);
        load(RDX, Frame.FLAG_RESULT);
        code.opNumber(Width.W32, CMP, RBX, FlagRule.EXPLICIT.ordinal());
        code.jumpIf(NOT_EQUAL, notExplicit);
        code.move(Width.W32, RAX, RDX);
        code.opNumber(Width.W32, AND, RAX, Flags.STATUS);
        code.jump(carryPart);
        code.bind(notExplicit);
        byResult();
        byRule();
        code.bind(carryPart);
        byCarry();
        code.bind(end);
        for (int register : new int[] {RBX, RDX, RCX}) {
            code.pop(register);
        }
        code.ret();
    }

    private void load(int register, int slot) {
        code.op(WORD, MOV, register, Frame.REGISTERS, Frame.slot(slot));
    }

    private void field(int register, int index) {
        field(code, register, index);
    }

    /// Loads a byte of the kind: the rule, the width in bits, from what CF follows.
    static void field(Assembler code, int register, int index) {
        int at = Frame.slot(Frame.FLAG_KIND) + index;
        code.extend(false, Width.W8, Width.W32, register, Frame.REGISTERS, NONE, at);
    }

    /// RAX becomes ZF, SF and PF, which follow from the result.
    private void byResult() {
        code.load(RCX, Long.SIZE);
        field(R11, 1);
        code.op(Width.W32, SUB, RCX, R11);
        code.move(WORD, R11, RDX);
        code.shift(WORD, SHL, R11);
        code.op(WORD, TEST, R11, R11);
        code.pushFlags();
        code.pop(RAX);
        code.opNumber(Width.W32, AND, RAX, Flags.ZF | Flags.SF);
        code.op(Width.W8, TEST, RDX, RDX);
        code.pushFlags();
        code.pop(R11);
        code.opNumber(Width.W32, AND, R11, Flags.PF);
        code.op(Width.W32, OR, RAX, R11);
    }

    /// Adds CF, AF and OF.
    private void byRule() {
        for (var rule : FlagRule.values()) {
            if (rule == FlagRule.EXPLICIT || rule == FlagRule.LOGIC) {
                continue; // there are none
            }
            int other = code.label();
            code.opNumber(Width.W32, CMP, RBX, rule.ordinal());
            code.jumpIf(NOT_EQUAL, other);
            byRule(rule);
            code.jump(carryPart);
            code.bind(other);
        }
    }

    private void byRule(FlagRule rule) {
        switch (rule) {
            case ADD, ADC, SUB, SBB -> bySum(rule);
            case INC, DEC -> byStep(rule == FlagRule.INC);
            case MUL -> {
                leftIsSet();
                code.shiftNumber(Width.W32, SHL, R11, OF_SHIFT);
                code.op(Width.W32, OR, RAX, R11);
            }
            case SHL, SHR, SAR -> byShift(rule);
            case EXPLICIT, LOGIC -> {}
        }
    }

    /// Adds CF where the left value is not zero. R11 becomes the same, 0 or 1.
    private void leftIsSet() {
        load(R11, Frame.FLAG_LEFT);
        code.op(WORD, TEST, R11, R11);
        code.set(NOT_EQUAL, R11);
        code.extend(false, Width.W8, Width.W32, R11, R11);
        code.op(Width.W32, OR, RAX, R11);
    }

    /// `a - b = c` has the flags of `c + b = a`. RBX becomes the one that is added to the right
    /// value, RDX the sum; the carries out of each place give CF and AF.
    private void bySum(FlagRule rule) {
        load(RBX, Frame.FLAG_LEFT);
        switch (rule) {
            case ADD -> {
                code.move(WORD, RBX, RDX);
                code.op(WORD, SUB, RBX, Frame.REGISTERS, Frame.slot(Frame.FLAG_RIGHT));
            }
            case SUB -> {
                code.move(WORD, RBX, RDX);
                code.op(WORD, ADD, RDX, Frame.REGISTERS, Frame.slot(Frame.FLAG_RIGHT));
            }
            case SBB -> {
                code.move(WORD, R11, RBX);
                code.move(WORD, RBX, RDX);
                code.move(WORD, RDX, R11);
            }
            default -> {}
        }
        load(R11, Frame.FLAG_RIGHT);
        code.shift(WORD, SHL, RBX);
        code.shift(WORD, SHL, RDX);
        code.shift(WORD, SHL, R11);
        adjust();
        // Overflow: both summands differ from the sum in their sign.
        code.push(RBX);
        code.push(R11);
        code.op(WORD, XOR, RBX, RDX);
        code.op(WORD, XOR, R11, RDX);
        code.op(WORD, AND, R11, RBX);
        top(R11, OF_SHIFT);
        code.pop(R11);
        code.pop(RBX);
        // Carry: (a & b) | ((a | b) & ~sum).
        code.push(RBX);
        code.op(WORD, AND, RBX, R11);
        code.op(WORD, OR, R11, Assembler.RSP, 0);
        code.not(WORD, RDX);
        code.op(WORD, AND, R11, RDX);
        code.op(WORD, OR, R11, RBX);
        code.pop(RBX);
        top(R11, 0);
    }

    /// Adds AF, where summands and sum, shifted up by RCX, differ in bit 4.
    private void adjust() {
        code.push(R11);
        code.op(WORD, XOR, R11, RBX);
        code.op(WORD, XOR, R11, RDX);
        code.shift(WORD, SHR, R11);
        code.opNumber(Width.W32, AND, R11, Flags.AF);
        code.op(Width.W32, OR, RAX, R11);
        code.pop(R11);
    }

    /// Adds the highest bit of a register, which is lost, at a place of RAX.
    private void top(int register, int place) {
        code.shiftNumber(WORD, SHR, register, Long.SIZE - 1);
        if (place > 0) {
            code.shiftNumber(Width.W32, SHL, register, place);
        }
        code.op(Width.W32, OR, RAX, register);
    }

    private void byStep(boolean up) {
        leftIsSet();
        // What was there before, so that the host does the step once more.
        code.opNumber(WORD, up ? SUB : ADD, RDX, 1);
        code.move(WORD, R11, RDX);
        code.shift(WORD, SHL, RDX);
        code.load(RBX, 1);
        code.shift(WORD, SHL, RBX);
        code.op(WORD, up ? ADD : SUB, RDX, RBX);
        overflowOfHost();
        code.opNumber(Width.W32, AND, R11, 0xF);
        code.opNumber(Width.W32, CMP, R11, up ? 0xF : 0);
        code.set(EQUAL, R11);
        code.extend(false, Width.W8, Width.W32, R11, R11);
        code.shiftNumber(Width.W32, SHL, R11, Integer.numberOfTrailingZeros(Flags.AF));
        code.op(Width.W32, OR, RAX, R11);
    }

    /// Adds the host's OF. RBX is lost.
    private void overflowOfHost() {
        code.set(Assembler.OVERFLOW, RBX);
        code.extend(false, Width.W8, Width.W32, RBX, RBX);
        code.shiftNumber(Width.W32, SHL, RBX, OF_SHIFT);
        code.op(Width.W32, OR, RAX, RBX);
    }

    private void byShift(FlagRule rule) {
        load(R11, Frame.FLAG_LEFT);
        load(RBX, Frame.FLAG_RIGHT);
        code.push(RCX);
        if (rule == FlagRule.SHL) {
            // CF is bit `width - count` of the left value.
            code.negate(Width.W32, RCX);
            code.op(Width.W32, SUB, RCX, RBX);
        } else {
            if (rule == FlagRule.SAR) {
                code.shift(WORD, SHL, R11);
                code.shift(WORD, SAR, R11);
            }
            code.move(Width.W32, RCX, RBX);
            code.opNumber(Width.W32, SUB, RCX, 1);
        }
        code.shift(WORD, SHR, R11);
        code.opNumber(Width.W32, AND, R11, 1);
        code.op(Width.W32, OR, RAX, R11);
        code.pop(RCX);
        if (rule == FlagRule.SHL) {
            // OF: the result's sign is not what went out.
            code.shift(WORD, SHL, RDX);
            code.shiftNumber(WORD, SHR, RDX, Long.SIZE - 1);
            code.op(Width.W32, XOR, R11, RDX);
            code.shiftNumber(Width.W32, SHL, R11, OF_SHIFT);
            code.op(Width.W32, OR, RAX, R11);
        } else if (rule == FlagRule.SHR) {
            code.opNumber(WORD, CMP, RBX, 1);
            code.jumpIf(NOT_EQUAL, carryPart);
            code.op(WORD, XOR, RDX, Frame.REGISTERS, Frame.slot(Frame.FLAG_LEFT));
            code.shift(WORD, SHL, RDX);
            top(RDX, OF_SHIFT);
        }
    }

    /// Replaces CF, and OF with rotations, if they follow from a value of their own.
    private void byCarry() {
        field(RBX, 2);
        code.opNumber(Width.W32, AND, RBX, 0xF);
        code.jumpIf(EQUAL, end);
        code.opNumber(Width.W32, AND, RAX, ~Flags.CF);
        code.op(Width.W32, MOV, RCX, Frame.REGISTERS, Frame.slot(Frame.FLAG_KIND));
        code.shiftNumber(Width.W32, SHR, RCX, 20);
        code.opNumber(Width.W32, SUB, RCX, 1);
        // RDX becomes the value, R11 its highest bit.
        load(RDX, Frame.FLAG_CARRY);
        code.move(WORD, R11, RDX);
        code.shift(WORD, SHR, R11);
        code.opNumber(Width.W32, AND, R11, 1);
        byCarry(
                CarryRule.ROTATE_RIGHT,
                () -> {
                    code.op(Width.W32, OR, RAX, R11);
                    code.opNumber(Width.W32, SUB, RCX, 1);
                    code.shift(WORD, SHR, RDX);
                });
        code.opNumber(Width.W32, AND, RDX, 1);
        code.op(Width.W32, OR, RAX, RDX);
        byCarry(CarryRule.ROTATE_LEFT, () -> {});
        code.jump(end);
    }

    /// For a rotation: `first`; then OF is where the highest bit differs from RDX's lowest.
    private void byCarry(CarryRule rule, Runnable first) {
        int other = code.label();
        code.opNumber(Width.W32, CMP, RBX, rule.ordinal() + 1);
        code.jumpIf(NOT_EQUAL, other);
        first.run();
        code.op(Width.W32, XOR, R11, RDX);
        code.opNumber(Width.W32, AND, R11, 1);
        code.shiftNumber(Width.W32, SHL, R11, OF_SHIFT);
        code.opNumber(Width.W32, AND, RAX, ~Flags.OF);
        code.op(Width.W32, OR, RAX, R11);
        code.jump(end);
        code.bind(other);
    }
}
