package org.xenolith.x86;

import static org.xenolith.ir.Width.W64;
import static org.xenolith.x86.Row.row;
import static org.xenolith.x86.Spec.*;

import org.xenolith.ir.Condition;
import org.xenolith.ir.Helper;
import org.xenolith.ir.Width;

import java.util.ArrayList;
import java.util.List;

/// Near transfers of control (SDM vol. 1, 5.1.7).
final class Branches {
    // spotless:off
    static final Table TABLE = Table.of(Moves.join(List.of(
            row("JMP",    "EB",    Branches::jmp, Jb).forced64().endsBlock(),
            row("JMP",    "E9",    Branches::jmp, Jz).forced64().endsBlock(),
            row("JMP",    "FF /4", Branches::jmpIndirect, Ev).forced64().endsBlock(),
            row("CALL",   "E8",    Branches::call, Jz).forced64().endsBlock(),
            row("CALL",   "FF /2", Branches::callIndirect, Ev).forced64().endsBlock(),
            row("RET",    "C3",    Branches::ret).forced64().endsBlock(),
            row("RET",    "C2",    Branches::retPopping, Iw).forced64().endsBlock(),
            row("LOOPNZ", "E0",    Branches::loopNotZero, Jb).forced64().endsBlock(),
            row("LOOPZ",  "E1",    Branches::loopZero, Jb).forced64().endsBlock(),
            row("LOOP",   "E2",    Branches::loop, Jb).forced64().endsBlock(),
            row("JCXZ",   "E3",    Branches::jumpIfCountZero, Jb).forced64().endsBlock()),
        conditional("", 0x70, Jb),
        conditional("0F ", 0x80, Jz)));
    // spotless:on

    private static final Helper CHECK_TARGET = Helper.named(Alignment.class, "requireTarget");
    private static final Helper CHECK_CALLABLE = Helper.named(Alignment.class, "requireCallable");
    private static final Helper CHECK_CANONICAL = Helper.named(Alignment.class, "requireCanonical");
    private static final Helper CHECK_CANONICAL_CALLABLE =
            Helper.named(Alignment.class, "requireCanonicalCallable");

    private Branches() {}

    private static List<Row> conditional(String map, int opcode, Spec target) {
        var rows = new ArrayList<Row>();
        for (int code = 0; code < 16; code++) {
            var encoding = String.format("%s%02X", map, opcode + code);
            var name = "J" + Moves.suffix(code);
            rows.add(row(name, encoding, Branches::jcc, target).forced64().endsBlock());
        }
        return rows;
    }

    static void jmp(Lifter l, Instruction i) {
        checkDirect(l, i);
        l.jump(l.target(i.first()));
    }

    static void jmpIndirect(Lifter l, Instruction i) {
        l.jumpTo(target(l, l.read(i.first())));
    }

    static void jcc(Lifter l, Instruction i) {
        branch(l, i, l.test(Moves.condition(i)));
    }

    static void call(Lifter l, Instruction i) {
        if (isLimited(l)) {
            checkCallable(l, i, l.constant(W64, l.target(i.first())));
        }
        l.push(l.convert(l.codeAddress(i.next()), i.operandSize()));
        l.jump(l.target(i.first()));
    }

    static void callIndirect(Lifter l, Instruction i) {
        int target = l.convert(l.read(i.first()), W64);
        if (l.mode().is64() || isLimited(l)) {
            checkCallable(l, i, target);
        }
        l.push(l.convert(l.codeAddress(i.next()), i.operandSize()));
        l.jumpTo(target);
    }

    static void ret(Lifter l, Instruction i) {
        pop(l, i, 0);
    }

    static void retPopping(Lifter l, Instruction i) {
        pop(l, i, (int) Lifter.immediate(i.first()));
    }

    private static void pop(Lifter l, Instruction i, int more) {
        int target = target(l, l.peek(i.operandSize(), 0));
        l.setStackPointer(l.stackPointer(i.operandSize().bytes() + more));
        l.jumpTo(target);
    }

    /// Where an indirect transfer goes. One to where no code can be faults here, not there.
    private static int target(Lifter l, int value) {
        int target = l.convert(value, W64);
        if (l.mode().is64()) {
            l.call(CHECK_CANONICAL, target);
        } else if (isLimited(l)) {
            l.call(CHECK_TARGET, target);
        }
        return target;
    }

    /// Whether a direct branch may leave the code segment. In 64-bit mode it stays canonical nearly
    /// always, and if not it is caught where it goes to.
    private static boolean isLimited(Lifter l) {
        return !l.mode().is64() && !l.mode().flat();
    }

    private static void checkDirect(Lifter l, Instruction i) {
        if (isLimited(l)) {
            l.call(CHECK_TARGET, l.constant(W64, l.target(i.first())));
        }
    }

    private static void checkCallable(Lifter l, Instruction i, int target) {
        var check = l.mode().is64() ? CHECK_CANONICAL_CALLABLE : CHECK_CALLABLE;
        l.call(check, target, l.constant(Width.W32, i.operandSize().bytes()));
    }

    private static void branch(Lifter l, Instruction i, int condition) {
        checkBranch(l, i, condition);
        l.branch(condition, l.target(i.first()), l.next());
    }

    private static void checkBranch(Lifter l, Instruction i, int condition) {
        if (isLimited(l)) {
            int taken = l.constant(W64, l.target(i.first()));
            int notTaken = l.constant(W64, 0);
            l.call(CHECK_TARGET, l.select(condition, taken, notTaken));
        }
    }

    static void loop(Lifter l, Instruction i) {
        loopWhile(l, i, count(l, i), -1);
    }

    static void loopZero(Lifter l, Instruction i) {
        loopWhile(l, i, count(l, i), l.test(Condition.ZERO));
    }

    static void loopNotZero(Lifter l, Instruction i) {
        loopWhile(l, i, count(l, i), l.test(Condition.NOT_ZERO));
    }

    /// Loops while `count` is not zero and `condition`, if there is one, holds.
    private static void loopWhile(Lifter l, Instruction i, int count, int condition) {
        int more = l.notZero(count);
        int taken = condition < 0 ? more : l.and(more, condition);
        checkBranch(l, i, taken);
        l.setGeneral(Registers.RCX, count);
        l.branch(taken, l.target(i.first()), l.next());
    }

    /// The count after one more turn.
    private static int count(Lifter l, Instruction i) {
        Width size = i.addressSize();
        return l.sub(l.general(Registers.RCX, size), l.constant(size, 1));
    }

    static void jumpIfCountZero(Lifter l, Instruction i) {
        int count = l.general(Registers.RCX, i.addressSize());
        branch(l, i, l.equal(count, l.constant(i.addressSize(), 0)));
    }
}
