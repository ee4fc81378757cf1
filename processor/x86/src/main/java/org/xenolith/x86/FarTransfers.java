package org.xenolith.x86;

import static org.xenolith.x86.Row.row;
import static org.xenolith.x86.Spec.*;

import org.xenolith.ir.Helper;
import org.xenolith.ir.Width;

/// Transfers that change the code segment: far jumps, calls and returns, IRET, software interrupts,
/// and the system call instructions (SDM vol. 1, 5.1.7 and 5.20; vol. 3A, 5.8).
final class FarTransfers {
    // spotless:off
    static final Table TABLE = Table.of(
        row("JMPF",     "EA",     FarTransfers::jumpDirect, Ap).not64().endsBlock(),
        row("CALLF",    "9A",     FarTransfers::callDirect, Ap).not64().endsBlock(),
        row("JMPF",     "FF /5",  FarTransfers::jumpIndirect, M).endsBlock(),
        row("CALLF",    "FF /3",  FarTransfers::callIndirect, M).endsBlock(),
        row("RETF",     "CB",     FarTransfers::ret).endsBlock(),
        row("RETF",     "CA",     FarTransfers::retPopping, Iw).endsBlock(),
        row("IRET",     "CF",     FarTransfers::iret).endsBlock(),
        row("INT3",     "CC",     FarTransfers::int3).endsBlock(),
        row("INT",      "CD",     FarTransfers::interrupt, Ib).endsBlock(),
        row("INTO",     "CE",     FarTransfers::into).not64().endsBlock(),
        row("INT1",     "F1",     FarTransfers::int1).endsBlock(),
        row("SYSCALL",  "0F 05",  FarTransfers::syscall).endsBlock(),
        row("SYSRET",   "0F 07",  FarTransfers::sysret).only64().privileged().endsBlock(),
        row("SYSENTER", "0F 34",  FarTransfers::sysenter).endsBlock(),
        row("SYSEXIT",  "0F 35",  FarTransfers::sysexit).privileged().endsBlock());
    // spotless:on

    private static final Helper JUMP = Helper.named(FarControl.class, "jump");
    private static final Helper CALL = Helper.named(FarControl.class, "call");
    private static final Helper RETURN = Helper.named(FarControl.class, "farReturn");
    private static final Helper IRET = Helper.named(InterruptReturn.class, "iret");
    private static final Helper INTERRUPT = Helper.named(FarControl.class, "softwareInterrupt");
    private static final Helper INTO = Helper.named(FarControl.class, "into");
    private static final Helper INT1 = Helper.named(FarControl.class, "int1");
    private static final Helper SYSCALL = Helper.named(SystemCalls.class, "syscall");
    private static final Helper SYSRET = Helper.named(SystemCalls.class, "sysret");
    private static final Helper SYSENTER = Helper.named(SystemCalls.class, "sysenter");
    private static final Helper SYSEXIT = Helper.named(SystemCalls.class, "sysexit");

    private FarTransfers() {}

    private static int bytes(Lifter l, Instruction i) {
        return l.constant(Width.W32, i.operandSize().bytes());
    }

    private static int next(Lifter l) {
        return l.codeAddress(l.next());
    }

    static void jumpDirect(Lifter l, Instruction i) {
        direct(l, i, JUMP);
    }

    static void callDirect(Lifter l, Instruction i) {
        direct(l, i, CALL);
    }

    private static void direct(Lifter l, Instruction i, Helper helper) {
        var pointer = (Operand.FarPointer) i.first();
        l.call(
                helper,
                l.constant(Width.W32, pointer.selector()),
                l.constant(Width.W64, pointer.offset()),
                bytes(l, i),
                next(l));
        l.leave();
    }

    static void jumpIndirect(Lifter l, Instruction i) {
        indirect(l, i, JUMP);
    }

    static void callIndirect(Lifter l, Instruction i) {
        indirect(l, i, CALL);
    }

    private static void indirect(Lifter l, Instruction i, Helper helper) {
        var m = (Operand.Memory) i.first();
        var width = i.operandSize();
        int address = l.address(m, width.bytes() + 2, false);
        int offset = l.load(width, address);
        int selector = l.load(Width.W16, l.behind(address, width.bytes()));
        l.call(
                helper,
                l.convert(selector, Width.W32),
                l.convert(offset, Width.W64),
                bytes(l, i),
                next(l));
        l.leave();
    }

    static void ret(Lifter l, Instruction i) {
        l.call(RETURN, bytes(l, i), l.constant(Width.W32, 0));
        l.leave();
    }

    static void retPopping(Lifter l, Instruction i) {
        l.call(RETURN, bytes(l, i), l.constant(Width.W32, Lifter.immediate(i.first())));
        l.leave();
    }

    static void iret(Lifter l, Instruction i) {
        l.call(IRET, bytes(l, i), next(l));
        l.leave();
    }

    static void int3(Lifter l, Instruction i) {
        softwareInterrupt(l, Trap.BREAKPOINT, 1);
    }

    static void interrupt(Lifter l, Instruction i) {
        softwareInterrupt(l, (int) Lifter.immediate(i.first()), 0);
    }

    private static void softwareInterrupt(Lifter l, int vector, int breakpoint) {
        l.call(
                INTERRUPT,
                l.constant(Width.W32, vector),
                l.constant(Width.W32, breakpoint),
                next(l));
        l.leave();
    }

    static void into(Lifter l, Instruction i) {
        l.call(INTO, next(l));
        l.leave();
    }

    static void int1(Lifter l, Instruction i) {
        l.call(INT1, next(l));
        l.leave();
    }

    static void syscall(Lifter l, Instruction i) {
        if (l.mode().plainSystemCalls() && l.mode().cpl() == 3) {
            PlainSystemCalls.call(l, i);
            return;
        }
        l.call(SYSCALL, next(l));
        l.leave();
    }

    static void sysret(Lifter l, Instruction i) {
        if (l.mode().plainSystemCalls() && i.rexW()) {
            PlainSystemCalls.ret(l, i);
            return;
        }
        l.call(SYSRET, l.constant(Width.W32, i.rexW() ? 1 : 0));
        l.leave();
    }

    static void sysenter(Lifter l, Instruction i) {
        l.call(SYSENTER);
        l.leave();
    }

    static void sysexit(Lifter l, Instruction i) {
        l.call(SYSEXIT, l.constant(Width.W32, i.rexW() ? 1 : 0));
        l.leave();
    }
}
