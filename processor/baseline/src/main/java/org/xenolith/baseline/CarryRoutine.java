package org.xenolith.baseline;

import static org.xenolith.baseline.Assembler.ADD;
import static org.xenolith.baseline.Assembler.CMP;
import static org.xenolith.baseline.Assembler.EQUAL;
import static org.xenolith.baseline.Assembler.MOV;
import static org.xenolith.baseline.Assembler.NOT_EQUAL;
import static org.xenolith.baseline.Assembler.R11;
import static org.xenolith.baseline.Assembler.RAX;
import static org.xenolith.baseline.Assembler.RCX;
import static org.xenolith.baseline.Assembler.RSP;
import static org.xenolith.baseline.Assembler.SHL;
import static org.xenolith.baseline.Assembler.SUB;
import static org.xenolith.baseline.Assembler.XOR;
import static org.xenolith.baseline.Frame.REGISTERS;

import org.xenolith.ir.FlagRule;
import org.xenolith.ir.Width;

/// A routine that makes the host's CF the guest's, of whatever kind the flags are. What INC and DEC
/// keep is asked for thousands of times for a MiB of a kernel's disk reads, mostly behind a
/// comparison, and the other flags with it are not. There is one for all regions, which find its
/// address in the frame. RAX and R11 are lost, everything else stays.
final class CarryRoutine {
    private static final Width WORD = Width.W64;

    private final Assembler code = new Assembler();

    private CarryRoutine() {}

    static Assembler generate() {
        var routine = new CarryRoutine();
        routine.emit();
        routine.code.link();
        return routine.code;
    }

    private void emit() {
        int other = code.label();
        int sum = code.label();
        int difference = code.label();
        int left = code.label();
        FlagRoutine.field(code, RAX, 2);
        code.testNumber(Width.W32, RAX, 0xF);
        code.jumpIf(NOT_EQUAL, other); // CF follows from a value of its own
        FlagRoutine.field(code, RAX, 0);
        on(FlagRule.SUB, difference);
        on(FlagRule.ADD, sum);
        on(FlagRule.INC, left);
        on(FlagRule.DEC, left);
        on(FlagRule.MUL, left);
        code.opNumber(Width.W32, CMP, RAX, FlagRule.LOGIC.ordinal());
        code.jumpIf(NOT_EQUAL, other);
        code.op(Width.W32, XOR, RAX, RAX);
        code.ret();
        code.bind(sum);
        bySum();
        code.bind(difference);
        byDifference();
        code.bind(left);
        code.op(Width.W32, XOR, RAX, RAX);
        code.op(WORD, CMP, RAX, REGISTERS, Frame.slot(Frame.FLAG_LEFT));
        code.ret();
        code.bind(other);
        code.call(RSP, Frame.FLAGS + Long.BYTES);
        code.bitTest(RAX, 0);
        code.ret();
    }

    private void on(FlagRule rule, int label) {
        code.opNumber(Width.W32, CMP, RAX, rule.ordinal());
        code.jumpIf(EQUAL, label);
    }

    /// Of `a + b = c` there is a carry where `c` is below `b`.
    private void bySum() {
        code.op(WORD, MOV, RAX, REGISTERS, Frame.slot(Frame.FLAG_RESULT));
        code.op(WORD, CMP, RAX, REGISTERS, Frame.slot(Frame.FLAG_RIGHT));
        code.ret();
    }

    /// Of `a - b = c` there is one where `c + b` has one at the operation's width: both are shifted
    /// up to it.
    private void byDifference() {
        code.push(RCX);
        code.load(RCX, Long.SIZE);
        FlagRoutine.field(code, RAX, 1);
        code.op(Width.W32, SUB, RCX, RAX);
        code.op(WORD, MOV, RAX, REGISTERS, Frame.slot(Frame.FLAG_RESULT));
        code.op(WORD, MOV, R11, REGISTERS, Frame.slot(Frame.FLAG_RIGHT));
        code.shift(WORD, SHL, RAX);
        code.shift(WORD, SHL, R11);
        code.op(WORD, ADD, RAX, R11);
        code.pop(RCX);
        code.ret();
    }
}
