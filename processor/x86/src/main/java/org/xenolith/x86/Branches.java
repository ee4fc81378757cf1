package org.xenolith.x86;

import static org.xenolith.ir.Width.W64;
import static org.xenolith.x86.Row.row;
import static org.xenolith.x86.Spec.*;

import java.util.ArrayList;
import java.util.List;
import org.xenolith.ir.Condition;
import org.xenolith.ir.Helper;
import org.xenolith.ir.Width;

/// Near transfers of control (SDM vol. 1, 5.1.7).
final class Branches {
    // @formatter:off
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
    // @formatter:on

    private static final Helper CHECK_CANONICAL =
            Helper.named(Alignment.class, "requireCanonical");
    private static final Helper CHECK_CALLABLE = Helper.named(Alignment.class, "requireCallable");

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
        l.jump(l.target(i.first()));
    }

    static void jmpIndirect(Lifter l, Instruction i) {
        l.jumpTo(target(l, l.read(i.first())));
    }

    static void jcc(Lifter l, Instruction i) {
        int holds = l.test(Moves.condition(i));
        l.branch(holds, l.target(i.first()), l.next());
    }

    static void call(Lifter l, Instruction i) {
        l.push(l.constant(i.operandSize(), i.next()));
        l.jump(l.target(i.first()));
    }

    static void callIndirect(Lifter l, Instruction i) {
        int target = l.convert(l.read(i.first()), W64);
        if (l.mode().is64()) {
            l.call(CHECK_CALLABLE, target);
        }
        l.push(l.constant(i.operandSize(), i.next()));
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

    /// Where an indirect transfer goes. One to an address that is not canonical faults here, not
    /// there.
    private static int target(Lifter l, int value) {
        int target = l.convert(value, W64);
        if (l.mode().is64()) {
            l.call(CHECK_CANONICAL, target);
        }
        return target;
    }

    static void loop(Lifter l, Instruction i) {
        int count = countDown(l, i);
        l.branch(l.notZero(count), l.target(i.first()), l.next());
    }

    static void loopZero(Lifter l, Instruction i) {
        loopOn(l, i, Condition.ZERO);
    }

    static void loopNotZero(Lifter l, Instruction i) {
        loopOn(l, i, Condition.NOT_ZERO);
    }

    private static void loopOn(Lifter l, Instruction i, Condition condition) {
        int more = l.notZero(countDown(l, i));
        l.branch(l.and(more, l.test(condition)), l.target(i.first()), l.next());
    }

    private static int countDown(Lifter l, Instruction i) {
        Width size = i.addressSize();
        int count = l.sub(l.general(Registers.RCX, size), l.constant(size, 1));
        l.setGeneral(Registers.RCX, count);
        return count;
    }

    static void jumpIfCountZero(Lifter l, Instruction i) {
        int count = l.general(Registers.RCX, i.addressSize());
        int zero = l.equal(count, l.constant(i.addressSize(), 0));
        l.branch(zero, l.target(i.first()), l.next());
    }
}
